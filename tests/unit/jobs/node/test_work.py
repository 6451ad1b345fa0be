"""One study of the node, with a real tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from node_builders import case_of, write_study
from stub_model import write_model

from crmo_seg.errors import InputError
from crmo_seg.inference.predictor import Predictor
from crmo_seg.jobs.node.arrivals import Arrival, arrivals_of
from crmo_seg.jobs.node.watch import Watch
from crmo_seg.jobs.node.work import Workshop, words_of
from crmo_seg.jobs.predict import load_model


@pytest.fixture(scope="module")
def predictors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Predictor, Predictor]:
    """Two models that find nothing."""
    folder = tmp_path_factory.mktemp("models")
    models = (write_model(folder / f"{seed}", seed=seed, edema_logit=-9.0) for seed in range(2))
    one, other = (load_model(model, "cpu") for model in models)
    return one, other


@pytest.fixture
def arrival(tmp_path: Path) -> Arrival:
    write_study(tmp_path / "in")
    (arrival,) = arrivals_of(Watch(tmp_path / "in").look(0))
    return arrival


def test_a_result_by_another_model_is_replaced_and_one_by_this_model_stays(
    predictors: tuple[Predictor, Predictor], arrival: Arrival, tmp_path: Path
) -> None:
    hashes = []
    for predictor, is_new in zip((*predictors, predictors[1]), (True, True, False), strict=True):
        result = Workshop(tmp_path / "in", tmp_path / "out", predictor).work_on(arrival)
        assert (result.error, result.totals is not None) == (None, is_new)
        hashes.append(json.loads((result.folder / "summary.json").read_text())["hashes"]["model_sha256"])
    assert hashes == [predictors[0].bundle.sha256, predictors[1].bundle.sha256, predictors[1].bundle.sha256]


def test_a_study_that_is_gone_is_an_error_of_its_own(
    predictors: tuple[Predictor, Predictor], arrival: Arrival, tmp_path: Path
) -> None:
    for path in arrival.paths:
        path.unlink()
    result = Workshop(tmp_path / "in", tmp_path / "out", predictors[0]).work_on(arrival)
    assert isinstance(result.error, InputError)
    assert not (tmp_path / "out" / case_of(0)).exists()


def test_words() -> None:
    assert words_of(InputError("a", "is bent", "unbend it")) == "a: is bent; unbend it\n"
    assert "without names of patients" in words_of(KeyError("x"))
