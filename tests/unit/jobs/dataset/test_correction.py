"""Edited masks become rows of a new manifest; what does not fit is refused and nothing is replaced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from slicer_files import write_segmentation

from crmo_seg.cases import Case, read_manifest, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_labels, write_nifti
from crmo_seg.io.study import open_study
from crmo_seg.jobs.dataset.correction import CorrectionOptions, add_correction
from crmo_seg.plan import BONES_HEAD, Head
from crmo_seg.volume import Geometry, Volume

SHAPE = (12, 6, 10)
AFFINE = np.array([[2.0, 0, 0, -10], [0, 6.0, 0, 5], [0, 0, 2.0, 7], [0, 0, 0, 1]])
GRID = Geometry(AFFINE, SHAPE)
VOXEL_ML = 0.024


def block(value: int = 1, *, size: int = 3) -> Volume:
    labels = np.zeros(SHAPE, np.uint8)
    labels[2 : 2 + size, 1:3, 4:6] = value
    return Volume(labels, GRID)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two visits of one patient in fold 1, one case of another in fold 0."""
    cases = []
    for number, (patient, fold) in enumerate([("p0", 0), ("p1", 1), ("p1", 1)]):
        image, label = tmp_path / f"c{number}.nii.gz", tmp_path / f"c{number}_edema.nii.gz"
        write_nifti(image, Volume(np.full(SHAPE, number, np.float32), GRID))
        write_nifti(label, block())
        cases.append(Case(f"c{number}", patient, fold=fold, images={"stir": image}, labels={"edema": label}))
    write_manifest(tmp_path / "m.csv", cases)
    return tmp_path / "m.csv"


@pytest.fixture
def prediction(tmp_path: Path) -> Path:
    """``OUT/scan`` as crmo-seg predict leaves it of one NIfTI file: the image is not in it."""
    image = tmp_path / "scan.nii.gz"
    write_nifti(image, Volume(np.ones(SHAPE, np.float32), GRID))
    folder = tmp_path / "out" / "scan"
    folder.mkdir(parents=True)
    write_nifti(folder / "edema.nii.gz", block())
    (study,) = open_study(image)
    hashes = {"input_sha256": study.input_sha256(), "model_sha256": "abc"}
    summary = {"case_id": "scan", "input": "../scan.nii.gz", "hashes": hashes, "patient_key": None, "visit": None}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def test_a_label_of_the_manifest_is_replaced_in_the_new_one_only(manifest: Path, tmp_path: Path) -> None:
    mask = write_segmentation(tmp_path / "edited.seg.nrrd", [block(size=4)])
    made = add_correction(manifest, "c1", mask, tmp_path / "new" / "m2.csv", CorrectionOptions(reader="anna"))
    before, after = read_manifest(manifest), read_manifest(made.manifest)
    assert [case.case_id for case in after] == ["c0", "c1", "c2"]
    assert after[1].labels["edema"] == tmp_path / "new" / "corrections" / "c1_edema.nii.gz"
    assert [case.labels["edema"].resolve() for case in after[::2]] == [case.labels["edema"] for case in before[::2]]
    stored = read_labels(after[1].labels["edema"])
    assert stored.geometry.same_grid(GRID)
    assert np.array_equal(stored.array, block(size=4).array)
    assert not made.is_new
    assert made.volume_ml == pytest.approx(16 * VOXEL_ML)
    assert made.previous_ml == pytest.approx(12 * VOXEL_ML)
    assert made.changed_ml == pytest.approx(4 * VOXEL_ML)
    kept = json.loads((tmp_path / "new" / "corrections" / "c1_edema.json").read_text())
    assert (kept["reader"], kept["mask"], kept["case_id"]) == ("anna", "edited.seg.nrrd", "c1")


def test_a_second_correction_leaves_the_first(manifest: Path, tmp_path: Path) -> None:
    first = add_correction(manifest, "c1", write_segmentation(tmp_path / "a.nrrd", [block()]), tmp_path / "m2.csv")
    second = add_correction(
        first.manifest, "c1", write_segmentation(tmp_path / "b.nrrd", [block(size=5)]), tmp_path / "m3.csv"
    )
    assert second.case.labels["edema"].name == "c1_edema_2.nii.gz"
    assert read_labels(first.case.labels["edema"]).array.sum() == 12
    assert "same as before" in " ".join(first.lines())


def test_a_prediction_becomes_a_case_of_a_new_manifest(prediction: Path, tmp_path: Path) -> None:
    mask = tmp_path / "edited.nii.gz"
    write_nifti(mask, block(size=5))
    made = add_correction(None, str(prediction), mask, tmp_path / "m.csv", CorrectionOptions(patient_id="p9"))
    (case,) = read_manifest(made.manifest)
    assert (case.case_id, case.patient_id, dict(case.images)) == ("scan", "p9", {"stir": tmp_path / "scan.nii.gz"})
    assert made.is_new
    assert made.previous_ml == pytest.approx(12 * VOXEL_ML)


def test_a_prediction_takes_sequence_and_fold_from_the_manifest(
    prediction: Path, manifest: Path, tmp_path: Path
) -> None:
    made = add_correction(
        manifest, str(prediction), prediction / "edema.nii.gz", tmp_path / "m2.csv", CorrectionOptions(patient_id="p1")
    )
    assert (made.case.fold, list(made.case.images)) == (1, ["stir"])
    assert len(read_manifest(made.manifest)) == 4


def test_a_prediction_of_dicom_brings_its_own_image_and_patient(prediction: Path, tmp_path: Path) -> None:
    summary = json.loads((prediction / "summary.json").read_text())
    (prediction / "summary.json").write_text(
        json.dumps(summary | {"input": "../dicom", "patient_key": "3fa9", "visit": "2024-05-06"})
    )
    write_nifti(prediction / "image.nii.gz", Volume(np.ones(SHAPE, np.float32), GRID))
    made = add_correction(None, str(prediction), prediction / "edema.nii.gz", tmp_path / "m.csv")
    assert (made.case.patient_id, made.case.visit) == ("3fa9", "2024-05-06")
    assert made.case.images["stir"] == prediction / "image.nii.gz"


def test_nobody_knows_the_patient(prediction: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not say who the patient is; give --patient-id"):
        add_correction(None, str(prediction), prediction / "edema.nii.gz", tmp_path / "m.csv")


def test_an_image_that_changed_since_is_refused(prediction: Path, tmp_path: Path) -> None:
    write_nifti(tmp_path / "scan.nii.gz", Volume(np.zeros(SHAPE, np.float32), GRID))
    with pytest.raises(InputError, match="has changed since it was predicted"):
        add_correction(
            None, str(prediction), prediction / "edema.nii.gz", tmp_path / "m.csv", CorrectionOptions(patient_id="p")
        )


def test_an_image_that_is_gone_is_refused(prediction: Path, tmp_path: Path) -> None:
    (tmp_path / "scan.nii.gz").unlink()
    with pytest.raises(InputError, match=r"was predicted from .*scan\.nii\.gz, which is not there"):
        add_correction(
            None, str(prediction), prediction / "edema.nii.gz", tmp_path / "m.csv", CorrectionOptions(patient_id="p")
        )


def test_who_is_neither_case_nor_prediction(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="is neither a case of the manifest nor a prediction; the manifest has c0, c1, c2"
    ):
        add_correction(manifest, "c7", tmp_path / "a.nrrd", tmp_path / "m2.csv")


def test_nothing_is_replaced(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m\.csv: is there already"):
        add_correction(manifest, "c1", tmp_path / "a.nrrd", manifest)


def test_another_patient_for_a_row_is_refused(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is p5, but case c1 belongs to patient p1"):
        add_correction(manifest, "c1", tmp_path / "a.nrrd", tmp_path / "m2.csv", CorrectionOptions(patient_id="p5"))


def test_a_mask_of_another_grid_is_refused_with_the_numbers(manifest: Path, tmp_path: Path) -> None:
    finer = Volume(np.ones((4, 4, 4), np.uint8), Geometry(np.diag([1.0, 3, 1, 1]), (4, 4, 4)))
    mask = write_segmentation(tmp_path / "a.seg.nrrd", [finer])
    message = r"a\.seg\.nrrd: is a grid of 4 x 4 x 4 voxels of 1 x 3 x 1 mm, RAS, the image one of 12 x 6 x 10 voxels"
    with pytest.raises(InputError, match=message):
        add_correction(manifest, "c1", mask, tmp_path / "m2.csv")
    assert not (tmp_path / "corrections").exists()


def test_lesion_numbers_need_merge(manifest: Path, tmp_path: Path) -> None:
    numbered = block()
    numbered.array[8, 4, 8] = 3
    mask = write_segmentation(tmp_path / "a.seg.nrrd", [numbered])
    with pytest.raises(InputError, match=r"holds the values 1, 3; .*give --merge"):
        add_correction(manifest, "c1", mask, tmp_path / "m2.csv")
    made = add_correction(manifest, "c1", mask, tmp_path / "m2.csv", CorrectionOptions(merge=True))
    assert read_labels(made.case.labels["edema"]).array.sum() == 13


def test_overlapping_segments_need_merge(manifest: Path, tmp_path: Path) -> None:
    mask = write_segmentation(tmp_path / "a.seg.nrrd", [block(size=2), block(size=4)])
    with pytest.raises(InputError, match="holds 2 layers of segments that overlap; give --merge"):
        add_correction(manifest, "c1", mask, tmp_path / "m2.csv")
    made = add_correction(manifest, "c1", mask, tmp_path / "m2.csv", CorrectionOptions(merge=True))
    assert made.volume_ml == pytest.approx(16 * VOXEL_ML)


def test_a_segmentation_without_a_voxel_says_there_is_no_lesion(manifest: Path, tmp_path: Path) -> None:
    nothing = Volume(np.zeros((1, 1, 1), np.uint8), Geometry(np.eye(4), (1, 1, 1)))
    made = add_correction(manifest, "c1", write_segmentation(tmp_path / "a.seg.nrrd", [nothing]), tmp_path / "m2.csv")
    assert made.volume_ml == 0.0
    assert made.changed_ml == pytest.approx(12 * VOXEL_ML)


def test_other_heads_take_their_own_values(manifest: Path, tmp_path: Path) -> None:
    two = block(2)
    two.array[8, 4, 8] = 1
    mask = write_segmentation(tmp_path / "a.nrrd", [two])
    made = add_correction(
        manifest, "c1", mask, tmp_path / "m2.csv", CorrectionOptions(Head("knee", ("femur", "tibia")))
    )
    assert set(made.case.labels) == {"edema", "knee"}
    with pytest.raises(InputError, match="for one class, but knee has 2"):
        add_correction(
            manifest, "c1", mask, tmp_path / "m3.csv", CorrectionOptions(Head("knee", ("a", "b")), merge=True)
        )
    wrong = write_segmentation(tmp_path / "b.nrrd", [block(180)])
    with pytest.raises(InputError, match="label_bones takes a label of the table of bones"):
        add_correction(manifest, "c1", wrong, tmp_path / "m3.csv", CorrectionOptions(BONES_HEAD))
