"""The prediction folder: what is written, what counts as finished, what names a patient."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import PROVENANCE, body_with_lesion, make_geometry
from vertebra_builders import BoxSpine

from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.jobs.output import (
    Origin,
    Wanted,
    is_finished,
    patient_key,
    summary_of,
    summary_of_vertebrae,
    write_prediction,
)
from crmo_seg.lesions import find_lesions
from crmo_seg.prediction import Prediction
from crmo_seg.volume import Volume

HASHES = {"input_sha256": "1" * 64, "model_sha256": "2" * 64}
FILES = {"edema.nii.gz", "lesions.nii.gz", "lesions.csv", "summary.json", "report.html"}


def make_prediction(radius_mm: float = 8.0, case_id: str = "a") -> tuple[Prediction, Volume]:
    """An oblique scan whose bright sphere is the prediction."""
    geometry = make_geometry((20, 8, 24), (2.0, 6.0, 2.0), angle_degrees=20.0)
    image, mask = body_with_lesion(geometry, (0.0, 0.0, 0.0), radius_mm)
    probability = mask.with_array(np.where(mask.array, np.float32(0.75), np.float32(0.25)))
    lesions = find_lesions(mask, probability=probability)
    provenance = replace(PROVENANCE, **HASHES)
    return Prediction(case_id, {"edema": mask}, probability, lesions, provenance), image


def write(out: Path, *, radius_mm: float = 8.0, keep_image: bool = False, probability: bool = False) -> Path:
    prediction, image = make_prediction(radius_mm)
    origin = Origin(out / "scan.nii.gz", keep_image=keep_image)
    return write_prediction(out, prediction, {"stir": image}, origin, probability=probability)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_files_of_a_case(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert folder == tmp_path / "a"
    assert names(folder) == FILES
    assert names(tmp_path) == {"a"}


def test_the_image_and_the_probability_where_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path, keep_image=True, probability=True)
    assert names(folder) == FILES | {"image.nii.gz", "edema_probability.nii.gz"}
    prediction, image = make_prediction()
    assert prediction.probability is not None
    np.testing.assert_array_equal(read_image(folder / "image.nii.gz").array, image.array)
    np.testing.assert_array_equal(read_image(folder / "edema_probability.nii.gz").array, prediction.probability.array)


def test_the_masks_lie_on_the_grid_of_the_scan(tmp_path: Path) -> None:
    folder = write(tmp_path)
    prediction, image = make_prediction()
    edema, lesions = read_labels(folder / "edema.nii.gz"), read_labels(folder / "lesions.nii.gz")
    assert edema.geometry.same_grid(image.geometry)
    assert lesions.geometry.same_grid(image.geometry)
    np.testing.assert_array_equal(edema.array, prediction.masks["edema"].array)
    np.testing.assert_array_equal(lesions.array, prediction.masks["edema"].array)  # one lesion, number 1


def test_the_table_and_the_summary_agree(tmp_path: Path) -> None:
    folder = write(tmp_path)
    volume_ml = float(make_prediction()[0].masks["edema"].array.sum()) * 0.024
    with (folder / "lesions.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    summary = json.loads((folder / "summary.json").read_text())
    assert float(row["volume_ml"]) == pytest.approx(volume_ml, abs=1e-3)
    assert summary["totals"] == {
        "n_lesions": 1,
        "total_volume_ml": pytest.approx(volume_ml, abs=1e-3),
        "largest_volume_ml": pytest.approx(volume_ml, abs=1e-3),
        "mask_volumes_ml": {"edema": pytest.approx(volume_ml, abs=1e-3)},
    }
    assert summary["sites"] == [
        {"bone": None, "side": None, "n_lesions": 1, "volume_ml": pytest.approx(volume_ml, abs=1e-3)}
    ]


def test_no_lesion_is_a_valid_answer(tmp_path: Path) -> None:
    folder = write(tmp_path, radius_mm=0.0)
    assert names(folder) == FILES
    assert not read_labels(folder / "edema.nii.gz").array.any()
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["totals"]["n_lesions"], summary["totals"]["total_volume_ml"], summary["sites"]) == (0, 0.0, [])


def test_an_older_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = write(tmp_path, probability=True)
    (folder / "note.txt").touch()
    write(tmp_path)
    assert names(folder) == FILES


def test_vertebrae_with_levels_get_their_own_table(tmp_path: Path) -> None:
    bones = BoxSpine((1.5, 1.5, 1.5), front_mm=10.0).draw()
    prediction = Prediction("spine", {"bones": bones}, None, None, replace(PROVENANCE, **HASHES))
    image = bones.with_array(bones.array.astype(np.float32))
    folder = write_prediction(tmp_path, prediction, {"stir": image}, Origin(tmp_path / "scan.nii.gz"))
    assert names(folder) == {"bones.nii.gz", "lesions.csv", "vertebrae.csv", "summary.json", "report.html"}
    with (folder / "vertebrae.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["level"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["T7", "T8", "T9"]
    assert float(rows["T8"]["front_mm"]) == pytest.approx(10.0, abs=1.5)
    summary = json.loads((folder / "summary.json").read_text())
    assert [row["level"] for row in summary["vertebrae"]] == list(rows)
    assert "Vertebral height" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("resolution_mm", [3.0, 5.0])
def test_bones_of_a_coarse_network_are_not_measured(resolution_mm: float) -> None:
    provenance = replace(PROVENANCE, bones_resolution_mm=resolution_mm)
    bones = BoxSpine((1.5, 1.5, 1.5)).draw()
    rows = summary_of_vertebrae(Prediction("spine", {"bones": bones}, None, None, provenance))["vertebrae"]
    assert {row["note"] for row in rows} == {"voxels too large along the spine"}


def test_what_the_summary_holds(tmp_path: Path) -> None:
    prediction, _ = make_prediction()
    origin = Origin(tmp_path / "studies" / "scan.nii.gz", "key", "2024-02-29")
    summary = summary_of(prediction, origin, tmp_path / "out")
    assert set(summary) == {
        *(
            "schema_version",
            "notice",
            "case_id",
            "patient_key",
            "visit",
            "totals",
            "sites",
            "burden",
            "lesions",
            "quality_flags",
        ),
        *(
            "threshold",
            "minimum_lesion_ml",
            "minimum_peak_probability",
            "model",
            "device",
            "versions",
            "hashes",
            "timings_s",
            "input",
        ),
        *("backend", "precision", "mode", "window", "windows_run", "windows_in_all"),
    }
    assert (summary["schema_version"], summary["case_id"], summary["patient_key"]) == (1, "a", "key")
    assert (summary["visit"], summary["input"]) == ("2024-02-29", "../studies/scan.nii.gz")
    assert summary["hashes"] == HASHES
    assert "not for diagnosis" in summary["notice"]


def test_the_place_of_the_input_is_relative_for_relative_paths_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prediction, _ = make_prediction()
    assert summary_of(prediction, Origin(Path("scan.nii.gz")), Path("out"))["input"] == "../scan.nii.gz"


def test_a_case_is_finished_when_both_hashes_match(tmp_path: Path) -> None:
    assert not is_finished(tmp_path / "a", **HASHES)
    assert is_finished(write(tmp_path), **HASHES)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(mode="best"), "in the mode default"),
        (Wanted(visit="2025-01-31"), "of the visit of unknown date"),
        (Wanted(patient_key="child-7"), "of the patient without a key"),
        (Wanted(probability=True), "without edema_probability.nii.gz"),
    ],
)
def test_a_case_of_other_options_is_refused(tmp_path: Path, wanted: Wanted, message: str) -> None:
    folder = write(tmp_path)
    assert is_finished(folder, wanted=Wanted(mode="default"), **HASHES)
    with pytest.raises(InputError, match=f"a: holds the prediction {message}; give --overwrite"):
        is_finished(folder, wanted=wanted, **HASHES)


def test_a_case_of_the_same_options_is_finished(tmp_path: Path) -> None:
    prediction, image = make_prediction()
    origin = Origin(tmp_path / "scan.nii.gz", "child-7", "2025-01-31")
    folder = write_prediction(tmp_path, prediction, {"stir": image}, origin, probability=True)
    assert is_finished(folder, wanted=Wanted("default", "2025-01-31", "child-7", probability=True), **HASHES)


@pytest.mark.parametrize("name", ["input_sha256", "model_sha256"])
def test_a_case_of_another_input_or_model_is_refused(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path)
    with pytest.raises(InputError, match=r"a: holds the prediction of another input or another model; give --overwr"):
        is_finished(folder, **(HASHES | {name: "3" * 64}))


def test_a_patient_has_one_key_in_a_folder_and_another_elsewhere(tmp_path: Path) -> None:
    first, again = (patient_key("child-7", tmp_path / "one") for _ in range(2))
    assert first == again
    assert first is not None
    assert len(first) == 12
    assert set(first) <= set("0123456789abcdef")
    assert len({first, patient_key("child-8", tmp_path / "one"), patient_key("child-7", tmp_path / "two")}) == 3
    assert names(tmp_path / "one") == {".patient_salt"}


def test_nobody_has_no_key_and_takes_no_salt(tmp_path: Path) -> None:
    assert patient_key(None, tmp_path / "out") is None
    assert not (tmp_path / "out").exists()


def test_a_salt_that_cannot_be_kept_is_an_error_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/\.patient_salt: could not be written \(.*\); free space on the disk"):
        patient_key("child", tmp_path / "file")
