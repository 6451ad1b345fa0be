"""``crmo-seg predict --ray local``: two workers of a real Ray cluster give what one process gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stub_model import Finished, write_image, write_model

pytest.importorskip("ray", reason='needs pip install "crmo_seg[ray]"')

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CASES = ("a", "b", "c", "d")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "bundle", edema_logit=2.0)


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for name in CASES:
        write_image(tmp_path / "studies" / f"{name}.nii.gz")
    return tmp_path / "studies"


def predict(folder: Path, *arguments: str) -> Finished:
    """The command as a user types it, with paths of the folder that he is in."""
    root = Path(__file__).parents[2]
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "crmo_seg", "predict", "studies", "--model", "bundle", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    return Finished(done.returncode, done.stdout, done.stderr)


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
