"""A prediction folder told by other bones where its lesions lie."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import PROVENANCE, body_with_lesion, make_geometry
from slicer_files import write_segmentation
from vertebra_builders import BoxSpine

from crmo_seg.anatomy import bone_named
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_labels, write_nifti
from crmo_seg.jobs.comparison.reading import read_analysed_image, read_visit
from crmo_seg.jobs.output import Origin, write_prediction
from crmo_seg.jobs.sites import parse_bones, reassign_sites
from crmo_seg.lesions import find_lesions
from crmo_seg.prediction import Prediction, QualityFlag
from crmo_seg.volume import Volume

GRID = make_geometry((20, 8, 24), (2.0, 6.0, 2.0))
IMAGE, EDEMA = body_with_lesion(GRID, (0.0, 0.0, 0.0), 8.0)


def everywhere(value: int) -> Volume:
    return Volume(np.full(GRID.shape, value, np.uint8), GRID)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A prediction without bones, as of DICOM: the image is in it."""
    flags = (
        QualityFlag("field_of_view", "info", "The field of view covers 48 mm along the body.", 48.0),
        QualityFlag("body_regions", "info", "Bones were found of the arms.", ("arms",)),
        QualityFlag("lesion_at_border", "warning", "Lesion 1 reaches the edge of the image.", 1.0),
    )
    prediction = Prediction("knee", {"edema": EDEMA}, None, find_lesions(EDEMA), PROVENANCE, flags)
    origin = Origin(tmp_path / "study", patient_key="3fa9", keep_image=True)
    return write_prediction(tmp_path / "out", prediction, {"stir": IMAGE}, origin)


@pytest.fixture
def femur(tmp_path: Path) -> Path:
    """The left femur as TotalSegmentator numbers it, cropped and saved by Slicer."""
    return write_segmentation(tmp_path / "bones.seg.nrrd", [everywhere(36)])


def test_lesions_get_the_bone_of_the_mask_and_everything_else_stays(folder: Path, femur: Path) -> None:
    before = json.loads((folder / "summary.json").read_text())
    edema = (folder / "edema.nii.gz").read_bytes()
    done = reassign_sites(folder, {"total_mr": femur})
    assert [(lesion.site.bone, lesion.site.side.value if lesion.site.side else "") for lesion in done.lesions] == [
        ("femur", "left")
    ]
    assert [lesion.site.bone for lesion in read_visit(folder).masks.lesion_map.lesions] == ["femur"]
    assert (read_labels(folder / "bones.nii.gz").array == bone_named("femur_left").label).all()
    after = json.loads((folder / "summary.json").read_text())
    assert after["burden"]["bones"][0]["bone"] == "femur"
    assert after["bones_from"][0]["file"] == "bones.seg.nrrd"
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"totals", "sites", "burden", "bones_from", "quality_flags"}
    flags = {flag["code"]: flag["value"] for flag in after["quality_flags"]}
    assert flags == {"field_of_view": 48.0, "body_regions": ["legs"], "lesion_at_border": 1.0, "region_cut": ["legs"]}
    assert (folder / "edema.nii.gz").read_bytes() == edema
    assert "femur" in (folder / "report.html").read_text(encoding="utf-8")
    assert {path.name for path in folder.parent.iterdir()} == {"knee"}
    assert done.lines() == [f"{folder}: 1 of 1 lesions lie in a bone of the mask"]


def test_vertebral_heights_come_and_go_with_the_mask(tmp_path: Path) -> None:
    spine = BoxSpine((1.5, 1.5, 1.5)).draw()
    nothing = spine.with_array(np.zeros(spine.array.shape, np.bool_))
    prediction = Prediction("spine", {"edema": nothing}, None, find_lesions(nothing), PROVENANCE)
    image = spine.with_array(spine.array.astype(np.float32))
    folder = write_prediction(
        tmp_path / "out", prediction, {"stir": image}, Origin(tmp_path / "study", keep_image=True)
    )
    write_nifti(tmp_path / "spine.nii.gz", spine)
    write_nifti(tmp_path / "none.nii.gz", spine.with_array(np.zeros(spine.array.shape, np.uint8)))
    reassign_sites(folder, {"crmo_seg": tmp_path / "spine.nii.gz"})
    summary = json.loads((folder / "summary.json").read_text())
    assert [row["level"] for row in summary["vertebrae"]] == ["T7", "T8", "T9"]
    assert (folder / "vertebrae.csv").read_text().count("\n") == 4
    assert "Vertebral height" in (folder / "report.html").read_text(encoding="utf-8")
    reassign_sites(folder, {"crmo_seg": tmp_path / "none.nii.gz"})
    assert "vertebrae" not in json.loads((folder / "summary.json").read_text())
    assert not (folder / "vertebrae.csv").exists()


def test_a_prediction_of_the_baseline_stays_one(tmp_path: Path, femur: Path) -> None:
    baseline = replace(PROVENANCE, mode="baseline", threshold=None)
    prediction = Prediction("knee", {"edema": EDEMA}, None, find_lesions(EDEMA), baseline)
    folder = write_prediction(
        tmp_path / "out", prediction, {"stir": IMAGE}, Origin(tmp_path / "study", keep_image=True)
    )
    reassign_sites(folder, {"total_mr": femur})
    assert json.loads((folder / "summary.json").read_text())["threshold"] is None
    page = (folder / "report.html").read_text()
    assert "mode baseline" in page
    assert ">Threshold</th>" not in page


def test_what_names_the_old_sites_does_not_stay(folder: Path, femur: Path) -> None:
    (folder / "dicom").mkdir()
    for name in ("edema_sr.dcm", "edema_seg.dcm"):
        (folder / "dicom" / name).write_bytes(b"")
    (folder / "image.nii.gz").unlink()
    done = reassign_sites(folder, {"total_mr": femur})
    assert [path.name for path in (folder / "dicom").iterdir()] == ["edema_seg.dcm"]
    assert not (folder / "report.html").exists()
    assert [note.split(" ")[1] for note in done.notes] == ["dicom/edema_sr.dcm", "report.html"]


def test_what_does_not_fit_is_refused_and_leaves_the_folder(folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    spine = tmp_path / "total.nii.gz"
    write_nifti(spine, everywhere(19))
    with pytest.raises(
        InputError, match=r"total\.nii\.gz: vertebrae come without their levels .*; give vertebrae_mr=FILE too"
    ):
        reassign_sites(folder, {"total_mr": spine})
    with pytest.raises(InputError, match="value 19 is above 8, the last class of appendicular_bones_mr"):
        reassign_sites(folder, {"appendicular_bones_mr": spine})
    other = tmp_path / "other.nii.gz"
    write_nifti(other, Volume(np.ones((4, 4, 4), np.uint8), make_geometry((4, 4, 4))))
    with pytest.raises(InputError, match=r"other\.nii\.gz: is a grid of 4 x 4 x 4 voxels"):
        reassign_sites(folder, {"crmo_seg": other})
    with pytest.raises(InputError, match="is a folder; give one file with all labels"):
        reassign_sites(folder, {"total_mr": tmp_path})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["bones.nii.gz"], "is 'bones.nii.gz'; write LABELS=FILE, with LABELS one of total_mr, vertebrae_mr"),
        (["total=a.nii.gz"], "is 'total=a.nii.gz'"),
        (["total_mr=a", "total_mr=b"], "gives total_mr twice"),
        ([], "is missing"),
    ],
)
def test_masks_as_they_are_typed(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_bones(texts)


def test_the_image_of_a_manifest_is_found_for_the_new_report(femur: Path, tmp_path: Path) -> None:
    write_nifti(tmp_path / "knee_stir.nii.gz", IMAGE)
    write_nifti(tmp_path / "knee_water.nii.gz", IMAGE.with_array(np.zeros_like(IMAGE.array)))
    manifest = tmp_path / "manifest.csv"
    header = "case_id,patient_id,image_dixon_water,image_stir"
    manifest.write_text(f"{header}\nknee,a,knee_water.nii.gz,knee_stir.nii.gz\n")
    prediction = Prediction("knee", {"edema": EDEMA}, None, find_lesions(EDEMA), PROVENANCE)
    folder = write_prediction(tmp_path / "out", prediction, {"stir": IMAGE}, Origin(manifest))
    found = read_analysed_image(read_visit(folder))
    assert found is not None
    assert np.array_equal(found.array, IMAGE.array), "the sequence that was analysed, not the first of the manifest"
    reassign_sites(folder, {"total_mr": femur})
    assert "femur" in (folder / "report.html").read_text()
