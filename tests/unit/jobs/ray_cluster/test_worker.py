"""A worker, in this process: what it gives back must survive the way to another one."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from stub_model import write_image, write_model

from crmo_seg.errors import InputError
from crmo_seg.jobs.predict import ModelChoice, load_model, predict_studies
from crmo_seg.jobs.ray_cluster.worker import StudyWorker, portable
from crmo_seg.jobs.study_job import PredictOptions


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "bundle", edema_logit=2.0)


def test_a_worker_writes_what_predict_writes(model: Path, tmp_path: Path) -> None:
    image = write_image(tmp_path / "studies" / "a.nii.gz").parent
    worker = StudyWorker(image, tmp_path / "spread", ModelChoice(str(model), "cpu"), PredictOptions())
    predictor = load_model(model, "cpu")
    (alone,) = predict_studies(image, tmp_path / "alone", predictor, PredictOptions())
    assert worker.model_sha256() == predictor.bundle.sha256
    result = pickle.loads(pickle.dumps(worker.predict("a")))
    assert (result.totals, result.error) == (alone.totals, None)
    written = [(tmp_path / out / "a" / "edema.nii.gz").read_bytes() for out in ("spread", "alone")]
    assert written[0] == written[1]


def test_a_study_that_fails_comes_back_as_words(model: Path, tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "a.nii.gz").write_bytes(b"no image")
    worker = StudyWorker(tmp_path / "studies", tmp_path / "out", ModelChoice(str(model), "cpu"), PredictOptions())
    result = pickle.loads(pickle.dumps(worker.predict("a")))
    assert isinstance(result.error, InputError)
    assert "a.nii.gz" in str(result.error)


def test_a_bug_comes_back_with_the_lines_that_tell_where() -> None:
    def fail() -> None:
        raise ZeroDivisionError("of mine")

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    told = portable(caught.value)
    assert "in fail" in str(pickle.loads(pickle.dumps(told)))
