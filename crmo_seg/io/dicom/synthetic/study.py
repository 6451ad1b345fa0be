"""What a synthetic MR study on disk holds: series of slices with their sequence, checked when they are made."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from crmo_seg.volume import Geometry, GeometryError, Volume

LARGEST_SIGNAL: Final = 4095
"""Pixels have 12 bits, as scanners store them."""

ORIGINAL_IMAGE_TYPE: Final = ("ORIGINAL", "PRIMARY", "M")
"""Magnitude images as measured, DICOM PS3.3 C.8.3.1.1.1: a station."""

COMPOSED_IMAGE_TYPE: Final = ("DERIVED", "SECONDARY", "COMPOSED")
"""Several stations joined by the scanner."""

_ORTHOGONAL_TOLERANCE = 1e-5
_LONGEST_TEXT = 64  # value representations LO and PN, PS3.5 table 6.2-1
_SEXES = ("F", "M", "O")
_CODE = re.compile(r"[A-Z0-9 _]{1,16}")  # value representation CS
_UID = re.compile(r"(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))+")


@dataclass(frozen=True)
class MrSequence:
    """How a series was measured; codes are those of DICOM PS3.3 C.8.3.1.

    Attributes:
        scanning_sequence: for example ``("SE", "IR")`` for STIR.
        repetition_time_ms: TR.
        echo_time_ms: TE; None is written as an empty value.
        inversion_time_ms: TI; None without an inversion, or where it is not told.
        field_strength_t: of the magnet.
        flip_angle_deg: of the refocusing pulse in turbo spin echo.
        echo_train_length: echoes of one excitation.
        sequence_variant: for example ``("SK", "SP")``.
        scan_options: for example ``("FS",)`` with fat saturation.
    """

    scanning_sequence: tuple[str, ...]
    repetition_time_ms: float
    echo_time_ms: float | None
    inversion_time_ms: float | None
    field_strength_t: float
    flip_angle_deg: float
    echo_train_length: int = 1
    sequence_variant: tuple[str, ...] = ("SK",)
    scan_options: tuple[str, ...] = ()

    def without_times(self) -> MrSequence:
        """The same without TE and TI, which composed series often do not tell.

        >>> MrSequence(("SE", "IR"), 4500, 70, 160, 1.5, 150).without_times().inversion_time_ms is None
        True
        """
        return replace(self, echo_time_ms=None, inversion_time_ms=None)


@dataclass(frozen=True, eq=False)
class MrSeries:
    """One stack of parallel slices.

    Attributes:
        volume: whole numbers 0..4095 on an orthogonal grid of any orientation.
        slice_axis: the array axis, 0 to 2, along which slices follow each other.
        number: SeriesNumber, from 1; names the folder.
        description: SeriesDescription, for example ``STIR cor station 2``.
        image_type: at least pixel and examination characteristics, see `ORIGINAL_IMAGE_TYPE`.
        slice_thickness_mm: without the gap; the distance of the slices is the volume's.
        sequence: how it was measured.
        frame_of_reference_uid: shared by the series of one positioning of the patient.
        body_part: BodyPartExamined, a defined term of PS3.16 annex L, for example ``WHOLEBODY``.

    Raises:
        GeometryError: where the axes of the volume are not at right angles.
        ValueError: where a pixel is not a whole number 0..4095, or a text or number cannot stand in DICOM.
    """

    volume: Volume
    slice_axis: int
    number: int
    description: str
    image_type: tuple[str, ...]
    slice_thickness_mm: float
    sequence: MrSequence
    frame_of_reference_uid: str
    body_part: str

    def __post_init__(self) -> None:
        if self.slice_axis not in (0, 1, 2):
            raise ValueError(f"the slice axis is {self.slice_axis}, not 0, 1 or 2")
        if not 1 <= self.number <= 999:
            raise ValueError(f"the series number is {self.number}, not 1 to 999")
        if not self.slice_thickness_mm > 0:
            raise ValueError(f"the slice thickness is {self.slice_thickness_mm} mm, not above 0")
        _check_text("series description", self.description)
        _check_codes(self)
        _check_image_type(self.image_type)
        _check_orthogonal(self.volume.geometry)
        _check_pixels(self.volume)


@dataclass(frozen=True, eq=False)
class MrStudy:
    """One examination of a synthetic patient.

    Attributes:
        patient_key: PatientID, and the second part of the PatientName; kept out of ``repr`` as any patient's is.
        sex: F, M or O.
        age_years: written in whole years.
        study_date: also the date of each series and image.
        series: in the order in which they were measured.

    Raises:
        ValueError: where there is no series, two have one number, or a value cannot stand in DICOM.
    """

    patient_key: str = field(repr=False)
    sex: str
    age_years: float
    study_date: datetime.date
    series: tuple[MrSeries, ...]

    def __post_init__(self) -> None:
        _check_text("patient key", self.patient_key, longest=_LONGEST_TEXT - len("Phantom^"))
        if self.sex not in _SEXES:
            raise ValueError(f"the sex is {self.sex!r}, not one of {', '.join(_SEXES)}")
        if not 0 <= self.age_years < 1000:
            raise ValueError(f"the age is {self.age_years} years, not 0 to 999")
        numbers = [series.number for series in self.series]
        if not numbers or len(set(numbers)) < len(numbers):
            raise ValueError(f"the series numbers are {numbers}, not one or more different ones")


def _check_text(what: str, text: str, *, longest: int = _LONGEST_TEXT) -> None:
    if not text or len(text) > longest or set(text) & set("\\^=") or not text.isprintable():
        raise ValueError(f"the {what} is {text!r}, not 1 to {longest} letters without \\ ^ =")


def _check_codes(series: MrSeries) -> None:
    codes = (*series.image_type, series.body_part, *series.sequence.scanning_sequence)
    wrong = [code for code in codes if not _CODE.fullmatch(code)]
    if wrong or not series.sequence.scanning_sequence:
        raise ValueError(f"{wrong or codes} are not codes of 1 to 16 capitals, digits, spaces or underscores")
    if not _UID.fullmatch(series.frame_of_reference_uid):
        raise ValueError(f"the frame of reference is {series.frame_of_reference_uid!r}, not a DICOM UID")


def _check_image_type(image_type: tuple[str, ...]) -> None:
    pixels, examination = (*image_type, "", "")[:2]
    if pixels not in ("ORIGINAL", "DERIVED") or examination not in ("PRIMARY", "SECONDARY"):  # C.7.6.1.1.2
        raise ValueError(f"the image type {image_type} does not begin with ORIGINAL or DERIVED, PRIMARY or SECONDARY")


def _check_orthogonal(geometry: Geometry) -> None:
    directions = geometry.affine[:3, :3] / np.array(geometry.spacing_mm)
    skew = float(np.abs(directions.T @ directions - np.eye(3)).max())
    if skew > _ORTHOGONAL_TOLERANCE:
        degrees = np.degrees(np.arcsin(min(skew, 1.0)))
        raise GeometryError(f"the axes of the volume are {degrees:.3g} degrees off the right angle; slices cannot be")


def _check_pixels(volume: Volume) -> None:
    smallest, largest = float(volume.array.min()), float(volume.array.max())
    if not (smallest >= 0 and largest <= LARGEST_SIGNAL):
        raise ValueError(f"the signal is {smallest:g} to {largest:g}, not within 0 to {LARGEST_SIGNAL} (12 bits)")
    if not np.array_equal(volume.array, np.rint(volume.array)):
        raise ValueError("the signal is not whole numbers; round it first")
