"""A phantom as a hospital would send it: stations and a composed series in one study, read and predicted on."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest
from stub_model import Finished, make_image, write_model

from crmo_seg.cases import read_manifest
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.synthetic.files import write_mr_study
from crmo_seg.io.dicom.synthetic.study import COMPOSED_IMAGE_TYPE, ORIGINAL_IMAGE_TYPE, MrSequence, MrSeries, MrStudy
from crmo_seg.io.dicom.uids import derived_uid
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.io.study import open_study
from crmo_seg.keys import STIR
from crmo_seg.volume import Geometry, Volume

SEQUENCE = MrSequence(("SE", "IR"), 4500, 70, 160, 1.5, 150, 12, ("SK", "SP"))
FRAME = derived_uid("frame of the phantom")
CORONAL = 1
COMPOSED_NUMBER = 9
THICKNESS_SHARE = 0.8  # the rest is the gap


@pytest.fixture(scope="module")
def composed(unseen_phantoms: Path) -> Volume:
    """A tiny phantom, in 12 bits."""
    image = read_image(read_manifest(unseen_phantoms)[0].images[STIR]).canonical()
    return image.with_array(np.clip(np.rint(image.array), 0, 4095).astype(np.float32))


def crop(volume: Volume, first: int, last: int) -> Volume:
    """Rows of a coronal volume, feet to head."""
    affine = volume.geometry.affine.copy()
    affine[:3, 3] = volume.geometry.to_world_mm(np.array([0, 0, first]))
    x, y, _ = volume.geometry.shape
    return Volume(volume.array[:, :, first:last], Geometry(affine, (x, y, last - first)))


@pytest.fixture(scope="module")
def stations(composed: Volume) -> list[Volume]:
    """Four, from the head down, each sharing rows with the next."""
    edges = np.linspace(composed.geometry.shape[2], 0, 5).round().astype(int)
    return [crop(composed, max(low - 4, 0), high) for high, low in pairwise(edges)]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, composed: Volume, stations: list[Volume]) -> Path:
    thickness_mm = THICKNESS_SHARE * composed.geometry.spacing_mm[CORONAL]
    series = [
        MrSeries(
            volume, CORONAL, number, f"STIR cor station {number}", ORIGINAL_IMAGE_TYPE, thickness_mm, SEQUENCE, FRAME,
            "LEG" if number > 2 else "WHOLEBODY",
        )
        for number, volume in enumerate(stations, start=1)
    ]  # fmt: skip
    joined = MrSeries(
        composed, CORONAL, COMPOSED_NUMBER, "STIR cor composed", COMPOSED_IMAGE_TYPE, thickness_mm,
        SEQUENCE.without_times(), derived_uid("composed"), "WHOLEBODY",
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("dicom") / "study"
    patient = MrStudy("P0001", "F", 9.4, datetime.date(2024, 2, 29), (*series, joined))
    write_mr_study(folder, patient, seed_text="seed 0")
    return folder


def test_every_series_reads_back(study: Path, composed: Volume, stations: list[Volume]) -> None:
    case_ids = set()
    for number, written in [*enumerate(stations, start=1), (COMPOSED_NUMBER, composed)]:
        (case,) = open_study(study / f"series-{number:02d}")
        (read,) = (volume.canonical() for volume in case.read().values())
        np.testing.assert_array_equal(read.array, written.array)
        assert read.geometry.same_grid(written.geometry, 1e-4)
        assert (case.patient_id, case.visit) == ("P0001", "2024-02-29")
        case_ids.add(case.case_id)
    assert len(case_ids) == 1


def test_the_study_tells_its_series_apart(study: Path) -> None:
    found = find_stacks(study)
    names = {f"STIR cor station {number}" for number in range(1, 5)} | {"STIR cor composed"}
    assert {stack.header["SeriesDescription"] for stack in found} == names
    for stack in found:
        (case,) = open_study(study, series_uid=stack.series_uid)
        assert stack.geometry is not None
        assert case.read()[STIR].array.shape == stack.geometry.shape


def test_overlapping_stations_show_the_same_tissue_at_the_same_place(study: Path, composed: Volume) -> None:
    """By hand with pydicom: the position of each row of each station, looked up in the composed series."""
    whole = {}
    for path in sorted((study / f"series-{COMPOSED_NUMBER:02d}").iterdir()):
        file = pydicom.dcmread(path)
        whole[round(float(file.ImagePositionPatient[1]), 3)] = (float(file.ImagePositionPatient[2]), file.pixel_array)
    rows_seen = set()
    for path in sorted(study.glob("series-0[1-4]/*.dcm")):
        file = pydicom.dcmread(path)
        top_mm, pixels = whole[round(float(file.ImagePositionPatient[1]), 3)]
        row = round((top_mm - float(file.ImagePositionPatient[2])) / float(file.PixelSpacing[0]))
        np.testing.assert_array_equal(file.pixel_array, pixels[row : row + file.Rows])
        rows_seen |= set(range(row, row + file.Rows))
    assert len(rows_seen) == composed.geometry.shape[2]


def test_predict_answers_on_the_grid_of_the_series(crmo_seg: Callable[..., Finished], tmp_path: Path) -> None:
    image, model = make_image(), write_model(tmp_path / "model", edema_logit=9.0)  # edema everywhere
    series = [
        MrSeries(volume, CORONAL, number, f"STIR {number}", ORIGINAL_IMAGE_TYPE, 5.0, SEQUENCE, FRAME, "WHOLEBODY")
        for number, volume in enumerate((crop(image, 0, 9), image), start=1)
    ]
    patient = MrStudy("P0002", "M", 7, datetime.date(2024, 2, 29), tuple(series))
    files = write_mr_study(tmp_path / "study", patient, seed_text="seed 0")
    uid = pydicom.dcmread(files[-1]).SeriesInstanceUID
    done = crmo_seg("predict", tmp_path / "study", "-o", tmp_path / "out", "--model", model, "--series", uid)
    assert done.code == 0, done.err
    (mask,) = (tmp_path / "out").glob("*/edema.nii.gz")
    assert read_labels(mask).canonical().geometry.same_grid(image.geometry)
    assert read_labels(mask).array.any()


def test_a_validator_finds_no_error_in_any_file(study: Path) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    for path in sorted(study.rglob("*.dcm")):
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        assert "MRImage" in lines
        assert [line for line in lines if line.startswith("Error")] == [], path.name
