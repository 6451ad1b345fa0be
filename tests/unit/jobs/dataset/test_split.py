"""Folds written into a manifest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_builders import VOXEL_ML, save

from crmo_seg.cases import Case, read_manifest, split_by_patient, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.split import FoldSummary, split_dataset
from crmo_seg.training.folds import with_folds

VOXELS = (100, 0, 40, 0, 300, 7, 0, 60)


def write_cases(folder: Path, heads: tuple[str, ...] = ("edema",), patients: int = 8) -> Path:
    """Two visits of each patient, both with the patient's number of labelled voxels."""
    image = save(folder / "image.nii.gz", np.ones((12, 10, 8), np.float32))
    cases = []
    for patient in range(patients):
        array = np.zeros(960, np.uint8)
        array[: VOXELS[patient]] = 1
        label = save(folder / "labels" / f"{patient}.nii.gz", array.reshape(12, 10, 8))
        for visit in range(2):
            labels = dict.fromkeys(heads, label)
            cases.append(Case(f"c{patient}{visit}", f"p{patient}", images={"stir": image}, labels=labels))
    write_manifest(folder / "manifest.csv", cases)
    return folder / "manifest.csv"


def test_patients_stay_together_and_the_load_is_shared(tmp_path: Path) -> None:
    manifest, out = write_cases(tmp_path), tmp_path / "new" / "folds.csv"
    summaries = split_dataset(manifest, out, folds=2)
    cases = read_manifest(out)
    before = read_manifest(manifest)
    assert [(case.case_id, case.patient_id) for case in cases] == [(case.case_id, case.patient_id) for case in before]
    assert all(case.labels["edema"].samefile(old.labels["edema"]) for case, old in zip(cases, before, strict=True))
    # 300, 100, 60, 40, 7, 0, 0, 0 voxels dealt there and back
    dealt = {"p4": 0, "p0": 1, "p7": 1, "p2": 0, "p5": 0, "p1": 1, "p3": 1, "p6": 0}
    assert {case.patient_id: case.fold for case in cases} == dealt
    volumes = [2 * VOXEL_ML * voxels for voxels in (347, 160)]
    assert summaries == [FoldSummary(fold, 4, 8, pytest.approx(volumes[fold])) for fold in (0, 1)]
    assert summaries[0].line() == "fold 0: 4 patients, 8 cases, 11.1 ml labelled"


def test_the_folds_are_those_that_training_would_deal(tmp_path: Path) -> None:
    manifest = write_cases(tmp_path)
    split_dataset(manifest, tmp_path / "folds.csv", folds=3)
    written, dealt = read_manifest(tmp_path / "folds.csv"), with_folds(read_manifest(manifest), "edema", 3)
    assert [case.fold for case in written] == [case.fold for case in dealt]
    for fold in range(3):
        split = split_by_patient(written, fold=fold, folds=3)
        assert not {case.patient_id for case in split.train} & {case.patient_id for case in split.val}


def test_a_manifest_may_be_written_over(tmp_path: Path) -> None:
    manifest = write_cases(tmp_path)
    split_dataset(manifest, manifest, folds=2)
    assert {case.fold for case in read_manifest(manifest)} == {0, 1}
    with pytest.raises(InputError, match=r"manifest\.csv: has folds already; remove its column fold"):
        split_dataset(manifest, manifest, folds=2)


@pytest.mark.parametrize("heads", [("hippocampus",), ("bones", "edema")])
def test_the_head_is_the_only_one_or_edema(tmp_path: Path, heads: tuple[str, ...]) -> None:
    split_dataset(write_cases(tmp_path, heads), tmp_path / "folds.csv", folds=2)


@pytest.mark.parametrize(
    ("heads", "head", "message"),
    [
        (("bones", "cysts"), None, "labels no edema; give --head with one of bones, cysts"),
        (("edema",), "bones", "labels no bones; give --head with one of edema"),
        ((), None, "labels no edema; add a column label_edema"),
    ],
)
def test_a_head_that_nothing_is_labelled_for_is_refused(
    tmp_path: Path, heads: tuple[str, ...], head: str | None, message: str
) -> None:
    manifest = write_cases(tmp_path, heads)
    with pytest.raises(InputError, match=message):
        split_dataset(manifest, tmp_path / "folds.csv", folds=2, head=head)
    assert not (tmp_path / "folds.csv").exists()


@pytest.mark.parametrize(
    ("patients", "folds", "message"),
    [
        (3, 5, "has 3 patients for 5 folds; give --folds 3 or fewer"),
        (1, 2, "has 1 patients for 2 folds; add patients"),
        (3, 1, "--folds: is 1; give 2 or more"),
        (3, -1, "--folds: is -1; give 2 or more"),
    ],
)
def test_a_number_of_folds_that_cannot_be_is_refused(tmp_path: Path, patients: int, folds: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_dataset(write_cases(tmp_path, patients=patients), tmp_path / "folds.csv", folds=folds)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: does not exist"):
        split_dataset(tmp_path / "none.csv", tmp_path / "folds.csv")
