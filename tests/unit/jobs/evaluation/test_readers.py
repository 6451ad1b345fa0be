"""Readers on the command line, and folders that cannot be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.io.nifti import write_nifti
from crmo_seg.jobs.evaluation.readers import compare_readers, parse_readers
from crmo_seg.volume import Geometry, Volume

SETTINGS = EvaluationSettings(bootstrap_repeats=20)


def write_mask(path: Path, start: int) -> Path:
    array = np.zeros((20, 4, 6), dtype=np.uint8)
    array[start : start + 4, 2, 2:4] = 1
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, Volume(array, Geometry(np.diag([2.0, 5.0, 10.0, 1.0]), array.shape)))
    return path


def test_names_and_folders() -> None:
    assert parse_readers(["anna=a", "bo=x=y"]) == {"anna": Path("a"), "bo": Path("x=y")}
    for texts, message in (
        (["anna"], r"--reader: is 'anna'; write NAME=DIR"),
        (["=a"], "write NAME=DIR"),
        (["anna="], "write NAME=DIR"),
        (["a=x", "a=y"], "has the name 'a', which is taken"),
        (["reference=x"], "'reference', which is taken"),
    ):
        with pytest.raises(InputError, match=message):
            parse_readers(texts)


def test_every_pair_is_measured(tmp_path: Path) -> None:
    label = write_mask(tmp_path / "labels" / "edema.nii.gz", 0)
    for name, start in (("pred", 2), ("anna", 1), ("bo", 3)):
        write_mask(tmp_path / name / "a" / "edema.nii.gz", start)
    case = Case("a", "A", images={"stir": label}, labels={"edema": label})
    readers = {name: tmp_path / name for name in ("anna", "bo")}
    found = compare_readers(tmp_path / "m.csv", [case], tmp_path / "pred", readers, SETTINGS)
    dice = {(pair.first, pair.second): pair.estimates["dice"].value for pair in found.pairs}
    assert dice == pytest.approx(
        {
            ("reference", "anna"): 0.75,
            ("reference", "bo"): 0.25,
            ("anna", "bo"): 0.5,
            ("reference", "prediction"): 0.5,
            ("anna", "prediction"): 0.75,
            ("bo", "prediction"): 0.75,
        }
    )


def test_a_reader_without_a_case_and_a_manifest_without_edema_are_named(tmp_path: Path) -> None:
    label = write_mask(tmp_path / "labels" / "edema.nii.gz", 0)
    (tmp_path / "anna").mkdir()
    case = Case("a", "A", images={"stir": label}, labels={"edema": label})
    with pytest.raises(InputError, match=r"anna/a/edema\.nii\.gz: does not exist \(1 of 1 predictions"):
        compare_readers(tmp_path / "m.csv", [case], tmp_path, {"anna": tmp_path / "anna"}, SETTINGS)
    other = Case("a", "A", images={"stir": label}, labels={"knee": label})
    with pytest.raises(InputError, match=r"m\.csv: has no label of edema"):
        compare_readers(tmp_path / "m.csv", [other], tmp_path, {"anna": tmp_path / "anna"}, SETTINGS)
