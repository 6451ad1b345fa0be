"""A whole manifest, broken in many ways at once: each is named, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import AFFINE, Clinic

from crmo_seg.data.check.report import DatasetReport, Severity, refuse_broken
from crmo_seg.data.check.run import check_dataset
from crmo_seg.errors import InputError
from crmo_seg.plan import Head

KNEE = Head("knee", ("femur", "tibia"))


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path, 20).write()


def errors(report: DatasetReport) -> list[tuple[str, str]]:
    return sorted((problem.case_id, problem.kind) for problem in report.of(Severity.ERROR))


def found(report: DatasetReport) -> list[tuple[str, str, str]]:
    return sorted((problem.case_id, problem.kind, problem.severity.value) for problem in report.problems)


def truncate(clinic: Clinic, path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def set_nan(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[1, 1, 1] = np.nan
    return array


def set_value(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[1, 1, 1] = 7
    return array


SHIFTED = AFFINE + np.pad([[9.0]], ((0, 3), (3, 0)))
BREAKS: dict[str, tuple[Callable[[Clinic], object], str, str]] = {
    "truncated": (lambda c: truncate(c, c.image(3)), "unreadable", "is no NIfTI file, or damaged"),
    "text": (lambda c: c.image(3).write_text("no image"), "unreadable", "is no NIfTI file, or damaged"),
    "no bytes": (lambda c: c.image(3).write_bytes(b""), "unreadable", "is no NIfTI file, or damaged"),
    "missing": (lambda c: c.image(3).unlink(), "missing", "does not exist"),
    "label missing": (lambda c: c.label(3).unlink(), "missing", "does not exist"),
    "label truncated": (lambda c: truncate(c, c.label(3)), "unreadable", "is no NIfTI file, or damaged"),
    "4D": (lambda c: c.edit(c.image(3), lambda a: np.stack([a, a], -1)), "unreadable", "holds 2 volumes"),
    "2D": (lambda c: c.edit(c.image(3), lambda a: a[..., 0]), "unreadable", "is 2D"),
    "NaN": (lambda c: c.edit(c.image(3), set_nan), "unreadable", "1 of 960 voxels are NaN"),
    "complex": (lambda c: c.edit(c.image(3), lambda a: a.astype(np.complex64)), "unreadable", "holds complex64"),
    "constant": (lambda c: c.edit(c.image(3), lambda a: a * 0 + 5), "constant", "every voxel is 5"),
    "huge voxels": (lambda c: c.move(c.image(3), np.diag([2.0, 900, 2, 1])), "unreadable", "spacing"),
    "shifted label": (lambda c: c.move(c.label(3), SHIFTED), "grid", "another grid than the image of case c3"),
    "smaller label": (lambda c: c.edit(c.label(3), lambda a: a[1:]), "grid", "shape (11, 10, 8), not (12, 10, 8)"),
    "label value": (lambda c: c.edit(c.label(3), set_value), "label value", "holds values of no class: 7"),
    "half a label": (lambda c: c.edit(c.label(3), lambda a: a * np.float32(0.5)), "unreadable", "are no label"),
    "same image": (lambda c: c.image(3).write_bytes(c.image(1).read_bytes()), "duplicate", "c1.nii.gz of case c1"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_named_and_nothing_else(clinic: Clinic, name: str) -> None:
    break_it, kind, text = BREAKS[name]
    break_it(clinic)
    report = check_dataset(clinic.manifest, [KNEE])
    assert errors(report) == [("c3", kind)]
    (problem,) = report.of(Severity.ERROR)
    assert text in problem.what
    assert problem.file in (clinic.image(3), clinic.label(3))
    assert len(report.cases) == 20


def test_a_whole_data_set_has_no_problem(clinic: Clinic) -> None:
    assert found(check_dataset(clinic.manifest, [KNEE])) == []
    assert found(check_dataset(clinic.manifest)) == []
    assert found(check_dataset(clinic.manifest, [KNEE], voxels=False)) == []


def test_everything_at_once(clinic: Clinic) -> None:
    truncate(clinic, clinic.image(2))
    clinic.edit(clinic.image(5), set_nan)
    clinic.edit(clinic.label(7), lambda array: array * 0)
    clinic.image(9).unlink()
    flipped = AFFINE @ np.diag([-1.0, 1, 1, 1])
    clinic.move(clinic.image(11), flipped)
    clinic.move(clinic.label(11), flipped)
    clinic.edit(clinic.image(13), lambda array: 300 - array)
    text = clinic.manifest.read_text().replace("c15,p15", "c15,")
    clinic.manifest.write_text(text)
    assert found(check_dataset(clinic.manifest, [KNEE])) == [
        ("c11", "mirrored", "warning"),
        ("c13", "label contrast", "warning"),
        ("c15", "manifest", "error"),
        ("c2", "unreadable", "error"),
        ("c5", "unreadable", "error"),
        ("c7", "empty label", "warning"),
        ("c9", "missing", "error"),
    ]


def test_a_patient_in_two_folds_is_named_with_the_line_of_no_row(clinic: Clinic) -> None:
    rows = clinic.manifest.read_text().splitlines()
    folded = [f"{row},{'fold' if number == 0 else number % 2}" for number, row in enumerate(rows)]
    clinic.manifest.write_text("\n".join(folded).replace("c4,p4", "c4,p3").replace("c9,p9", "c9,"))
    problems = check_dataset(clinic.manifest, [KNEE], voxels=False).of(Severity.ERROR)
    assert [problem.what for problem in problems] == [
        "line 11: case c9: has no patient_id",
        "patient p3 is in several folds (0, 1)",
    ]


def test_a_quick_look_finds_what_headers_and_label_values_show(clinic: Clinic) -> None:
    clinic.edit(clinic.label(1), set_value)
    clinic.move(clinic.label(2), SHIFTED)
    clinic.image(4).write_text("no image")
    report = check_dataset(clinic.manifest, [KNEE], sequences=["t1"], voxels=False)
    assert errors(report) == [("c1", "label value"), ("c2", "grid"), ("c4", "unreadable")]
    with pytest.raises(InputError, match=r"has 3 errors: .*c4\.nii\.gz: is no NIfTI.* \| .*list all with: crmo-seg"):
        refuse_broken(report)


def test_what_a_training_does_not_use_does_not_stop_it(clinic: Clinic) -> None:
    clinic.edit(clinic.label(1), set_value)
    assert errors(check_dataset(clinic.manifest, [], voxels=False)) == []
    clinic.image(1).write_text("no image")
    assert errors(check_dataset(clinic.manifest, [], sequences=["t2"], voxels=False)) == []


def test_a_head_that_no_case_has_is_an_error(clinic: Clinic) -> None:
    (problem,) = check_dataset(clinic.manifest, [Head("hip", ("femur",))], voxels=False).problems
    assert (problem.severity, problem.what) == (Severity.ERROR, "20 of 20 cases have no label_hip")


def test_progress_is_told(clinic: Clinic) -> None:
    told: list[tuple[int, int]] = []
    check_dataset(clinic.manifest, voxels=False, on_case=lambda done, count: told.append((done, count)))
    assert told == [(done, 20) for done in range(1, 21)]


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: does not exist"):
        check_dataset(tmp_path / "none.csv")
