"""Confidences of a prediction's own table, row by row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.errors import InputError
from crmo_seg.evaluation.lesion_table import lesion_table
from crmo_seg.evaluation.lesionwise import match_lesions
from crmo_seg.jobs.evaluation.confidence import add_confidence, read_known_lesions
from crmo_seg.lesions import Lesion
from crmo_seg.report.tables import write_lesions_csv
from crmo_seg.volume import Volume


def twins() -> Volume:
    """Two lesions of the same volume: only their places tell them apart."""
    array = np.zeros((20, 5, 5), dtype=bool)
    array[2:5, 2, 2] = array[10:13, 2, 2] = True
    return make_volume(array, (2.0, 5.0, 10.0), angle_degrees=15.0)


def write(path: Path, lesions: list[Lesion]) -> Path:
    write_lesions_csv(path, lesions)
    return path


def test_lesions_are_told_apart_by_their_place(tmp_path: Path) -> None:
    table = lesion_table(match_lesions(pred=twins(), ref=twins()))
    lesions = [replace(one.lesion, mean_probability=p) for one, p in zip(table.pred, (0.9, 0.4), strict=True)]
    known = read_known_lesions(write(tmp_path / "lesions.csv", lesions[::-1]))
    assert add_confidence(table, known).scored.confidence.tolist() == [0.9, 0.4]
    only_one = add_confidence(table, known[:1]).scored.confidence
    assert np.isnan(only_one).tolist() == [True, False]


def test_a_table_that_is_missing_or_has_no_probability_knows_nothing(tmp_path: Path) -> None:
    assert read_known_lesions(tmp_path / "lesions.csv") == ()
    assert read_known_lesions(write(tmp_path / "a.csv", [Lesion(1, 1.0, 2.0, (0.0, 0.0, 0.0))])) == ()
    (tmp_path / "b.csv").write_text("id,ml\n1,2\n")
    assert read_known_lesions(tmp_path / "b.csv") == ()


def test_a_cell_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "lesions.csv", [Lesion(1, 1.0, 2.0, (0.0, 0.0, 0.0), 0.5)])
    path.write_text(path.read_text().replace("0.5", "high"))
    with pytest.raises(InputError, match=r"lesions\.csv: lesion 1 has no number in one of volume_ml"):
        read_known_lesions(path)
    write(path, [Lesion(1, 1.0, 2.0, (0.0, 0.0, 0.0), 50.0)])
    with pytest.raises(InputError, match=r"lesion 1 has the mean_probability 50; give one from 0 to 1"):
        read_known_lesions(path)
