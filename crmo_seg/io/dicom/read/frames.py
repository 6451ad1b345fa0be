"""One DICOM image -> its planes: one of a classic file, many of an enhanced multi-frame file or a mosaic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from crmo_seg.io.dicom.read.functional_groups import groups_of_frames, header_of_frame, macro
from crmo_seg.io.dicom.read.header import SLICE_CLASSES, header_of, header_value, number_of, text_of
from crmo_seg.io.dicom.read.mosaic import is_mosaic, mosaic_of, tile_positions
from crmo_seg.io.dicom.read.stack import Slice
from crmo_seg.io.dicom.source import DicomFile
from crmo_seg.io.dicom.types import HeaderValue, SliceSource

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Problem = tuple[str, str]

_ORIGINAL = "the scanner's own slices are needed"
_BARE_MOSAIC: Final = (
    "is a Siemens mosaic without the private header that says where its slices lie",
    "export it again without removing private elements (0029,xx10)",
)
_LOCALIZER_TYPES: Final = frozenset({"LOCALIZER", "SCOUT"})
# PS3.3 C.8.16.2.1.4 and what vendors write: whole-volume projections, of which no voxel has one place.
_PROJECTION_TYPES: Final = ("PROJECTION IMAGE", "MIP", "MAX_IP", "MIN_IP", "MINIP", "MEAN_IP", "VOLREND", "VRT")


@dataclass(frozen=True)
class SeriesIdentity:
    """What all slices of one stack share.

    Attributes:
        study_uid: StudyInstanceUID.
        series_uid: SeriesInstanceUID.
        series_number: SeriesNumber as text: some archives give one UID to several series.
        patient_id: PatientID, may be empty.
        study_date: StudyDate as written.
        modality: Modality.
        frame_of_reference_uid: None where the file has none.
    """

    study_uid: str
    series_uid: str
    series_number: str
    patient_id: str = field(repr=False)
    study_date: str
    modality: str
    frame_of_reference_uid: str | None


@dataclass(frozen=True)
class Frame:
    """One plane of pixels, from headers alone.

    Attributes:
        source: where it is stored.
        series: what it shares with the others.
        header: values for this plane, by classic DICOM keyword.
        plane: where it lies; None where it has no place in the patient.
        problem: why it is no slice that can be used, and what to do.
    """

    source: SliceSource
    series: SeriesIdentity
    header: Mapping[str, HeaderValue] = field(repr=False)
    plane: Slice | None
    problem: Problem | None


def frames_of(file: DicomFile, dataset: Dataset) -> tuple[Frame, ...]:
    """All planes of one file; one without a plane where the file is no slice."""
    header = header_of(dataset)
    if "PerFrameFunctionalGroupsSequence" in dataset and _sop_class(dataset) in SLICE_CLASSES:
        return _enhanced_frames(file, dataset, header)
    if is_mosaic(header) and _sop_class(dataset) in SLICE_CLASSES:
        return _mosaic_frames(file, dataset, header)
    plane = _plane(dataset, dataset, dataset, _matrix(dataset))
    return (_frame(_source(file, dataset), dataset, header, plane),)


def _source(file: DicomFile, dataset: Dataset, *, frame: int | None = None, tile: int | None = None) -> SliceSource:
    return SliceSource(file, frame, _sop_class(dataset), _text(dataset, "SOPInstanceUID"), tile)


def _frame(source: SliceSource, dataset: Dataset, header: Mapping[str, HeaderValue], plane: Slice | None) -> Frame:
    return Frame(source, _identity(dataset), header, plane, _problem(dataset, header, plane))


def _enhanced_frames(file: DicomFile, dataset: Dataset, header: Mapping[str, HeaderValue]) -> tuple[Frame, ...]:
    frames = []
    for number, places in enumerate(groups_of_frames(dataset), start=1):
        plane = _plane(
            macro(places, "PlanePositionSequence"),
            macro(places, "PlaneOrientationSequence"),
            macro(places, "PixelMeasuresSequence"),
            _matrix(dataset),
        )
        frames.append(_frame(_source(file, dataset, frame=number), dataset, header_of_frame(places, header), plane))
    return tuple(frames) or (_frame(_source(file, dataset), dataset, header, None),)


def _mosaic_frames(file: DicomFile, dataset: Dataset, header: Mapping[str, HeaderValue]) -> tuple[Frame, ...]:
    plane = _plane(dataset, dataset, dataset, _matrix(dataset))
    mosaic = mosaic_of(dataset, plane) if plane is not None else None
    if plane is None or mosaic is None:
        return (replace(_frame(_source(file, dataset), dataset, header, None), problem=_BARE_MOSAIC),)
    return tuple(
        _frame(_source(file, dataset, tile=number), dataset, header, tile)
        for number, tile in enumerate(tile_positions(mosaic, plane), start=1)
    )


def _plane(position: Dataset, orientation: Dataset, measures: Dataset, matrix: tuple[int, int] | None) -> Slice | None:
    first = _numbers(position, "ImagePositionPatient", 3)
    cosines = _numbers(orientation, "ImageOrientationPatient", 6)
    spacing = _numbers(measures, "PixelSpacing", 2)
    if not (first and cosines and spacing and matrix and min(spacing) > 0):
        return None
    row, column = cosines[:3], cosines[3:]
    lengths = math.hypot(*row), math.hypot(*column)
    skew = sum(a * b for a, b in zip(row, column, strict=True))
    if not all(abs(length - 1) < 0.01 for length in lengths) or abs(skew) > 0.01:
        return None
    return Slice(first, cosines, spacing, matrix)


def _numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    value = header_value(dataset, keyword)
    try:
        numbers = tuple(float(part) for part in value) if isinstance(value, tuple) else ()
    except ValueError:
        return None
    return numbers if len(numbers) == count and all(math.isfinite(number) for number in numbers) else None


def _matrix(dataset: Dataset) -> tuple[int, int] | None:
    columns, rows = header_value(dataset, "Columns"), header_value(dataset, "Rows")
    if not (isinstance(columns, float) and isinstance(rows, float) and columns >= 1 and rows >= 1):
        return None
    return int(columns), int(rows)


def _problem(dataset: Dataset, header: Mapping[str, HeaderValue], plane: Slice | None) -> Problem | None:
    sop_class = _sop_class(dataset)
    kinds = {part.upper() for part in text_of(header, "ImageType").split("\\")}
    if sop_class not in SLICE_CLASSES:
        return f"is no slice ({_class_name(sop_class)})", _ORIGINAL
    if header_value(dataset, "SamplesPerPixel") not in (1.0, None):
        return "is a colour image", _ORIGINAL
    if kinds & _LOCALIZER_TYPES:
        return "is a localizer", _ORIGINAL
    if any(kind.startswith(_PROJECTION_TYPES) for kind in kinds):
        return "is a projection (MIP) through a volume", _ORIGINAL
    if plane is None:
        return "has images without position, orientation or pixel spacing", _ORIGINAL
    return None


def _identity(dataset: Dataset) -> SeriesIdentity:
    number = number_of({"n": header_value(dataset, "SeriesNumber")}, "n")
    return SeriesIdentity(
        study_uid=_text(dataset, "StudyInstanceUID"),
        series_uid=_text(dataset, "SeriesInstanceUID"),
        series_number="" if number is None else f"{number:g}",
        patient_id=_text(dataset, "PatientID"),
        study_date=_text(dataset, "StudyDate"),
        modality=_text(dataset, "Modality") or "no modality",
        frame_of_reference_uid=_text(dataset, "FrameOfReferenceUID") or None,
    )


def _text(dataset: Dataset, keyword: str) -> str:
    return text_of({keyword: header_value(dataset, keyword)}, keyword)


def _sop_class(dataset: Dataset) -> str:
    return _text(dataset, "SOPClassUID") or str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))


def _class_name(sop_class: str) -> str:
    from pydicom.uid import UID

    return UID(sop_class).name.removesuffix(" Storage")
