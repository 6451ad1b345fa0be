"""Stored pixel value -> signal: value = stored x slope + intercept, of one frame."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PHILIPS_BLOCK: Final = "Philips MR Imaging DD 001"
_SCALE_SLOPE: Final = 0x0E  # (2005,xx0E)
_PHILIPS_FRAME: Final = 0x2005140F  # private sequence in the functional groups of a frame
_PHASE_TYPES: Final = frozenset({"P", "PHASE", "PHASE MAP"})


def slope_and_intercept(dataset: Dataset, frame: int | None) -> tuple[float, float]:
    """Of one frame (from 1) of a multi-frame file, or of a classic file (None).

    Philips scales each series of an examination anew. Its own slope SS brings the stored value PV to one scale,
    (PV x RS + RI) / (RS x SS), where RS and RI are the rescale slope and intercept (Chenevert et al. 2014,
    doi:10.1593/tlo.13811). Elsewhere, and for phase images, PV x RS + RI. RealWorldValueMapping is not looked
    at: Philips writes the rescale slope there again.
    """
    places = _places(dataset, frame)
    slope, intercept = _rescale(places)
    if "philips" not in str(dataset.get("Manufacturer") or "").lower() or _is_phase(places):
        return slope, intercept
    scale_slope = _scale_slope(places)
    if scale_slope is None:
        return slope, intercept
    return 1.0 / scale_slope, intercept / (slope * scale_slope)


def _places(dataset: Dataset, frame: int | None) -> list[Dataset]:
    """Where values of a frame may stand: its own functional groups, those of all frames, the data set itself."""
    if frame is None:
        return [dataset]
    own = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())[frame - 1 : frame]
    shared = list(dataset.get("SharedFunctionalGroupsSequence") or ())[:1]
    return [*own, *shared, dataset]


def _rescale(places: Sequence[Dataset]) -> tuple[float, float]:
    for place in places:
        item = _first_item(place, "PixelValueTransformationSequence") or place
        slope, intercept = _number(item.get("RescaleSlope")), _number(item.get("RescaleIntercept"))
        if slope:
            return slope, intercept or 0.0
    return 1.0, 0.0


def _scale_slope(places: Sequence[Dataset]) -> float | None:
    for place in places:
        inner = _first_item(place, _PHILIPS_FRAME)
        for holder in (place, inner):
            value = _private_number(holder) if holder is not None else None
            if value:
                return value
    return None


def _private_number(dataset: Dataset) -> float | None:
    try:
        value = dataset.private_block(0x2005, _PHILIPS_BLOCK)[_SCALE_SLOPE].value
    except KeyError:
        return None
    if isinstance(value, bytes):  # type unknown, as archives store private elements
        return struct.unpack("<f", value)[0] if len(value) == 4 else None
    return _number(value)


def _is_phase(places: Sequence[Dataset]) -> bool:
    for place in places:
        item = _first_item(place, "MRImageFrameTypeSequence") or place
        if str(item.get("ComplexImageComponent") or "") == "PHASE":
            return True
        kinds = item.get("FrameType") or item.get("ImageType")
        if kinds:
            return bool(_PHASE_TYPES & {str(kind).upper() for kind in kinds})
    return False


def _first_item(dataset: Dataset, tag: str | int) -> Dataset | None:
    element = dataset.get(tag)
    items = getattr(element, "value", element) if element is not None else None
    return items[0] if items else None


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
