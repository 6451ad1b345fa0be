"""Tasks of the Medical Segmentation Decathlon."""

from __future__ import annotations

from pathlib import Path

import pytest
from dataset_builders import write_msd, write_nnunet

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.msd import read_msd


def test_listed_cases_are_found_in_the_order_of_their_ids(tmp_path: Path) -> None:
    found = read_msd(write_msd(tmp_path / "Task01_Knee"))
    assert (found.sequences, found.classes) == (("mri",), ("femur", "tibia"))
    assert [case.case_id for case in found.cases] == ["knee_000", "knee_001", "knee_002"]
    label = found.cases[0].label
    assert label is not None
    assert label.resolve() == (tmp_path / "Task01_Knee" / "labelsTr" / "knee_000.nii.gz").resolve()


def test_test_cases_have_no_labels(tmp_path: Path) -> None:
    folder = write_msd(tmp_path / "task", test=["./imagesTr/knee_001.nii.gz"])
    (case,) = read_msd(folder, test=True).cases
    assert (case.case_id, case.label) == ("knee_001", None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"modality": {"0": "FLAIR", "1": "T1w"}},
            r"has 2 modalities \(flair, t1w\) in one 4D file.*then import nnunet",
        ),
        ({"labels": {"0": "background", "2": "a"}}, "has the label values 2"),
        ({"labels": {"0": "background", "1": "a", "2": "a"}}, "has two labels of one name"),
        ({"labels": {"zero": "background"}}, "has the labels"),
        ({"training": None}, "has no training; is it of nnU-Net v2"),
        ({"training": []}, "has no case"),
        ({"training": [{"picture": "a.nii"}]}, "lists a case as {'picture': 'a.nii'}"),
        ({"training": [{"image": "a.nii", "label": "b.nii"}]}, r"a\.nii: does not exist \(2 of 2 files"),
    ],
)
def test_what_cannot_be_imported_is_said(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_msd(write_msd(tmp_path / "task", **changes))


def test_another_layout_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="then import nnunet"):
        read_msd(write_nnunet(tmp_path / "raw"))
