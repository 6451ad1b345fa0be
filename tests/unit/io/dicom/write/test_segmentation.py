from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from builders import ALL_ORIENTATIONS, PROVENANCE, make_geometry
from pacs_builders import FEMUR, VERTEBRA, lesion_map_of, points_mm, sorted_points, write_station

from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.write.identity import identity_of
from crmo_seg.io.dicom.write.segmentation import StationSegmentation, segment_station
from crmo_seg.io.dicom.write.sources import read_station
from crmo_seg.io.dicom.write.station_labels import labels_on
from crmo_seg.lesions import LesionMap
from crmo_seg.prediction import Provenance
from crmo_seg.volume import Array, Geometry, Volume

GRID = make_geometry((6, 5, 4), (1.5, 2.0, 6.0), angle_degrees=12.0)


def some_ids(shape: tuple[int, int, int] = GRID.shape) -> Array:
    ids = np.zeros(shape, dtype=np.int32)
    ids[1:3, 1:4, 1:3] = 1
    ids[4, 0, 2] = 2
    ids[5, 4, 0] = 3
    return ids


def segmented(folder: Path, lesions: LesionMap) -> list[StationSegmentation]:
    stations = [read_station(stack) for stack in find_stacks(folder)]
    identity = identity_of(lesions, PROVENANCE)
    return [
        segment_station(station, labels_on(lesions.labels, station.geometry), lesions.lesions, identity, 9001)
        for station in stations
    ]


def read_back(result: StationSegmentation, path: Path) -> dict[int, Array]:
    """Segment number -> RAS+ mm of its voxels, by highdicom."""
    assert result.dataset is not None
    result.dataset.save_as(path)
    read = hd.seg.segread(path)
    volume = read.get_volume(combine_segments=True)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    found = {}
    for number in read.segment_numbers:
        indices = np.argwhere(volume.array == number)
        found[int(number)] = sorted_points(indices @ affine[:3, :3].T + affine[:3, 3])
    return found


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> StationSegmentation:
    folder = tmp_path_factory.mktemp("one") / "study"
    write_station(folder, GRID, attributes={"PatientName": "NOCARET"})
    return segmented(folder, lesion_map_of(GRID, some_ids(), [FEMUR, VERTEBRA]))[0]


@pytest.mark.parametrize(
    ("axes", "flips", "angle"),
    [
        *[(*turned, 0.0) for turned in ALL_ORIENTATIONS[::8]],
        *[
            pytest.param(*turned, 25.0, marks=() if index % 3 == 0 else pytest.mark.slow)
            for index, turned in enumerate(ALL_ORIENTATIONS)
        ],
    ],
)
def test_slices_of_any_orientation_get_the_lesion_back_in_place(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool], angle: float, tmp_path: Path
) -> None:
    """Coronal, sagittal, axial and oblique, rows, columns and slices run either way."""
    grid = make_geometry((5, 4, 3), (2.0, 3.0, 5.0), angle)
    ids = np.zeros(grid.shape, dtype=np.int32)
    ids[1:3, 1, :2], ids[4, 3, 2] = 1, 2
    write_station(tmp_path / "study", grid.transposed(axes, flips))
    (result,) = segmented(tmp_path / "study", lesion_map_of(grid, ids))
    found = read_back(result, tmp_path / "seg.dcm")
    for number in (1, 2):
        np.testing.assert_allclose(found[number], points_mm(grid, ids == number), atol=0.011)


def test_frames_name_their_source_slices(one: StationSegmentation) -> None:
    """By the position that the slice's own file tells."""
    assert one.dataset is not None
    places = {
        str(header.SOPInstanceUID): [float(mm) for mm in header.ImagePositionPatient]
        for header in (pydicom.dcmread(source.file.path) for source in one.station.stack.slices[0])
    }
    frames = one.dataset.PerFrameFunctionalGroupsSequence
    assert len(frames) == 4  # lesion 1 on two slices, 2 and 3 on one each
    for frame in frames:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        position = [float(mm) for mm in frame.PlanePositionSequence[0].ImagePositionPatient]
        np.testing.assert_allclose(position, places[source.ReferencedSOPInstanceUID], atol=1e-6)
        assert source.SpatialLocationsPreserved == "YES"
    (series,) = one.dataset.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == one.station.stack.series_uid
    assert {item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence} == set(places)


def test_segments_say_what_and_where(one: StationSegmentation) -> None:
    assert one.dataset is not None
    first, second, third = one.dataset.SegmentSequence
    assert first.SegmentLabel == first.TrackingID == "Lesion 1, left femur, metaphysis"
    assert first.AnatomicRegionSequence[0].CodeValue == FEMUR.snomed_code
    assert first.AnatomicRegionSequence[0].AnatomicRegionModifierSequence[0].CodeMeaning == "Left"
    assert "AnatomicRegionModifierSequence" not in second.AnatomicRegionSequence[0]
    assert "AnatomicRegionSequence" not in third
    for segment in (first, second, third):
        assert segment.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "49755003"
        assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "79654002"
        assert segment.PrimaryAnatomicStructureSequence[0].CodeValue == "14016003"
        assert segment.SegmentAlgorithmType == "AUTOMATIC"
        assert segment.SegmentAlgorithmName == "crmo_seg default"
    assert len({segment.TrackingUID for segment in (first, second, third)}) == 3


@pytest.mark.parametrize(
    ("provenance", "parameters"),
    [
        (PROVENANCE, "mode=default,threshold=0.45,minimum_lesion_ml=0.1"),
        (replace(PROVENANCE, mode="baseline", threshold=None), "mode=baseline,minimum_lesion_ml=0.1"),
        (
            replace(PROVENANCE, minimum_peak_probability=0.9),
            "mode=default,threshold=0.45,minimum_lesion_ml=0.1,minimum_peak_probability=0.9",
        ),
    ],
)
def test_the_algorithm_tells_its_threshold_where_it_has_one(
    provenance: Provenance, parameters: str, one: StationSegmentation
) -> None:
    lesions = lesion_map_of(GRID, some_ids())
    labels = labels_on(lesions.labels, one.station.geometry)
    result = segment_station(one.station, labels, lesions.lesions, identity_of(lesions, provenance), 9001)
    assert result.dataset is not None
    (algorithm,) = result.dataset.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence
    assert algorithm.AlgorithmParameters == parameters


def test_it_belongs_to_the_patient_and_study_and_says_research(one: StationSegmentation) -> None:
    dataset = one.dataset
    assert dataset is not None
    assert dataset.PatientName == "NOCARET"
    assert (dataset.PatientID, dataset.StudyID, dataset.AccessionNumber) == ("4711", "S1", "A1")
    assert dataset.StudyInstanceUID == one.station.stack.study_uid
    assert dataset.FrameOfReferenceUID == one.station.stack.frame_of_reference_uid
    assert dataset.SeriesInstanceUID != one.station.stack.series_uid
    assert "research use only, not for diagnosis" in dataset.SeriesDescription
    assert "research use only, not for diagnosis" in dataset.ContentDescription
    assert (dataset.ContentQualification, dataset.SegmentationType) == ("RESEARCH", "BINARY")


def test_neighbours_share_a_lesion_by_its_tracking_uid(tmp_path: Path) -> None:
    """Two stations that overlap in one row of voxels, in which lesion 1 lies; lesion 2 is on the second only."""
    whole = make_geometry((4, 9, 3), (2.0, 2.0, 6.0))
    upper, lower = (Geometry(_shifted(whole, first), (4, 5, 3)) for first in (0, 4))
    for number, station in enumerate((upper, lower), 1):
        write_station(tmp_path / "study" / str(number), station, number)
    ids = np.zeros(whole.shape, dtype=np.int32)
    ids[1, 3:6, 1], ids[2, 7, 2] = 1, 2
    first, second = segmented(tmp_path / "study", lesion_map_of(whole, ids))
    assert first.dataset is not None
    assert second.dataset is not None
    shared, other = (set(_tracking_uids(result.dataset)) for result in (first, second))
    assert len(shared) == 1
    assert shared < other
    assert first.voxels.sum(axis=1)[1:].tolist() == [2, 0]
    assert second.voxels.sum(axis=1)[1:].tolist() == [2, 1]
    assert first.dataset.SeriesInstanceUID != second.dataset.SeriesInstanceUID
    expected = points_mm(lower, labels_on(Volume(ids, whole), lower) == 2)
    np.testing.assert_allclose(read_back(second, tmp_path / "seg.dcm")[2], expected, atol=0.011)


def test_a_station_without_a_lesion_has_no_segmentation(tmp_path: Path) -> None:
    write_station(tmp_path / "study", GRID)
    (result,) = segmented(tmp_path / "study", lesion_map_of(GRID, np.zeros(GRID.shape, dtype=np.int32)))
    assert result.dataset is None
    assert not result.segment_of_lesion


@pytest.mark.parametrize("count", [3, 4])
def test_too_many_lesions_share_one_segment(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmo_seg.io.dicom.write.segmentation.MOST_SEGMENTS", 3)
    write_station(tmp_path / "study", GRID)
    ids = np.zeros(GRID.shape, dtype=np.int32)
    ids.ravel()[: 2 * count : 2] = np.arange(1, count + 1)
    (result,) = segmented(tmp_path / "study", lesion_map_of(GRID, ids))
    assert result.dataset is not None
    many = count > 3
    assert len(result.dataset.SegmentSequence) == (1 if many else count)
    assert len(result.segment_of_lesion) == (0 if many else count)
    if many:
        (found,) = read_back(result, tmp_path / "seg.dcm").values()
        np.testing.assert_allclose(found, points_mm(GRID, ids > 0), atol=0.011)


@pytest.mark.parametrize(
    "keyword", ["FrameOfReferenceUID", "PatientSex", "StudyID", "SliceThickness", "PatientBirthDate"]
)
def test_a_source_may_lack_what_the_standard_wants(keyword: str, tmp_path: Path) -> None:
    write_station(tmp_path / "study", GRID, attributes={keyword: None})
    (result,) = segmented(tmp_path / "study", lesion_map_of(GRID, some_ids()))
    assert result.dataset is not None
    assert keyword in result.dataset or keyword == "SliceThickness"
    assert result.dataset.FrameOfReferenceUID


def test_what_comes_from_lossy_images_says_so(tmp_path: Path) -> None:
    lossy = {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": 10,
        "LossyImageCompressionMethod": "ISO_10918_1",
    }
    write_station(tmp_path / "study", GRID, attributes=lossy)
    (result,) = segmented(tmp_path / "study", lesion_map_of(GRID, some_ids()))
    assert result.dataset is not None
    assert {keyword: result.dataset[keyword].value for keyword in lossy} == lossy


def _shifted(geometry: Geometry, row: int) -> Array:
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.to_world_mm(np.array([0, row, 0]))
    return affine


def _tracking_uids(dataset: pydicom.Dataset | None) -> list[str]:
    assert dataset is not None
    return [segment.TrackingUID for segment in dataset.SegmentSequence]
