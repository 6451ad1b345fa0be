from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import ALL_ORIENTATIONS, PROVENANCE, make_geometry
from dicom_tools import dcmqi_lesions, dcmqi_measurements, validator_errors
from pacs_builders import FEMUR, PATIENT, VERTEBRA, composed_of, lesion_map_of, points_mm, sorted_points, write_station

from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.write.results import segmentation_names, write_dicom_results
from crmo_seg.lesions import LesionMap
from crmo_seg.volume import Geometry, Volume

GRID = make_geometry((6, 9, 4), (1.5, 2.0, 6.0), angle_degrees=8.0)
SIGNAL = Volume(np.zeros(GRID.shape, dtype=np.float32), GRID)
PICTURE = np.full((12, 10, 3), 77, dtype=np.uint8)
NAMES = ["edema_seg_3.dcm", "edema_seg_4.dcm", "edema_sr.dcm", "edema_key_1.dcm"]


def rows(first: int, last: int) -> Geometry:
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.to_world_mm(np.array([0, first, 0]))
    return Geometry(affine, (6, last - first, 4))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stations of series 3 and 4 that share two rows."""
    folder = tmp_path_factory.mktemp("results") / "study"
    write_station(folder / "upper", rows(0, 5), 3)
    write_station(folder / "lower", rows(3, 9), 4)
    return folder


@pytest.fixture(scope="module")
def lesions() -> LesionMap:
    """One in both stations, one in the upper, one in the lower of a single voxel."""
    ids = np.zeros(GRID.shape, dtype=np.int32)
    ids[1:4, 2:6, 1:3], ids[4:, 0:2, 2:], ids[0, 8, 0] = 1, 2, 3
    return lesion_map_of(GRID, ids, [FEMUR, VERTEBRA])


@pytest.fixture(scope="module")
def written(study: Path, lesions: LesionMap, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("written") / "dicom"
    return write_dicom_results(folder, lesions, composed_of(study, SIGNAL), PROVENANCE, [PICTURE])


def test_each_station_has_its_segmentation_and_the_study_a_report(written: tuple[Path, ...]) -> None:
    assert [path.name for path in written] == NAMES
    assert sorted(path.name for path in written[0].parent.iterdir()) == sorted(NAMES)
    read = [pydicom.dcmread(path) for path in written]
    assert len({item.SeriesInstanceUID for item in read}) == len({item.SeriesNumber for item in read}) == 4
    assert len({item.StudyInstanceUID for item in read}) == 1
    assert {item.SeriesNumber for item in read}.isdisjoint({3, 4})


@pytest.mark.parametrize("index", range(4), ids=NAMES)
def test_a_validator_finds_no_error(index: int, written: tuple[Path, ...]) -> None:
    assert validator_errors(written[index]) == []


def test_dcmqi_reads_the_lesions_of_each_station(
    written: tuple[Path, ...], study: Path, lesions: LesionMap, tmp_path: Path
) -> None:
    uids = {}
    for number, (path, stack) in enumerate(zip(written, find_stacks(study), strict=False)):
        assert stack.geometry is not None
        for item in pydicom.dcmread(path).SegmentSequence:
            uids[item.TrackingUID] = int(item.SegmentLabel.split()[1].strip(","))
        for uid, points in dcmqi_lesions(path, tmp_path / str(number)).items():
            expected = _on_station(lesions, uids[uid], stack.geometry)
            np.testing.assert_allclose(sorted_points(points), expected, atol=0.03)
    assert sorted(uids.values()) == [1, 2, 3]


def test_dcmqi_reads_the_measurements(written: tuple[Path, ...], lesions: LesionMap, tmp_path: Path) -> None:
    whole, *groups = dcmqi_measurements(written[2], tmp_path)
    assert float(whole["measurementItems"][0]["value"]) == 3
    assert [group["TrackingIdentifier"] for group in groups] == [
        "Lesion 1, left femur, metaphysis", "Lesion 2, vertebra T5", "Lesion 3",
    ]  # fmt: skip
    assert (groups[0]["FindingSite"]["CodeMeaning"], groups[0]["Laterality"]["CodeMeaning"]) == ("Femur", "Left")
    for group, lesion in zip(groups, lesions.lesions, strict=True):
        volume, diameter, ratio, _ = (float(item["value"]) for item in group["measurementItems"])
        assert volume == pytest.approx(lesion.volume_ml, abs=1e-4)
        assert (diameter, ratio) == (lesion.max_diameter_mm, lesion.signal_ratio)
    segmentations = {pydicom.dcmread(path).SOPInstanceUID for path in written[:2]}
    assert {group["segmentationSOPInstanceUID"] for group in groups} == segmentations


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS[5::19])
def test_dcmqi_finds_the_lesions_of_turned_slices_in_place(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool], lesions: LesionMap, tmp_path: Path
) -> None:
    write_station(tmp_path / "study", GRID.transposed(axes, flips))
    segmentation, _ = write_dicom_results(
        tmp_path / "dicom", lesions, composed_of(tmp_path / "study", SIGNAL), PROVENANCE
    )
    assert segmentation.name == "edema_seg.dcm"
    found = dcmqi_lesions(segmentation, tmp_path / "dcmqi").values()
    for number, points in enumerate(found, 1):
        expected = points_mm(GRID, lesions.labels.array == number)
        np.testing.assert_allclose(sorted_points(points), expected, atol=0.03)
    assert len(found) == 3


def test_writing_again_gives_the_same_uids(
    written: tuple[Path, ...], study: Path, lesions: LesionMap, tmp_path: Path
) -> None:
    again = write_dicom_results(tmp_path / "dicom", lesions, composed_of(study, SIGNAL), PROVENANCE, [PICTURE])
    for first, second in zip(map(pydicom.dcmread, written), map(pydicom.dcmread, again), strict=True):
        assert first.SOPInstanceUID == second.SOPInstanceUID
        assert first.SeriesInstanceUID == second.SeriesInstanceUID


def test_no_lesion_gives_a_report_and_no_segmentation(study: Path, tmp_path: Path) -> None:
    none = lesion_map_of(GRID, np.zeros(GRID.shape, dtype=np.int32))
    files = write_dicom_results(tmp_path / "dicom", none, composed_of(study, SIGNAL), PROVENANCE, [PICTURE])
    assert [path.name for path in files] == ["edema_sr.dcm", "edema_key_1.dcm"]
    assert validator_errors(files[0]) == []
    (group,) = dcmqi_measurements(files[0], tmp_path)
    assert group["measurementItems"][0]["value"] in ("0", "0.0")


def test_the_patient_is_in_the_files_and_in_no_message(
    lesions: LesionMap, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    bent = {"PatientName": "Ünalçağla", "PatientBirthDate": "unbekannt", "PatientSex": "female",
            "SpecificCharacterSet": "ISO_IR 148"}  # fmt: skip
    with warnings.catch_warnings(action="ignore"):  # of the test's own writing
        write_station(tmp_path / "study", GRID, attributes=bent)
    composed = composed_of(tmp_path / "study", SIGNAL)
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    files = write_dicom_results(tmp_path / "dicom", lesions, composed, PROVENANCE, [PICTURE])
    shown = caplog.text + "".join(capfd.readouterr())
    for value in (bent["PatientName"], bent["PatientBirthDate"], PATIENT["PatientID"]):
        assert value not in shown
    for path in files:
        assert pydicom.dcmread(path).PatientName == bent["PatientName"]


def test_nothing_is_left_of_a_failed_attempt(study: Path, lesions: LesionMap, tmp_path: Path) -> None:
    bad = [np.zeros((4, 4), dtype=np.float32)]
    with pytest.raises(TypeError):
        write_dicom_results(tmp_path / "dicom", lesions, composed_of(study, SIGNAL), PROVENANCE, bad)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_stations_without_a_number_of_their_own_are_counted(tmp_path: Path) -> None:
    for number in (3, 4):
        write_station(tmp_path / str(number), rows(number, number + 2), number, {"SeriesNumber": 7})
    assert segmentation_names(find_stacks(tmp_path)) == ["edema_seg_1.dcm", "edema_seg_2.dcm"]


def _on_station(lesions: LesionMap, number: int, station: Geometry) -> np.ndarray:
    """The lesion's voxels that lie inside the station, which shares its voxels with the whole."""
    indices = np.argwhere(lesions.labels.array == number)
    points = lesions.labels.geometry.to_world_mm(indices)
    inside = station.to_index(points)
    within = ((inside > -0.5) & (inside < np.array(station.shape) - 0.5)).all(axis=1)
    return sorted_points(points[within])
