"""A job that is stopped by a signal leaves finished cases and nothing else, and the same command finishes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stub_model import Finished, entries, write_image, write_model

from crmo_seg.inference.predictor import Predictor
from crmo_seg.jobs.output import REPORT_FILE, SUMMARY_FILE
from crmo_seg.jobs.predict import load_model, predict_studies
from crmo_seg.jobs.study_job import PredictOptions

Command = Callable[..., Finished]

CASES = tuple("abcdef")
PATIENCE_S = 120.0

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for name in CASES:
        write_image(tmp_path / "studies" / f"{name}.nii.gz")
    return tmp_path / "studies"


def visible(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if not path.name.startswith("."))


def assert_whole(out: Path) -> None:
    """Every case that has its name is complete."""
    for name in visible(out):
        assert json.loads((out / name / SUMMARY_FILE).read_text())["case_id"] == name
        assert (out / name / REPORT_FILE).read_text().rstrip().endswith("</html>")
        assert not [path for path in entries(out / name) if path.endswith(".part")]


@posix
def test_a_request_to_end_leaves_whole_cases_only(
    infer: Command, model: Path, studies: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes while c is computed and b is written."""
    predict = Predictor.predict

    def predict_until_c(self: Predictor, study: object, *others: object) -> object:
        if study.case_id == "c":
            signal.raise_signal(signal.SIGTERM)
        return predict(self, study, *others)

    monkeypatch.setattr(Predictor, "predict", predict_until_c)
    finished = infer(studies, "-o", out, "--model", model)
    assert (finished.code, finished.out, finished.without_notes) == (143, "", "interrupted\n")
    assert [path.name for path in sorted(out.iterdir())] == ["a", "b"]
    assert_whole(out)
    monkeypatch.undo()
    predictor = load_model(model, "cpu")
    results = predict_studies(studies, out, predictor, PredictOptions())
    assert [result.totals is None for result in results] == [True, True, False, False, False, False]


def start(studies: Path, out: Path, model: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "crmo_seg", "predict", str(studies), "-o", str(out), "--model", str(model)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def send(process: subprocess.Popen[str], number: int, when: Callable[[], bool]) -> Finished:
    """Send a signal as soon as the condition holds."""
    patience = time.monotonic() + PATIENCE_S
    while not when():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience
        time.sleep(0.001)
    process.send_signal(number)
    printed, errors = process.communicate(timeout=PATIENCE_S)
    return Finished(process.returncode, printed, errors)


@posix
@pytest.mark.slow  # three real processes, 5 s each
def test_a_job_that_is_killed_and_ended_is_finished_by_the_same_command(studies: Path, out: Path, model: Path) -> None:
    killed = send(start(studies, out, model), signal.SIGKILL, lambda: (out / ".b.part" / "edema.nii.gz").exists())
    assert killed.code == -signal.SIGKILL
    assert_whole(out)
    assert (out / ".b.part").exists()
    assert visible(out) == ["a"]

    ended = send(start(studies, out, model), signal.SIGTERM, lambda: (out / "c").exists())
    assert (ended.code, ended.out, ended.without_notes) == (143, "", "interrupted\n")
    assert_whole(out)
    assert visible(out) == [path.name for path in sorted(out.iterdir())]
    assert {"a", "b", "c"} <= set(visible(out)) < set(CASES)

    process = start(studies, out, model)
    printed, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert [path.name for path in sorted(out.iterdir())] == list(CASES)
    assert_whole(out)
    assert printed.count("finished before, skipped") >= 3


@pytest.fixture
def listening() -> Iterator[None]:
    """Where the tests run behind ``&``, a shell has them ignore Ctrl-C, and what they start inherits it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@posix
@pytest.mark.slow
@pytest.mark.usefixtures("listening")
def test_ctrl_c_is_clean_too(studies: Path, out: Path, model: Path) -> None:
    ended = send(start(studies, out, model), signal.SIGINT, lambda: (out / "a").exists())
    assert (ended.code, ended.out, ended.without_notes) == (130, "", "interrupted\n")
    assert_whole(out)
    assert visible(out) == [path.name for path in sorted(out.iterdir())]


@pytest.mark.slow
def test_two_shards_at_once_share_a_folder_and_a_salt(tmp_path: Path, out: Path) -> None:
    """Both begin with the same patient, so both need the salt at once."""
    model = write_model(tmp_path / "bundle")
    rows = [f"{name},child,{write_image(tmp_path / 'images' / f'{name}.nii.gz')}" for name in CASES]
    (tmp_path / "m.csv").write_text("\n".join(["case_id,patient_id,image_stir", *rows]))
    command = [sys.executable, "-m", "crmo_seg", "predict", str(tmp_path / "m.csv"), "-o", str(out)]
    processes = [
        subprocess.Popen([*command, "--model", str(model), "--shard", f"{i}/2"], stderr=subprocess.PIPE, text=True)
        for i in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors
    assert sorted(path.name for path in out.iterdir()) == [".patient_salt", *CASES]
    assert_whole(out)
    assert len({json.loads((out / name / SUMMARY_FILE).read_text())["patient_key"] for name in CASES}) == 1
