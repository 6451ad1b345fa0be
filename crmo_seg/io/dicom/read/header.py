"""Headers of DICOM files, without pixels, and their values as plain Python."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.discretion import discreet
from crmo_seg.io.dicom.source import DicomFile, all_files, looks_like_dicom, open_files
from crmo_seg.io.dicom.types import HeaderValue

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

HEADER_KEYWORDS: Final = (
    *("SeriesDescription", "ProtocolName", "StudyDescription", "SeriesNumber", "Modality", "ImageType"),
    *("BodyPartExamined", "Laterality", "ImageLaterality", "PatientPosition"),
    *("ScanningSequence", "SequenceVariant", "ScanOptions", "SequenceName", "PulseSequenceName"),
    *("EchoPulseSequence", "EchoPlanarPulseSequence", "InversionRecovery", "SpectrallySelectedSuppression"),
    *("AcquisitionContrast", "ComplexImageComponent", "MRAcquisitionType", "DiffusionBValue"),
    *("RepetitionTime", "EchoTime", "EchoNumbers", "InversionTime", "FlipAngle", "EchoTrainLength"),
    *("SliceThickness", "SpacingBetweenSlices", "MagneticFieldStrength"),
    *("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "StationName"),
    *("StudyTime", "SeriesTime", "AcquisitionTime", "AcquisitionDateTime", "ContentTime"),
    *("AcquisitionNumber", "InstanceNumber", "TemporalPositionIdentifier"),
)
"""What `header_of` takes from a file: nothing of these names a patient."""

SLICE_CLASSES: Final = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("4", "4.1", "4.4", "2", "2.1", "2.2", "128", "128.1", "130")
)
"""Storage classes of slices, PS3.4 B.5: MR, CT and PET, each classic, enhanced and legacy converted."""

_IDENTITY: Final = (
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
    *("PatientID", "StudyDate", "NumberOfFrames", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated"),
)
_PLANE: Final = (
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)
# Creators and data of "SIEMENS CSA HEADER" (group 0029) and "SIEMENS MR HEADER" (0019), for mosaics.
_SIEMENS: Final = (*range(0x00290010, 0x00290013), 0x00291010, 0x00291110, 0x00291210, 0x00190010, 0x0019100A)
_TAGS: Final = (*_IDENTITY, *_PLANE, *HEADER_KEYWORDS, *_SIEMENS)
_NEEDED: Final = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_NEEDED_OF_SLICES: Final = ("Rows", "Columns", "BitsAllocated")
_IMPLICIT: Final = "1.2.840.10008.1.2"
_UNCOMPRESSED: Final = frozenset({_IMPLICIT, "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})
_NOT_OF_A_SERIES: Final = frozenset({"1.2.840.10008.1.3.10"})  # DICOMDIR


def read_headers(source: Path | Sequence[Path]) -> Iterator[tuple[DicomFile, Dataset]]:
    """Headers of all DICOM files that belong to a series; every other file is passed over after its first 132 bytes.

    Raises:
        InputError: where the source is missing or cannot be read, or a DICOM file is damaged.
    """
    for file, stream in open_files(all_files(source)):
        if not looks_like_dicom(file, stream):
            continue
        with discreet():
            header = _read(file, stream)
            is_wanted = _belongs_to_a_series(file, header)
            missing_bytes = _missing_bytes(file, stream, header) if is_wanted else 0
        if missing_bytes > 0:
            raise InputError(file, f"ends {missing_bytes} bytes too early", "export or copy the series again")
        if is_wanted:
            yield file, header


def header_of(dataset: Dataset) -> dict[str, HeaderValue]:
    """Values of `HEADER_KEYWORDS`; those that are absent, empty or malformed are left out."""
    values = ((keyword, header_value(dataset, keyword)) for keyword in HEADER_KEYWORDS)
    return {keyword: value for keyword, value in values if value is not None}


def header_value(dataset: Dataset, keyword: str) -> HeaderValue:
    """One value: a number as float, a text with single spaces, several as a tuple of texts; None where unusable."""
    try:
        value = dataset.get(keyword)
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str):
            return " ".join(value.split()) or None
        return tuple(" ".join(str(part).split()) for part in value) if value is not None else None
    except Exception:  # pydicom converts when asked, and lets errors of any type through
        return None


def text_of(header: Mapping[str, HeaderValue], keyword: str) -> str:
    r"""A value as one text, several joined with a backslash as in DICOM; empty where there is none.

    >>> text_of({"ImageType": ("ORIGINAL", "PRIMARY")}, "ImageType"), text_of({}, "ImageType")
    ('ORIGINAL\\PRIMARY', '')
    """
    value = header.get(keyword)
    if isinstance(value, tuple):
        return "\\".join(value)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else value


def number_of(header: Mapping[str, HeaderValue], keyword: str) -> float | None:
    """A value as a number, the first of several; None where it is none.

    >>> number_of({"EchoNumbers": ("2", "3")}, "EchoNumbers"), number_of({"EchoTime": "x"}, "EchoTime")
    (2.0, None)
    """
    value = header.get(keyword)
    if isinstance(value, tuple):
        value = value[0] if value else None
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


@contextmanager
def naming(file: DicomFile) -> Iterator[None]:
    """Turn any error of pydicom inside into one that names the file.

    Raises:
        InputError: where something is raised inside.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # pydicom lets errors of any type through when a file is damaged
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(file, f"is damaged DICOM ({text})", "export or copy the series again") from error


def _read(file: DicomFile, stream: IO[bytes]) -> Dataset:
    import pydicom

    with naming(file):
        return pydicom.dcmread(stream, force=True, stop_before_pixels=True, specific_tags=list(_TAGS))


def _belongs_to_a_series(file: DicomFile, header: Dataset) -> bool:
    # A damaged slice must not be passed over: the volume would end early, and nobody would know.
    with naming(file):
        sop_class = str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID", ""))
        needed = (*_NEEDED, *_NEEDED_OF_SLICES) if sop_class in SLICE_CLASSES else _NEEDED
        missing = [keyword for keyword in needed if not header.get(keyword)]
        has_preamble = header.preamble is not None
    if sop_class in _NOT_OF_A_SERIES or (not sop_class and not has_preamble):
        return False
    if not sop_class or missing:
        problem = f"is damaged DICOM (no {missing[0] if missing else 'SOPClassUID'})"
        raise InputError(file, problem, "export or copy the series again")
    return True


def _missing_bytes(file: DicomFile, stream: IO[bytes], header: Dataset) -> int:
    """How many bytes of uncompressed grey pixels a file lacks; 0 where that cannot be told without unpacking."""
    values = {key: header_value(header, key) for key in ("Rows", "Columns", "BitsAllocated", "SamplesPerPixel")}
    rows, columns, bits, samples = (number_of(values, key) for key in values)
    syntax = str(header.file_meta.get("TransferSyntaxUID", ""))
    if file.member or syntax not in _UNCOMPRESSED or samples != 1.0 or not (rows and columns and bits):
        return 0
    frames = number_of({"n": header_value(header, "NumberOfFrames")}, "n") or 1.0
    head = 8 if syntax == _IMPLICIT else 12  # of the element itself, PS3.5 7.1
    here = stream.tell()
    return head + int(rows * columns * frames * bits / 8) - (stream.seek(0, os.SEEK_END) - here)
