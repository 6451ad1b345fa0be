from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import PROVENANCE, make_geometry
from pacs_builders import PATIENT, lesion_map_of, write_station

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.types import Stack
from crmo_seg.io.dicom.write.identity import identity_of
from crmo_seg.io.dicom.write.segmentation import segment_station
from crmo_seg.io.dicom.write.sources import read_station

GRID = make_geometry((6, 5, 4), (1.5, 2.0, 6.0), angle_degrees=9.0)


def stack_in(folder: Path) -> Stack:
    write_station(folder, GRID)
    (stack,) = find_stacks(folder)
    return stack


def test_planes_lie_where_the_files_say(tmp_path: Path) -> None:
    station = read_station(stack_in(tmp_path / "study"))
    assert len(station.planes) == 4
    for index, plane in enumerate(station.planes):
        expected = station.geometry.to_world_mm(np.array([0, 0, index])) * (-1, -1, 1)
        np.testing.assert_allclose([float(mm) for mm in plane.header.ImagePositionPatient], expected, atol=1e-6)
        assert (plane.frame, plane.is_tile) == (None, False)
        assert float(plane.header.SpacingBetweenSlices) == pytest.approx(6.0)
        assert float(plane.header.SliceThickness) == pytest.approx(4.8)


def test_planes_and_their_repr_do_not_hold_the_patient(tmp_path: Path) -> None:
    station = read_station(stack_in(tmp_path / "study"))
    texts = [repr(station), *(str(plane.header) for plane in station.planes)]
    for value in (PATIENT["PatientName"], PATIENT["PatientID"], PATIENT["PatientBirthDate"]):
        assert not any(value in text for text in texts)
    assert station.patient_header.PatientID == PATIENT["PatientID"]


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    stack = stack_in(tmp_path / "study")
    (tmp_path / "study" / "002.dcm").unlink()
    with pytest.raises(InputError, match=r"002\.dcm"):
        read_station(stack)


@pytest.mark.real_data
@pytest.mark.parametrize("folder", ["Philips", "Siemens/XA10"])
def test_frames_of_multi_frame_files_are_named(folder: str, shared_data: Path, tmp_path: Path) -> None:
    """The position of each frame that the SEG names, read from the source's own functional groups."""
    stacks = [stack for stack in find_stacks(shared_data / "dicom_enhanced" / "In" / folder) if stack.geometry]
    stack = stacks[-1]
    station = read_station(stack)
    ids = np.zeros(station.geometry.shape, dtype=np.uint16)
    ids[3:6, 4:7, 1:8:3] = 1
    lesions = lesion_map_of(station.geometry, ids)
    result = segment_station(station, ids, lesions.lesions, identity_of(lesions, PROVENANCE), 9001)
    assert result.dataset is not None
    header = pydicom.dcmread(stack.slices[0][0].file.path, stop_before_pixels=True)
    assert len(result.dataset.PerFrameFunctionalGroupsSequence) == int(ids.any(axis=(0, 1)).sum()) > 1
    for frame in result.dataset.PerFrameFunctionalGroupsSequence:
        (item,) = frame.DerivationImageSequence[0].SourceImageSequence
        found = [float(mm) for mm in frame.PlanePositionSequence[0].ImagePositionPatient]
        np.testing.assert_allclose(found, _position(header, item), atol=1e-3)
    (series,) = result.dataset.ReferencedSeriesSequence
    (named,) = series.ReferencedInstanceSequence
    assert named.ReferencedSOPInstanceUID == header.SOPInstanceUID


def _position(header: pydicom.Dataset, item: pydicom.Dataset) -> list[float]:
    assert item.ReferencedSOPClassUID == header.SOPClassUID
    assert item.ReferencedSOPInstanceUID == header.SOPInstanceUID
    frame = header.PerFrameFunctionalGroupsSequence[item.ReferencedFrameNumber - 1]
    return [float(mm) for mm in frame.PlanePositionSequence[0].ImagePositionPatient]
