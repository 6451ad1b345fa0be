"""The files that a check writes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import Clinic
from matplotlib.image import imread

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.check import check
from crmo_seg.plan import Head

KNEE = Head("knee", ("femur", "tibia"))


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path / "clinic", 6).write()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_problems_cases_and_pictures_are_written(clinic: Clinic, tmp_path: Path) -> None:
    clinic.image(2).write_text("no image")
    clinic.edit(clinic.image(3), lambda array: array * 0)
    clinic.edit(clinic.label(4), lambda array: array[1:])
    report = check(clinic.manifest, tmp_path / "out", [KNEE])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"problems.csv", "cases.csv", "sheet.png"}
    assert [row["case_id"] for row in rows(tmp_path / "out" / "problems.csv") if row["severity"] == "error"] == [
        problem.case_id for problem in report.problems if problem.severity.value == "error"
    ]
    assert [row["case_id"] for row in rows(tmp_path / "out" / "cases.csv")] == [f"c{number}" for number in range(6)]
    assert np.ptp(imread(tmp_path / "out" / "sheet.png")) > 0.5


def test_a_whole_data_set_is_pictured_too(clinic: Clinic, tmp_path: Path) -> None:
    assert check(clinic.manifest, tmp_path / "out", [KNEE]).problems == ()
    assert rows(tmp_path / "out" / "problems.csv") == []
    assert (tmp_path / "out" / "sheet.png").exists()


def test_without_a_readable_image_there_is_no_sheet(clinic: Clinic, tmp_path: Path) -> None:
    for number in range(6):
        clinic.image(number).write_text("no image")
    check(clinic.manifest, tmp_path / "out", [KNEE])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"problems.csv", "cases.csv"}


def test_an_earlier_check_is_replaced_other_folders_are_not(clinic: Clinic, tmp_path: Path) -> None:
    for _ in range(2):
        check(clinic.manifest, tmp_path / "out", [KNEE])
    with pytest.raises(InputError, match="holds other files than those of a check; give a new folder"):
        check(clinic.manifest, clinic.folder, [KNEE])
    assert clinic.manifest.exists()


def test_nothing_is_written_unless_asked(clinic: Clinic, tmp_path: Path) -> None:
    check(clinic.manifest)
    assert [path.name for path in tmp_path.iterdir()] == ["clinic"]
