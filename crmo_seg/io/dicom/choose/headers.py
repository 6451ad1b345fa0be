"""What is read from the header of a stack when series are chosen: texts, age, place, whether it is composed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from types import MappingProxyType

import numpy as np

from crmo_seg.io.dicom.types import HeaderValue, Stack
from crmo_seg.volume import PLANES, Float64Array, Geometry

_COMPOSED_TYPES = frozenset({"COMPOSED", "COMP_SP", "COMP_AD", "COMP_DI"})  # general; Siemens
_COMPOSED_WORDS = re.compile(r"(?<![a-z])(compos|comp(?![a-z])|stitch|mobiview)", re.IGNORECASE)
_TIMES = ("AcquisitionTime", "SeriesTime", "ContentTime")


def texts(stack: Stack, keyword: str) -> tuple[str, ...]:
    """Values of a keyword as texts; none where the header has none."""
    value = stack.header.get(keyword)
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    return tuple(str(each) for each in values)


def number(stack: Stack, keyword: str) -> float | None:
    """The value of a keyword where it is a number."""
    value = stack.header.get(keyword)
    return float(value) if isinstance(value, int | float) else None


def label_of(stack: Stack) -> str:
    """What a reader calls a series.

    >>> label_of(Stack("1", "1.2", "", "", None, "MR", {"SeriesNumber": 3.0, "SeriesDescription": "STIR"},
    ...     None, None, ()))
    'series 3 (STIR)'
    """
    place = number(stack, "SeriesNumber")
    words = " ".join(part for part in (*texts(stack, "SeriesDescription"), stack.name) if part)
    name = f"series {stack.series_uid if place is None else f'{place:g}'}"
    return f"{name} ({words})" if words else name


def age(stack: Stack) -> tuple[str, float]:
    """Time of measurement, then the number of the series; the later one is the larger."""
    times = ("".join(texts(stack, keyword)) for keyword in _TIMES)
    return next(filter(None, times), ""), number(stack, "SeriesNumber") or 0.0


def says_composed(stack: Stack) -> bool:
    """Whether the header says that the scanner joined stations in this series.

    ``ImageType`` has COMPOSED, or on Siemens COMP_SP and the like, or the description says so.
    """
    by_type = any(value.upper() in _COMPOSED_TYPES for value in texts(stack, "ImageType"))
    return by_type or any(_COMPOSED_WORDS.search(text) for text in texts(stack, "SeriesDescription"))


def facts_of(stack: Stack, head_to_feet_mm: float) -> Mapping[str, HeaderValue]:
    """What rules look at: the header, and the computed keywords; the length is that of all stations together."""
    words = dict.fromkeys((*texts(stack, "SeriesDescription"), *texts(stack, "ProtocolName")))
    computed: dict[str, HeaderValue] = {"description": " ".join(words), "head_to_feet_mm": head_to_feet_mm}
    if stack.geometry is not None:
        computed["plane"] = plane_of(stack)
    return MappingProxyType({**stack.header, "Modality": stack.modality, **computed})


def grid_of(stack: Stack) -> Geometry:
    """The grid of a stack that is a volume.

    Raises:
        ValueError: where it is none.
    """
    if stack.geometry is None:
        raise ValueError(f"{label_of(stack)} is no volume")
    return stack.geometry


def plane_of(stack: Stack) -> str:
    """coronal, sagittal or axial, by the direction across the slices."""
    return PLANES[grid_of(stack).world_axes[2]]


def normal_of(stack: Stack) -> Float64Array:
    """Unit vector across the slices, RAS+."""
    grid = grid_of(stack)
    direction: Float64Array = grid.affine[:3, 2] / grid.spacing_mm[2]
    return direction


def bounds_mm(*stacks: Stack) -> tuple[Float64Array, Float64Array]:
    """Lowest and highest RAS+ mm of the outer faces of the voxels of all stacks, shape (3,) each."""
    corners = np.concatenate([_corners_mm(grid_of(stack)) for stack in stacks])
    return corners.min(axis=0), corners.max(axis=0)


def _corners_mm(grid: Geometry) -> Float64Array:
    return grid.to_world_mm(np.array(list(product(*[(-0.5, count - 0.5) for count in grid.shape]))))
