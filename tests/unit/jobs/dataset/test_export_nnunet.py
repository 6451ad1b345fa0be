"""Export: a raw data set with the same voxels, classes and folds."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import nibabel as nib
import numpy as np
import pytest
from dataset_builders import AFFINE, Clinic, blocks, noise, save

from crmo_seg.anatomy import HEAD_CLASSES, bone_named
from crmo_seg.cases import Case, read_manifest, split_by_patient, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.export_nnunet import ExportOptions, export_nnunet
from crmo_seg.jobs.dataset.import_data import import_dataset
from crmo_seg.plan import BONES_HEAD, Head

KNEE = Head("knee", ("femur", "tibia"))
OPTIONS = ExportOptions(KNEE, 12, "Knee")


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path / "clinic", 7).write()


def voxels(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


def test_the_layout_is_that_of_nnunet(clinic: Clinic, tmp_path: Path) -> None:
    exported = export_nnunet(clinic.manifest, tmp_path / "raw", OPTIONS)
    folder = tmp_path / "raw" / "Dataset012_Knee"
    assert (exported.folder, exported.cases, exported.linked, exported.written) == (folder, 7, 14, 0)
    assert sorted(path.name for path in folder.iterdir()) == [
        "dataset.json",
        "imagesTr",
        "labelsTr",
        "splits_final.json",
    ]
    assert sorted(path.name for path in (folder / "imagesTr").iterdir())[0] == "c0_0000.nii.gz"
    assert json.loads((folder / "dataset.json").read_text()) == {
        "channel_names": {"0": "t1"},
        "labels": {"background": 0, "femur": 1, "tibia": 2},
        "numTraining": 7,
        "file_ending": ".nii.gz",
    }
    np.testing.assert_array_equal(voxels(folder / "labelsTr" / "c3.nii.gz"), voxels(clinic.label(3)))
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["Dataset012_Knee"]


def test_import_brings_back_what_export_wrote(clinic: Clinic, tmp_path: Path) -> None:
    exported = export_nnunet(clinic.manifest, tmp_path / "raw", OPTIONS)
    again = import_dataset("nnunet", exported.folder, tmp_path / "again.csv")
    assert (again.heads, again.sequences) == ((KNEE,), ("t1",))
    for here, there in zip(read_manifest(clinic.manifest), again.cases, strict=True):
        assert here.case_id == there.case_id
        np.testing.assert_array_equal(voxels(here.images["t1"]), voxels(there.images["t1"]))


def test_folds_are_those_that_training_deals_out(clinic: Clinic, tmp_path: Path) -> None:
    exported = export_nnunet(clinic.manifest, tmp_path / "raw", replace(OPTIONS, folds=3))
    splits = json.loads((exported.folder / "splits_final.json").read_text())
    assert (len(splits), exported.folds) == (3, 3)
    for fold, split in enumerate(splits):
        expected = split_by_patient(read_manifest(clinic.manifest), fold=fold, folds=3)
        assert split["val"] == [case.case_id for case in expected.val]
        assert sorted(split["train"] + split["val"]) == [f"c{number}" for number in range(7)]


def test_folds_of_the_manifest_go_first_and_keep_patients_together(clinic: Clinic, tmp_path: Path) -> None:
    cases = [
        replace(case, fold=number // 4, patient_id=f"p{number // 2}")
        for number, case in enumerate(read_manifest(clinic.manifest))
    ]
    write_manifest(clinic.manifest, cases)
    exported = export_nnunet(clinic.manifest, tmp_path / "raw", OPTIONS)
    splits = json.loads((exported.folder / "splits_final.json").read_text())
    assert [split["val"] for split in splits] == [["c0", "c1", "c2", "c3"], ["c4", "c5", "c6"]]


def test_one_patient_has_no_folds(tmp_path: Path) -> None:
    exported = export_nnunet(Clinic(tmp_path / "clinic", 1).write().manifest, tmp_path / "raw", OPTIONS)
    assert not (exported.folder / "splits_final.json").exists()
    assert not any("splits_final" in line for line in exported.lines())


def test_files_that_nnunet_would_not_take_are_written_anew(clinic: Clinic, tmp_path: Path) -> None:
    clinic.edit(clinic.image(0), lambda array: array[..., None])
    clinic.edit(clinic.label(1), lambda array: array.astype(np.float32))
    plain = save(tmp_path / "clinic" / "plain.nii", noise(9).astype(np.int16))
    cases = list(read_manifest(clinic.manifest))
    cases[2] = replace(cases[2], images={"t1": plain})
    write_manifest(clinic.manifest, cases)
    exported = export_nnunet(clinic.manifest, tmp_path / "raw", OPTIONS)
    assert (exported.linked, exported.written) == (11, 3)
    images, labels = exported.folder / "imagesTr", exported.folder / "labelsTr"
    assert nib.load(images / "c0_0000.nii.gz").shape == (12, 10, 8)
    np.testing.assert_array_equal(voxels(images / "c2_0000.nii.gz"), noise(9).astype(np.int16))
    np.testing.assert_array_equal(nib.load(images / "c2_0000.nii.gz").affine, AFFINE)
    assert nib.load(labels / "c1.nii.gz").get_data_dtype() == np.uint8
    assert not any(path.is_symlink() and not path.exists() for path in exported.folder.rglob("*"))


def test_fine_bones_become_head_classes(clinic: Clinic, tmp_path: Path) -> None:
    fine = np.where(
        blocks() == 1, bone_named("femur_left").label, np.where(blocks() == 2, bone_named("tibia_right").label, 0)
    )
    cases = [
        replace(case, labels={"bones": save(tmp_path / f"{case.case_id}.nii.gz", fine.astype(np.uint8))})
        for case in read_manifest(clinic.manifest)
    ]
    write_manifest(clinic.manifest, cases)
    exported = export_nnunet(clinic.manifest, tmp_path / "raw", ExportOptions(BONES_HEAD, 1, "bones"))
    assert sorted(np.unique(voxels(exported.folder / "labelsTr" / "c0.nii.gz"))) == [
        0,
        HEAD_CLASSES.index("femur") + 1,
        HEAD_CLASSES.index("tibia") + 1,
    ]
    labels = json.loads((exported.folder / "dataset.json").read_text())["labels"]
    assert list(labels.values()) == list(range(len(HEAD_CLASSES) + 1))


def refuse_links(*_: object, **__: object) -> NoReturn:
    raise OSError(18, "Invalid cross-device link")


def test_another_disk_gets_soft_links_and_one_without_links_copies(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = export_nnunet(clinic.manifest, tmp_path / "raw", OPTIONS).folder / "imagesTr" / "c0_0000.nii.gz"
    assert first.samefile(clinic.image(0))
    monkeypatch.setattr(os, "link", refuse_links)
    soft = export_nnunet(clinic.manifest, tmp_path / "soft", OPTIONS).folder / "imagesTr" / "c0_0000.nii.gz"
    assert soft.is_symlink()
    assert soft.resolve() == clinic.image(0).resolve()
    monkeypatch.setattr(Path, "symlink_to", refuse_links)
    copied = export_nnunet(clinic.manifest, tmp_path / "copy", OPTIONS).folder / "imagesTr" / "c0_0000.nii.gz"
    assert not copied.is_symlink()
    assert copied.read_bytes() == clinic.image(0).read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (replace(OPTIONS, dataset_id=0), "--dataset-id: is 0; give a number from 1 to 999"),
        (replace(OPTIONS, name="my knee"), "--name: is 'my knee'; use letters, digits and '_'"),
        (replace(OPTIONS, sequences=("t2",)), r"case c0 has no image_t2 \(7 of 7 cases lack it\).*other --sequences"),
        (replace(OPTIONS, head=Head("hip", ("femur",))), "case c0 has no label_hip"),
        (replace(OPTIONS, head=Head("knee", ("femur",))), r"c0\.nii\.gz: holds the value 2; label_knee takes 0 to 1"),
    ],
)
def test_what_cannot_be_exported_is_said(clinic: Clinic, tmp_path: Path, options: ExportOptions, message: str) -> None:
    with pytest.raises(InputError, match=message):
        export_nnunet(clinic.manifest, tmp_path / "raw", options)
    assert not any((tmp_path / "raw").glob("*"))


def test_a_label_on_another_grid_is_named_and_nothing_is_left(clinic: Clinic, tmp_path: Path) -> None:
    clinic.move(clinic.label(5), AFFINE @ np.diag([1.0, 1, 2, 1]))
    with pytest.raises(InputError, match=r"c5\.nii\.gz: lies on another grid than the first image of its case"):
        export_nnunet(clinic.manifest, tmp_path / "raw", OPTIONS)
    assert not any((tmp_path / "raw").iterdir())


def test_a_data_set_that_exists_is_not_replaced(clinic: Clinic, tmp_path: Path) -> None:
    export_nnunet(clinic.manifest, tmp_path / "raw", OPTIONS)
    with pytest.raises(InputError, match=r"Dataset012_Knee: exists; remove it, or give another --dataset-id"):
        export_nnunet(clinic.manifest, tmp_path / "raw", replace(OPTIONS, name="other"))


def test_two_sequences_are_two_channels(tmp_path: Path) -> None:
    files = {name: save(tmp_path / f"{name}.nii.gz", noise(seed)) for seed, name in enumerate(("t2", "t1"))}
    label = save(tmp_path / "label.nii.gz", blocks())
    write_manifest(tmp_path / "m.csv", [Case("a", "p", images=files, labels={"knee": label})])
    exported = export_nnunet(tmp_path / "m.csv", tmp_path / "raw", replace(OPTIONS, sequences=("t2", "t1")))
    np.testing.assert_array_equal(voxels(exported.folder / "imagesTr" / "a_0001.nii.gz"), noise(1))
    names = json.loads((exported.folder / "dataset.json").read_text())["channel_names"]
    assert names == {"0": "t2", "1": "t1"}
