"""What is made, and what is refused before a file is written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.cases import read_manifest
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_image
from crmo_seg.phantom.dataset import DICOM_MANIFEST_FILE, PhantomOptions, make_phantoms
from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import PLAIN_TINY
from crmo_seg.phantom.settings import as_tiny, read_preset

PLAIN = PhantomOptions(patients=2, preset="plain", tiny=True, seed=5)
SMALL = "scan: {stations: [2, 2]}\nedema: {lesion_free: 0.0}\n"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_phantoms(tmp_path_factory.mktemp("phantoms") / "set", PLAIN)


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, int]]) -> Path:
    """Two visits of a child, with DICOM."""
    folder = tmp_path_factory.mktemp("varied")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    options = PhantomOptions(patients=1, preset=str(folder / "small.yaml"), tiny=True, visits=2, dicom=True)
    return make_phantoms(folder / "set", options, lambda done, total: told.append((done, total)))


def test_the_manifest_names_volumes_that_hold_the_patients(manifest: Path) -> None:
    cases = read_manifest(manifest)
    assert [case.case_id for case in cases] == ["phantom-0000", "phantom-0001"]
    assert (set(cases[0].images), set(cases[0].labels)) == ({"stir"}, {"edema", "bones"})
    for index, case in enumerate(cases):
        study = make_patient(PLAIN_TINY, 5, index)
        stored = {"stir": case.images["stir"], **case.labels}
        for name, volume in {"stir": study.image, "edema": study.edema, "bones": study.bones}.items():
            read = read_image(stored[name])
            assert read.geometry.same_grid(volume.geometry)
            np.testing.assert_array_equal(read.array, volume.array.astype(np.float32))


def test_the_truth_table_has_a_row_a_lesion(manifest: Path) -> None:
    for index in range(2):
        study = make_patient(PLAIN_TINY, 5, index)
        with (manifest.parent / study.case_id / "truth.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["bone"] for row in rows] == [lesion.plan.bone.name for lesion in study.lesions]


def test_the_plain_preset_writes_no_more_than_it_ever_did(manifest: Path) -> None:
    files = {path.relative_to(manifest.parent).as_posix() for path in manifest.parent.rglob("*") if path.is_file()}
    names = ("stir.nii.gz", "edema.nii.gz", "bones.nii.gz", "truth.csv")
    assert files == {"manifest.csv", *(f"phantom-000{index}/{name}" for index in range(2) for name in names)}


def test_both_manifests_tell_the_same_studies(varied: Path) -> None:
    cases, as_dicom = read_manifest(varied), read_manifest(varied.parent / DICOM_MANIFEST_FILE)
    assert [case.case_id for case in cases] == ["phantom-0000-v1", "phantom-0000-v2"]
    for case, other in zip(cases, as_dicom, strict=True):
        assert other.case_id != case.case_id
        assert (other.patient_id, other.visit) == (case.patient_id, case.visit)
        assert (other.images, other.labels) == (case.images, case.labels)
    assert len({case.case_id for case in as_dicom}) == 2


def test_progress_is_told(varied: Path, told: list[tuple[int, int]]) -> None:
    assert told == [(1, 2), (2, 2)]


def test_without_dicom_there_is_no_second_manifest(manifest: Path) -> None:
    assert not (manifest.parent / DICOM_MANIFEST_FILE).exists()


def test_a_manifest_is_not_overwritten(manifest: Path) -> None:
    before = manifest.read_bytes()
    with pytest.raises(InputError, match=r"manifest\.csv: exists already; give another folder, or delete"):
        make_phantoms(manifest.parent, PhantomOptions(patients=1, tiny=True))
    assert manifest.read_bytes() == before


def test_a_broken_run_is_not_written_over(varied: Path, tmp_path: Path) -> None:
    """Its DICOM, which has no manifest yet, is in the way."""
    (tmp_path / "phantom-0000" / "dicom").mkdir(parents=True)
    options = PhantomOptions(patients=1, preset=str(varied.parents[1] / "small.yaml"), tiny=True, dicom=True)
    with pytest.raises(InputError, match="dicom: exists already; give another folder, or delete this one"):
        make_phantoms(tmp_path, options)
    assert not (tmp_path / "manifest.csv").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patients": 0}, "--patients: is 0; give 1 or more"),
        ({"visits": 0}, "--visits: is 0; give 1 or more"),
        ({"seed": -1}, "--seed: is -1; give 0 or more"),
        ({"preset": "plain", "visits": 2}, "preset 'plain': has one visit and STIR only, and ages of its own"),
        ({"preset": "plain", "sequences": ("stir",)}, "preset 'plain': has one visit"),
        ({"preset": "plain", "age_years": 9.0}, "preset 'plain': has one visit"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        PhantomOptions(**options)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"preset": "hard"},
            "give a YAML file that exists, or one of: region, spine, training, training_regions, training_spines, "
            "whole_body, plain, or",
        ),
        ({"age_years": 40.0}, "age_years: is 40 to 40; give ages of 3 to 17 years"),
        ({"age_years": -1.0}, "age_years: is -1 to -1; give ages of 3 to 17 years"),
        ({"age_years": float("nan")}, "age_years: is nan to nan; give ages of 3 to 17 years"),
        ({"sequences": ("flair",)}, "sequences: is flair; give each once, of: stir, t1, t2_dixon_water"),
        ({"sequences": ()}, "sequences: is empty"),
        ({"visits": 14}, "--visits: is 14, which may span 15.2 years; give fewer, or less months_between_visits"),
    ],
)
def test_impossible_settings_leave_no_folder(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        make_phantoms(tmp_path / "new", PhantomOptions(tiny=True, **options))  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(InputError, match="is a file; give a folder"):
        make_phantoms(file, PhantomOptions(patients=1, tiny=True))


def test_options_change_the_preset_only_where_they_are_given() -> None:
    preset = read_preset("training")
    assert PhantomOptions(preset="training").settings() == preset
    assert PhantomOptions(preset="training", tiny=True).settings() == as_tiny(preset)
    changed = PhantomOptions(preset="training", sequences=("t1", "stir"), age_years=7.5).settings()
    assert (changed.sequences, changed.age_years) == (("t1", "stir"), (7.5, 7.5))
    assert (changed.edema, changed.scan) == (preset.edema, preset.scan)


def test_as_many_visits_as_fit_are_allowed() -> None:
    assert PhantomOptions(visits=13).settings() == read_preset("whole_body")
