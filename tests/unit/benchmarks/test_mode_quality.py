"""Rows of the modes beside numbers counted by hand, and that every benchmark still fits the package."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from exam_builders import IN_FEMUR, IN_TIBIA, OUTSIDE, Corners, answered
from mode_quality import HEADER, Sitting, questions, row_of

from crmo_seg.inference.modes import BEST, DEFAULT
from crmo_seg.jobs.exam import MODEL
from crmo_seg.phantom.exam import FAMILIES

BENCHMARKS = sorted(path.stem for path in (Path(__file__).parents[3] / "benchmarks").glob("*.py"))


def sitting(name: str, pred: Corners, seconds: float, passes: int = 1) -> Sitting:
    return Sitting(answered(name, pred=pred).takers[MODEL], seconds, passes)


def test_a_row_counts_lesions_of_all_studies_and_takes_the_median_second() -> None:
    """Of four lesions three are found, of four predictions one is false; Dice is 0.5 and 1."""
    sittings = [sitting("a", [IN_FEMUR, OUTSIDE], 2.0), sitting("b", [IN_FEMUR, IN_TIBIA], 4.0)]
    row = row_of(DEFAULT, sittings, default_s=1.5)
    assert row == "| default | 2 | 0.750 | 0.750 | 0.500 | 0.750 | 1.000 | 3.0 | 2.00 |"
    assert row.count("|") == HEADER.splitlines()[0].count("|")


def test_a_row_tells_how_many_of_the_passes_the_model_was_trained_for() -> None:
    row = row_of(BEST, [sitting("a", [IN_FEMUR], 1.0, passes=2)], default_s=1.0)
    assert row.startswith("| best, 2 of 4 passes | 1 |")


def test_the_first_studies_of_each_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mode_quality.question", lambda family, index, work: (family.name, index, work))
    first, second = FAMILIES[0], FAMILIES[1]
    asked = [
        (first.name, 0, tmp_path),
        (first.name, 1, tmp_path),
        (second.name, 0, tmp_path),
        (second.name, 1, tmp_path),
    ]
    assert list(questions([first.name, second.name], 2, tmp_path)) == asked
    assert len(list(questions([first.name], 99, tmp_path))) == first.patients


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_finds_what_it_imports(name: str) -> None:
    importlib.import_module(name)
