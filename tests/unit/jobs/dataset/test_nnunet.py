"""Raw data sets of nnU-Net."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from dataset_builders import write_msd, write_nnunet

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.nnunet import read_nnunet


def test_cases_channels_and_labels_are_found(tmp_path: Path) -> None:
    found = read_nnunet(write_nnunet(tmp_path / "raw"))
    assert (found.sequences, found.classes) == (("t1", "t2_fs"), ("femur", "tibia"))
    assert [case.case_id for case in found.cases] == ["knee_000", "knee_001", "knee_002"]
    assert [path.name for path in found.cases[1].images] == ["knee_001_0000.nii.gz", "knee_001_0001.nii.gz"]
    assert found.cases[1].label == tmp_path / "raw" / "labelsTr" / "knee_001.nii.gz"


def test_test_cases_may_have_labels(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "raw")
    (folder / "imagesTr").rename(folder / "imagesTs")
    assert [case.label for case in read_nnunet(folder, test=True).cases] == [None] * 3
    (folder / "labelsTr").rename(folder / "labelsTs")
    (folder / "labelsTs" / "knee_000.nii.gz").unlink()
    names = [case.label and case.label.name for case in read_nnunet(folder, test=True).cases]
    assert names == [None, "knee_001.nii.gz", "knee_002.nii.gz"]


def test_a_list_of_files_goes_before_the_folders(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "raw", channels=("T1",))
    rows = {"one": {"images": ["imagesTr/knee_002_0000.nii.gz"], "label": "labelsTr/knee_002.nii.gz"}}
    described = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps(described | {"dataset": rows}))
    (case,) = read_nnunet(folder).cases
    assert (case.case_id, case.images[0].name) == ("one", "knee_002_0000.nii.gz")


def test_files_of_other_programs_are_passed_over(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "raw")
    for name in ("._knee_000_0000.nii.gz", "Thumbs.db"):
        (folder / "imagesTr" / name).touch()
    (folder / "labelsTr" / "._knee_000.nii.gz").touch()
    assert len(read_nnunet(folder).cases) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"background": 0, "whole": [1, 2], "core": 2}}, r"that are regions.* \(whole\); write one file"),
        ({"labels": {"background": 0, "a": 1, "ignore": 2}}, "has the label 'ignore'"),
        ({"labels": {"background": 0, "a": 2}}, "has the label values 2"),
        ({"labels": {"background": 0, "a": "1"}}, "has no whole number for the label a"),
        ({"labels": ["a"]}, "has the labels"),
        ({"file_ending": ".png"}, r"has the file ending '\.png'; convert the images to \.nii\.gz"),
        ({"channel_names": None}, "has no channel_names; is it of the Medical Segmentation Decathlon"),
        ({"channel_names": {"0": "T1"}}, "case knee_000 has a channel 0001, dataset.json names 1"),
        ({"channel_names": {"0": "a", "1": "b", "2": "c"}}, r"knee_000_0002\.nii\.gz: does not exist \(3 of 12 files"),
        ({"dataset": {"a": {"image": "x"}}}, "lists its cases in an unknown form"),
        ({"dataset": {"a": {"images": ["imagesTr/knee_000_0000.nii.gz"], "label": "labelsTr/knee_000.nii.gz"}}},
         "case a has 1 images for 2 channels"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_said(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_nnunet(write_nnunet(tmp_path / "raw", **changes))


def test_labels_and_images_belong_together(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "raw")
    shutil.copy(folder / "labelsTr" / "knee_000.nii.gz", folder / "labelsTr" / "hip.nii.gz")
    with pytest.raises(InputError, match=r"hip\.nii\.gz: is a label without an image \(1 of them\)"):
        read_nnunet(folder)
    (folder / "labelsTr" / "hip.nii.gz").unlink()
    (folder / "labelsTr" / "knee_000.nii.gz").unlink()
    with pytest.raises(InputError, match=r"labelsTr/knee_000\.nii\.gz: does not exist \(1 of 9"):
        read_nnunet(folder)


def test_an_image_without_a_channel_number_is_named(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "raw")
    (folder / "imagesTr" / "hip.nii.gz").touch()
    with pytest.raises(InputError, match=r"hip\.nii\.gz: has no channel number in its name; name it CASE_0000"):
        read_nnunet(folder)


def test_a_folder_without_images_and_another_layout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="then import msd"):
        read_nnunet(write_msd(tmp_path / "msd"))
    shutil.rmtree(write_nnunet(tmp_path / "raw") / "imagesTr")
    with pytest.raises(InputError, match="holds no folder imagesTr"):
        read_nnunet(tmp_path / "raw")
