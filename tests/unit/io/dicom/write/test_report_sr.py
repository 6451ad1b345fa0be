from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import highdicom as hd
import numpy as np
import pydicom
import pytest
from builders import PROVENANCE, make_geometry
from highdicom.sr import CodedConcept
from pacs_builders import FEMUR, lesion_map_of, write_station

from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.write import codes
from crmo_seg.io.dicom.write.identity import identity_of
from crmo_seg.io.dicom.write.report_sr import report_of
from crmo_seg.io.dicom.write.segmentation import segment_station
from crmo_seg.io.dicom.write.sources import read_station
from crmo_seg.io.dicom.write.station_labels import labels_on
from crmo_seg.lesions import LesionMap
from crmo_seg.volume import Geometry

GRID = make_geometry((6, 5, 4), (1.5, 2.0, 6.0))
Written: TypeAlias = tuple[pydicom.Dataset, list[pydicom.Dataset | None]]
"""The report, and the segmentation of each station."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stations, the second without the last row of the first."""
    folder = tmp_path_factory.mktemp("report") / "study"
    write_station(folder / "1", GRID, 1)
    write_station(folder / "2", Geometry(GRID.affine, (6, 4, 4)), 2)
    return folder


def report(study: Path, lesions: LesionMap) -> Written:
    identity = identity_of(lesions, PROVENANCE)
    results = []
    for stack in find_stacks(study):
        station = read_station(stack)
        lesion_ids = labels_on(lesions.labels, station.geometry)
        results.append(segment_station(station, lesion_ids, lesions.lesions, identity, 9001))
    return report_of(lesions, results, identity, 9003), [result.dataset for result in results]


def values(group: hd.sr.Template) -> dict[str, float]:
    return {item.name.value: item.value for item in group.get_measurements()}


def texts(dataset: pydicom.Dataset) -> list[str]:
    return [str(element.value) for element in dataset.iterall() if element.keyword == "TextValue"]


def content_of(dataset: pydicom.Dataset) -> hd.sr.MeasurementReport:
    return hd.sr.Comprehensive3DSR.from_dataset(dataset).content


def three_lesions() -> LesionMap:
    ids = np.zeros(GRID.shape, dtype=np.int32)
    ids[1:3, 1:5, 1:3] = 1  # row 4 is on the first station only
    ids[4, 0, 2] = 2
    ids[5, 4, 0] = 3
    return lesion_map_of(GRID, ids, [FEMUR])


@pytest.fixture(scope="module")
def three(study: Path) -> Written:
    return report(study, three_lesions())


def test_a_group_for_each_lesion_with_its_measurements_site_and_segment(three: Written) -> None:
    lesions = three_lesions()
    dataset, segmentations = three
    content = content_of(dataset)
    groups = content.get_volumetric_roi_measurement_groups()
    assert len(groups) == 3
    first = groups[0]
    assert values(first) == {
        "118565006": pytest.approx(lesions.lesions[0].volume_ml, abs=1e-4),
        "L0JK": 11.0,
        "SIGNAL_RATIO": 2.5,
        "MEAN_PROBABILITY": 0.75,
    }
    (site,) = first.finding_sites
    assert (site.value.value, site.laterality.meaning) == (FEMUR.snomed_code, "Left")
    assert first.finding_type == codes.EDEMA.coded()
    assert segmentations[0] is not None
    segment = first.referenced_segment
    assert segment.referenced_sop_instance_uid == segmentations[0].SOPInstanceUID
    (number,) = segment.referenced_segment_numbers
    described = segmentations[0].SegmentSequence[number - 1]
    assert described.TrackingUID == first.tracking_uid
    assert described.TrackingID == first.tracking_identifier


def test_a_lesion_without_a_known_bone_lies_in_bone_marrow(three: Written) -> None:
    dataset, _ = three
    content = content_of(dataset)
    (site,) = content.get_volumetric_roi_measurement_groups()[1].finding_sites
    assert site.value == codes.BONE_MARROW.coded()
    assert site.laterality is None


def test_the_slices_that_show_a_lesion_are_named_and_everything_is_evidence(three: Written, study: Path) -> None:
    dataset, segmentations = three
    content = content_of(dataset)
    stack = find_stacks(study)[0]
    expected = [stack.slices[0][index].sop_instance_uid for index in (1, 2)]
    item = content.get_volumetric_roi_measurement_groups()[0].referenced_segment
    assert [image.referenced_sop_instance_uid for image in item.source_images_for_segmentation] == expected
    evidence = {uids[2] for uids in hd.sr.Comprehensive3DSR.from_dataset(dataset).get_evidence()}
    images = {source.sop_instance_uid for stack in find_stacks(study) for source in stack.slices[0]}
    assert evidence == images | {item.SOPInstanceUID for item in segmentations if item is not None}


def test_no_lesion_is_said(study: Path) -> None:
    dataset, segmentations = report(study, lesion_map_of(GRID, np.zeros(GRID.shape, dtype=np.int32)))
    assert segmentations == [None, None]
    content = content_of(dataset)
    assert not content.get_volumetric_roi_measurement_groups()
    (group,) = content.get_image_measurement_groups()
    assert values(group) == {"246206008": 0, "118565006": 0.0}
    (said,) = [item for item in group.get_qualitative_evaluations() if item.name == codes.EDEMA.coded()]
    assert said.value == codes.ABSENT.coded()
    assert any(text.startswith("No lesion found. Research use only.") for text in texts(dataset))


def test_the_whole_study_has_a_group_and_the_notice(three: Written) -> None:
    lesions = three_lesions()
    dataset, _ = three
    (group,) = content_of(dataset).get_image_measurement_groups()
    assert values(group) == {"246206008": 3, "118565006": pytest.approx(lesions.total_volume_ml, abs=1e-4)}
    assert any("Not a medical device, not for diagnosis" in text for text in texts(dataset))
    assert "research use only, not for diagnosis" in dataset.SeriesDescription
    assert (dataset.CompletionFlag, dataset.VerificationFlag, dataset.PreliminaryFlag) == (
        "COMPLETE", "UNVERIFIED", "PRELIMINARY",
    )  # fmt: skip
    assert (dataset.PatientID, dataset.ContentQualification) == ("4711", "RESEARCH")


def test_lesions_without_a_segment_each_are_listed_without_one(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmo_seg.io.dicom.write.segmentation.MOST_SEGMENTS", 3)
    count = 4
    ids = np.zeros(GRID.shape, dtype=np.int32)
    ids.ravel()[: 2 * count : 2] = np.arange(1, count + 1)
    dataset, _ = report(study, lesion_map_of(GRID, ids))
    content = content_of(dataset)
    assert len(content.get_image_measurement_groups()) == 1 + count
    assert not content.get_volumetric_roi_measurement_groups()


def test_measurements_that_were_not_taken_are_left_out(study: Path) -> None:
    known = three_lesions()
    bare = tuple(replace(lesion, signal_ratio=None, mean_probability=None) for lesion in known.lesions)
    dataset, _ = report(study, LesionMap(known.labels, bare))
    groups = content_of(dataset).get_volumetric_roi_measurement_groups()
    assert [set(values(group)) for group in groups] == [{"118565006", "L0JK"}] * 3


def test_its_own_coding_scheme_is_explained(three: Written) -> None:
    dataset, _ = three
    (item,) = dataset.CodingSchemeIdentificationSequence
    assert item.CodingSchemeDesignator == codes.PRIVATE_SCHEME
    assert isinstance(codes.SIGNAL_RATIO.coded(), CodedConcept)
