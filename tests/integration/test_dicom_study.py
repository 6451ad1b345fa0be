"""A whole DICOM examination as a hospital sends it: what is chosen, how stations are joined, what predict answers."""

from __future__ import annotations

import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import make_plan
from stack_builders import source_of_voxel
from stub_model import Finished, entries

from crmo_seg.bundle import NETWORKS, ModelBundle, save_bundle
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.synthetic.files import write_mr_study
from crmo_seg.io.dicom.synthetic.study import COMPOSED_IMAGE_TYPE
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.io.study import open_study
from crmo_seg.network import build_network
from crmo_seg.phantom.dicom import mr_study_of
from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.scan.settings import NO_ARTEFACTS
from crmo_seg.phantom.settings import as_tiny, read_preset
from crmo_seg.plan import GridPlan


def make_phantom(*, perfect: bool) -> PhantomStudy:
    """A tiny child in three stations, STIR and T1."""
    tiny = as_tiny(read_preset("whole_body"))
    artefacts = NO_ARTEFACTS if perfect else tiny.scan.artefacts
    scan = replace(tiny.scan, stations=(3, 3), artefacts=artefacts)
    (study,) = make_studies(replace(tiny, sequences=("stir", "t1"), scan=scan), 5, 0)
    return study


@pytest.fixture(scope="module")
def phantom() -> PhantomStudy:
    """By a perfect scanner."""
    return make_phantom(perfect=True)


def scatter(files: Sequence[Path], folder: Path) -> Path:
    """The files shuffled, renamed, and beside things that are no images."""
    order = list(files)
    random.Random(0).shuffle(order)
    for number, path in enumerate(order):
        place = folder / f"DIR{number % 3}"
        place.mkdir(exist_ok=True)
        shutil.copy(path, place / f"IM{number:05d}")
    (folder / "DIR0" / "readme.txt").write_text("nothing\n" * 100)
    return folder


def is_composed(path: Path) -> bool:
    return list(pydicom.dcmread(path, specific_tags=["ImageType"]).ImageType) == list(COMPOSED_IMAGE_TYPE)


@pytest.fixture(scope="module")
def files(phantom: PhantomStudy, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return write_mr_study(tmp_path_factory.mktemp("made") / "dicom", mr_study_of(phantom), seed_text="seed")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with large voxels and windows, for a whole body in a moment; it finds nothing."""
    plan = replace(make_plan(patch=(64, 64, 16)), grid=GridPlan(8.0, (3.0, 10.0)))
    weights = {name: value.numpy() for name, value in build_network(NETWORKS[0], plan).state_dict().items()}
    for name in weights:
        if name.startswith("heads."):
            weights[name][...] = -9.0 if name.endswith("bias") else 0.0
    folder = tmp_path_factory.mktemp("model") / "bundle"
    save_bundle(ModelBundle("coarse", plan, weights), folder)
    return folder


@pytest.fixture(scope="module")
def exam(files: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All eight series: three stations and the composed one, of two sequences."""
    return scatter(files, tmp_path_factory.mktemp("exam"))


@pytest.fixture(scope="module")
def stations_only(files: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without what the scanner composed."""
    return scatter([path for path in files if not is_composed(path)], tmp_path_factory.mktemp("stations"))


def test_the_stations_make_the_phantoms_own_volume(phantom: PhantomStudy, stations_only: Path) -> None:
    (case,) = open_study(stations_only)
    composed = case.read_dicom()
    assert (len(composed.stations), composed.vendor_composed, composed.notes) == (3, False, ())
    truth, volume = phantom.scan.images["stir"].canonical(), composed.volume.canonical()
    assert volume.geometry.same_grid(truth.geometry, 1e-3)
    np.testing.assert_array_equal(volume.array, truth.array)
    rows = composed.volume.with_array(composed.station_of_voxel).canonical().array[0, 0]
    assert (np.diff(rows.astype(int)) <= 0).all()  # from the feet, station 3, to the head, station 1


@pytest.mark.slow
def test_stations_with_all_faults_of_a_scanner_make_nearly_it(tmp_path: Path) -> None:
    faulty = make_phantom(perfect=False)
    made = write_mr_study(tmp_path / "made", mr_study_of(faulty), seed_text="seed")
    (tmp_path / "stations").mkdir()
    folder = scatter([path for path in made if not is_composed(path)], tmp_path / "stations")
    volume = open_study(folder)[0].read_dicom().volume.canonical()
    truth = faulty.scan.images["stir"].canonical()
    assert volume.geometry.same_grid(truth.geometry, 1e-3)
    assert np.corrcoef(volume.array.ravel(), truth.array.ravel())[0, 1] > 0.95


def test_every_voxel_leads_to_the_file_and_pixel_that_it_comes_from(stations_only: Path) -> None:
    """Read by pydicom alone; away from overlaps the pixel is the voxel."""
    composed = open_study(stations_only)[0].read_dicom()
    rng = np.random.default_rng(0)
    bright = np.argwhere(composed.volume.array > 100)
    for index in rng.choice(bright, 20).tolist():
        found = source_of_voxel(composed, tuple(index))
        assert found is not None
        dataset = pydicom.dcmread(found[1].file.path)
        point = composed.volume.geometry.to_world_mm(np.array(index)) * (-1, -1, 1) - dataset.ImagePositionPatient
        directions = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
        column, row = (directions @ point / np.array(dataset.PixelSpacing[::-1], float)).round().astype(int)
        assert abs(float(np.cross(*directions) @ point)) < 1e-3
        assert dataset.pixel_array[row, column] == composed.volume.array[tuple(index)]


@pytest.mark.parametrize("zipped", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_predict_answers_on_the_composed_series(
    exam: Path, phantom: PhantomStudy, model: Path, crmo_seg: Callable[..., Finished], tmp_path: Path, zipped: bool
) -> None:
    source = exam
    if zipped:
        source = tmp_path / "exam.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for path in exam.rglob("*"):
                archive.write(path, path.relative_to(exam))
    done = crmo_seg("predict", source, "-o", tmp_path / "out", "--model", model)
    assert done.code == 0, done.err
    (folder,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir())
    assert re.fullmatch("[0-9a-f]{12}", folder.name)
    for name, read in (("edema", read_labels), ("image", read_image)):
        grid = read(folder / f"{name}.nii.gz").canonical().geometry
        assert grid.same_grid(phantom.scan.images["stir"].canonical().geometry, 1e-3)
    summary = json.loads((folder / "summary.json").read_text())
    notes = [flag["text"] for flag in summary["quality_flags"] if flag["code"] == "dicom_source"]
    assert notes == ["The volume is series 7 (STIR cor composed), which the scanner composed."]
    assert "which the scanner composed" in (folder / "report.html").read_text()


@pytest.mark.slow
def test_predict_takes_the_series_that_is_named(
    exam: Path, phantom: PhantomStudy, model: Path, crmo_seg: Callable[..., Finished], tmp_path: Path
) -> None:
    second = next(stack for stack in find_stacks(exam) if stack.header["SeriesDescription"] == "T1 TSE cor station 2")
    done = crmo_seg("predict", exam, "-o", tmp_path / "out", "--model", model, "--series", second.series_uid)
    assert done.code == 0, done.err
    (mask,) = (tmp_path / "out").glob("*/edema.nii.gz")
    station = phantom.scan.stations[::-1][1].images["t1"]
    assert read_labels(mask).canonical().geometry.same_grid(station.canonical().geometry, 1e-3)


@pytest.mark.slow
def test_two_visits_in_a_folder_are_two_cases(
    exam: Path, model: Path, crmo_seg: Callable[..., Finished], tmp_path: Path
) -> None:
    for path in exam.rglob("IM*"):
        dataset = pydicom.dcmread(path)
        if str(dataset.SeriesDescription) == "STIR cor composed":
            dataset.save_as(tmp_path / path.name)
            change(dataset, study="1.2.3", date="20200101").save_as(tmp_path / f"before-{path.name}")
    done = crmo_seg("predict", tmp_path, "-o", tmp_path / "out", "--model", model)
    assert done.code == 0, done.err
    visits = [json.loads(path.read_text())["visit"] for path in (tmp_path / "out").glob("*/summary.json")]
    assert len(visits) == 2
    assert "2020-01-01" in visits


def change(dataset: pydicom.Dataset, study: str, date: str) -> pydicom.Dataset:
    """Another study of the same patient."""
    dataset.StudyInstanceUID, dataset.StudyDate = study, date
    dataset.SeriesInstanceUID = f"{study}.{dataset.SeriesNumber}"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{study}.9.{dataset.InstanceNumber}"
    return dataset


def test_mixed_patients_are_refused(exam: Path, model: Path, crmo_seg: Callable[..., Finished], tmp_path: Path) -> None:
    folder = shutil.copytree(exam, tmp_path / "exam")
    dataset = pydicom.dcmread(next(folder.rglob("IM*")))
    dataset.PatientID = "somebody else"
    change(dataset, "1.2.4", "20200101").save_as(folder / "other")
    done = crmo_seg("predict", folder, "-o", tmp_path / "out", "--model", model)
    done.assert_refused(f"{folder}: has images of 2 patients (PatientID); keep the patients apart, one folder each")
    assert "somebody" not in done.err
    assert entries(tmp_path / "out") == []


def test_a_study_without_a_fluid_sensitive_series_is_refused(
    exam: Path, model: Path, crmo_seg: Callable[..., Finished], tmp_path: Path
) -> None:
    (tmp_path / "t1").mkdir()
    for path in exam.rglob("IM*"):
        if str(pydicom.dcmread(path).SeriesDescription).startswith("T1"):
            shutil.copy(path, tmp_path / "t1" / path.name)
    done = crmo_seg("predict", tmp_path / "t1", "-o", tmp_path / "out", "--model", model)
    done.assert_refused("t1: has no series that can be chosen (series 4 (T1 TSE cor station 1) is T1-weighted, ")
    done.assert_refused("choose one with --series UID; crmo-seg inspect lists them")
