"""The source images of a station, slice by slice, as results refer to them: headers only, pixels are not read.

highdicom knows only multi-frame files whose frames all have one orientation and one place each. So each slice, of a
multi-frame file too, becomes the header of a single image; `name_sources` puts the true file and frame in its place.
Names and birth dates stay in the one header that `stamp_patient` copies from: no message of a library can show them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from crmo_seg.io.dicom.axes import affine_lps
from crmo_seg.io.dicom.decimal_string import decimal_text
from crmo_seg.io.dicom.discretion import discreet
from crmo_seg.io.dicom.source import DicomFile, open_files
from crmo_seg.io.dicom.types import SliceSource, Stack
from crmo_seg.io.dicom.uids import derived_uid, frame_of_reference_of
from crmo_seg.volume import Geometry

if TYPE_CHECKING:
    from highdicom.base import SOPClass
    from pydicom.dataset import Dataset

_LEFT_EMPTY: Final = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip

_LOSSY: Final = frozenset({"LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"})
"""What is derived from a lossy image stays lossy, PS3.3 C.7.6.1.1.5."""


@dataclass(frozen=True, eq=False)
class SourcePlane:
    """One slice of a station.

    Attributes:
        header: of a single image with the slice's plane, with a UID of its own and without the patient.
        sop_class_uid: of the true file.
        sop_instance_uid: of the true file.
        frame: from 1 in a multi-frame file, else None.
        is_tile: whether the slice is only a part of its image, as in a mosaic.
    """

    header: Dataset = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str
    frame: int | None
    is_tile: bool


@dataclass(frozen=True, eq=False)
class StationSource:
    """A station's slices along the normal, and a true header to copy the patient from."""

    stack: Stack
    geometry: Geometry
    planes: tuple[SourcePlane, ...]
    patient_header: Dataset = field(repr=False)

    def instances(self) -> tuple[Dataset, ...]:
        """A header for each source file, with its true UIDs."""
        firsts = {plane.sop_instance_uid: plane for plane in reversed(self.planes)}
        return tuple(_with_true_uids(firsts[uid]) for uid in dict.fromkeys(p.sop_instance_uid for p in self.planes))


def read_station(stack: Stack) -> StationSource:
    """Read the headers of the first measurement of a stack.

    Raises:
        InputError: where a file cannot be read any more.
        ValueError: where the stack is no volume.
    """
    if stack.geometry is None:
        raise ValueError(f"the series {stack.series_uid} is no volume, so nothing was found on it")
    sources = stack.slices[0]
    headers = _read_headers([source.file for source in sources])
    first = headers[sources[0].file]
    planes = tuple(_plane(stack, stack.geometry, index, headers) for index in range(len(sources)))
    return StationSource(stack, stack.geometry, planes, first)


def stamp_patient(result: SOPClass, station: StationSource) -> None:
    """Give a result the patient and the study of its source, as they stand there."""
    if "SpecificCharacterSet" in station.patient_header:
        result.SpecificCharacterSet = station.patient_header.SpecificCharacterSet
    result.copy_patient_and_study_information(station.patient_header)


def name_sources(segmentation: Dataset, station: StationSource) -> None:
    """Put the true files and frames where a segmentation refers to the headers that stood for them."""
    planes = {str(plane.header.SOPInstanceUID): plane for plane in station.planes}
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        for derivation in frame.get("DerivationImageSequence", []):
            for item in derivation.SourceImageSequence:
                _name_source(item, planes[str(item.ReferencedSOPInstanceUID)])
    segmentation.SourceImageSequence = [_reference(instance) for instance in station.instances()]
    segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence = [
        _reference(instance) for instance in station.instances()
    ]


def _read_headers(files: Sequence[DicomFile]) -> dict[DicomFile, Dataset]:
    import pydicom

    with discreet():
        return {
            file: pydicom.dcmread(stream, force=True, stop_before_pixels=True)
            for file, stream in open_files(sorted(set(files)))
        }


def _plane(stack: Stack, geometry: Geometry, index: int, headers: Mapping[DicomFile, Dataset]) -> SourcePlane:
    source = stack.slices[0][index]
    header, file_header = _image_header(stack, geometry, source, index), headers[source.file]
    if source.frame is None and source.tile is None:  # the slice is an image of its own
        header.ImagePositionPatient = file_header.ImagePositionPatient  # as viewers compare it
        header.SOPInstanceUID = source.sop_instance_uid
    header.SliceThickness = file_header.get("SliceThickness") or header.SpacingBetweenSlices
    for keyword in _LOSSY & set(file_header.dir("Lossy")):
        header.add(file_header[keyword])
    is_tile = source.tile is not None
    return SourcePlane(header, source.sop_class_uid, source.sop_instance_uid, source.frame, is_tile)


def _image_header(stack: Stack, geometry: Geometry, source: SliceSource, index: int) -> Dataset:
    from pydicom.dataset import Dataset
    from pydicom.uid import CTImageStorage, MRImageStorage

    header = Dataset()
    for keyword in _LEFT_EMPTY:
        setattr(header, keyword, None)
    header.SOPClassUID = CTImageStorage if stack.modality == "CT" else MRImageStorage
    header.SOPInstanceUID = derived_uid(source.sop_instance_uid, "slice", index)
    header.StudyInstanceUID, header.SeriesInstanceUID = stack.study_uid, stack.series_uid
    header.FrameOfReferenceUID = _frame_of_reference(stack)
    header.Modality = stack.modality
    _set_plane(header, geometry, index)
    return header


def _frame_of_reference(stack: Stack) -> str:
    """Where the files have none, one that derives from their series, as in reading."""
    known = stack.frame_of_reference_uid or (stack.geometry.frame_of_reference_uid if stack.geometry else None)
    return known or frame_of_reference_of(stack.series_uid)


def _set_plane(header: Dataset, geometry: Geometry, index: int) -> None:
    """Image plane of a slice (PS3.3 C.7.6.2); the geometry has axes column, row, slice."""
    affine = affine_lps(geometry)
    along_row, along_column, between_slices = geometry.spacing_mm
    cosines = affine[:3, :2] / np.array([along_row, along_column])
    header.Columns, header.Rows = geometry.shape[:2]
    header.PixelSpacing = [decimal_text(along_column), decimal_text(along_row)]
    header.SpacingBetweenSlices = decimal_text(between_slices)
    header.ImageOrientationPatient = [decimal_text(cosine) for cosine in cosines.T.ravel()]
    header.ImagePositionPatient = [decimal_text(mm) for mm in (affine @ np.array([0.0, 0.0, index, 1.0]))[:3]]


def _name_source(item: Dataset, plane: SourcePlane) -> None:
    item.ReferencedSOPClassUID = plane.sop_class_uid
    item.ReferencedSOPInstanceUID = plane.sop_instance_uid
    if plane.frame is not None:
        item.ReferencedFrameNumber = plane.frame
    if plane.is_tile:
        item.SpatialLocationsPreserved = "NO"


def _reference(instance: Dataset) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = instance.SOPClassUID
    item.ReferencedSOPInstanceUID = instance.SOPInstanceUID
    return item


def _with_true_uids(plane: SourcePlane) -> Dataset:
    from pydicom.dataset import Dataset

    header = Dataset(plane.header)
    header.SOPClassUID, header.SOPInstanceUID = plane.sop_class_uid, plane.sop_instance_uid
    return header
