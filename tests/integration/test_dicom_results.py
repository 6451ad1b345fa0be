"""From a study of two stations to results that a PACS takes, by the command."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import highdicom as hd
import nibabel as nib
import numpy as np
import pytest
from dicom_tools import validator_errors
from nibabel.affines import apply_affine
from pacs_builders import sorted_points
from stub_model import Finished, make_image, write_model

from crmo_seg.io.dicom.synthetic.files import write_mr_study
from crmo_seg.io.dicom.synthetic.study import ORIGINAL_IMAGE_TYPE, MrSequence, MrSeries, MrStudy
from crmo_seg.io.dicom.uids import derived_uid
from crmo_seg.volume import Geometry, Volume

SEQUENCE = MrSequence(("SE", "IR"), 4500, 70, 160, 1.5, 150, 12, ("SK", "SP"))
CORONAL = 1
STATIONS = {1: (10, 24), 2: (0, 14)}
"""Rows of each, from the feet up; four are in both."""


def write_stations(folder: Path) -> None:
    image, series = make_image(), []
    x, y, _ = image.geometry.shape
    for number, (first, last) in STATIONS.items():
        affine = image.geometry.affine.copy()
        affine[:3, 3] = image.geometry.to_world_mm(np.array([0, 0, first]))
        part = Volume(image.array[:, :, first:last], Geometry(affine, (x, y, last - first)))
        series.append(
            MrSeries(
                part, CORONAL, number, f"STIR cor station {number}", ORIGINAL_IMAGE_TYPE, 5.0, SEQUENCE,
                derived_uid("frame", number), "WHOLEBODY",
            )
        )  # fmt: skip
    patient = MrStudy("Q7Z9", "F", 9.4, datetime.date(2024, 2, 29), tuple(series))
    write_mr_study(folder, patient, seed_text="seed 0")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stations") / "study"
    write_stations(folder)
    return folder


def test_predict_writes_results_for_the_pacs(crmo_seg: Callable[..., Finished], study: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", edema_logit=9.0)  # edema everywhere
    done = crmo_seg("predict", study, "-o", tmp_path / "out", "--model", model)
    assert done.code == 0, done.err
    assert "Q7Z9" not in done.out + done.err
    (folder,) = (tmp_path / "out").glob("*/dicom")
    names = ["edema_key_1.dcm", "edema_key_2.dcm", "edema_seg_1.dcm", "edema_seg_2.dcm", "edema_sr.dcm"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [validator_errors(path) for path in sorted(folder.iterdir())] == [[]] * len(names)
    marked = nib.load(folder.parent / "lesions.nii.gz")
    whole = apply_affine(marked.affine, np.argwhere(np.asarray(marked.dataobj) > 0))
    stations = [points_of(folder / f"edema_seg_{number}.dcm") for number in STATIONS]
    np.testing.assert_allclose(np.unique(np.concatenate(stations), axis=0), np.unique(sorted_points(whole), axis=0))


def test_a_scan_without_a_lesion_gets_a_report_alone(
    crmo_seg: Callable[..., Finished], study: Path, tmp_path: Path
) -> None:
    model = write_model(tmp_path / "model", edema_logit=-9.0)
    assert crmo_seg("predict", study, "-o", tmp_path / "out", "--model", model).code == 0
    (folder,) = (tmp_path / "out").glob("*/dicom")
    assert sorted(path.name for path in folder.iterdir()) == ["edema_key_1.dcm", "edema_sr.dcm"]


def points_of(path: Path) -> np.ndarray:
    """RAS+ mm of all voxels of a SEG."""
    volume = hd.seg.segread(path).get_volume(combine_segments=True)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    return sorted_points(apply_affine(affine, np.argwhere(volume.array > 0)))
