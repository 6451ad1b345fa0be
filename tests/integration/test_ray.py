"""``crmo-seg predict --ray local``: two workers of a real Ray cluster give what one process gives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stub_model import Finished, write_image, write_model

pytest.importorskip("ray", reason='needs pip install "crmo_seg[ray]"')

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CASES = ("a", "b", "c", "d")
PATIENCE_S = 300.0


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "bundle", edema_logit=2.0)


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for name in CASES:
        write_image(tmp_path / "studies" / f"{name}.nii.gz")
    return tmp_path / "studies"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command as a user types it, with paths of the folder that he is in."""
    root = Path(__file__).parents[2]
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "crmo_seg", "predict", "studies", "--model", "bundle", *arguments]
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finished(process: subprocess.Popen[str]) -> Finished:
    printed, errors = process.communicate(timeout=PATIENCE_S)
    return Finished(process.returncode, printed, errors)


def predict(folder: Path, *arguments: str) -> Finished:
    return finished(start(folder, *arguments))


def test_two_workers_write_what_one_process_writes(studies: Path, model: Path) -> None:
    alone = predict(studies.parent, "-o", "alone")
    spread = predict(studies.parent, "-o", "spread", "--ray", "local", "--ray-workers", "2", "--quiet")
    assert (alone.code, spread.code) == (0, 0), spread.err
    for name in CASES:
        written = [(studies.parent / out / name / "edema.nii.gz").read_bytes() for out in ("alone", "spread")]
        assert written[0] == written[1]
    again = predict(studies.parent, "-o", "spread", "--ray", "local")
    assert again.out.count("finished before, skipped") == len(CASES)


def test_a_broken_study_does_not_stop_the_others(studies: Path, model: Path) -> None:
    (studies / "b.nii.gz").write_bytes(b"no image")
    done = predict(studies.parent, "-o", "out", "--ray", "local")
    assert done.code == 2
    assert [path.name for path in sorted((studies.parent / "out").glob("?"))] == ["a", "c", "d"]
    assert "error: " in done.err
    assert "b.nii.gz" in done.err


def test_a_model_that_is_not_there_is_told_in_one_line(studies: Path, model: Path) -> None:
    done = predict(studies.parent, "-o", "out", "--ray", "local", "--model", "nowhere")
    assert done.code == 2
    assert "nowhere" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err
    assert not (studies.parent / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_request_to_end_leaves_whole_cases_and_the_same_command_finishes(studies: Path, model: Path) -> None:
    for number in range(40):
        write_image(studies / f"more_{number:02d}.nii.gz")
    process = start(studies.parent, "-o", "out", "--ray", "local", "--quiet")
    out, patience = studies.parent / "out", time.monotonic() + PATIENCE_S
    while not any(out.glob("*/summary.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience
        time.sleep(0.01)
    process.terminate()
    ended = finished(process)
    assert (ended.code, ended.err.splitlines()[-1]) == (143, "interrupted")
    whole = [path for path in out.iterdir() if not path.name.startswith(".")]
    assert 0 < len(whole) < 44
    assert all((path / "report.html").is_file() for path in whole)
    assert predict(studies.parent, "-o", "out", "--ray", "local", "--quiet").code == 0
    assert len([path for path in out.iterdir() if not path.name.startswith(".")]) == 44
