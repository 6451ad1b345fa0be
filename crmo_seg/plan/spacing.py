"""Fingerprint -> the model grid: as scanned where the budget allows, else coarser in plane."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi
from typing import Final

from crmo_seg.plan.contract import GridPlan, Triple
from crmo_seg.plan.fingerprint import Fingerprint
from crmo_seg.plan.settings import Overrides

ANISOTROPIC: Final = 3.0
"""Slices more than so many times as far apart as pixels are kept as they are (nnU-Net's ``ANISO_THRESHOLD``)."""

PIXELS_ACROSS: Final = 3.0
"""Pixels across the diameter of a small object, at least."""

_WIDER: Final = 1.25  # a scan whose slices are a little thinner or thicker than those of the training stays native
_FINER_STEPS: Final = 1.05
_LARGEST_IN_PLANE_MM: Final = 20.0
_LARGEST_SLICE_MM: Final = 50.0


def is_anisotropic(fingerprint: Fingerprint) -> bool:
    """Whether slices are far apart, as in whole-body MRI."""
    return fingerprint.slice_spacing_mm.median > ANISOTROPIC * fingerprint.in_plane_spacing_mm.median


def in_plane_candidates(fingerprint: Fingerprint, overrides: Overrides) -> Iterator[float]:
    """In-plane spacings to try in mm, the best first: from native in steps of 5 % to the coarsest allowed."""
    if overrides.in_plane_spacing_mm is not None:
        yield overrides.in_plane_spacing_mm
        return
    native, coarsest = fingerprint.in_plane_spacing_mm.median, coarsest_in_plane_mm(fingerprint)
    yield native
    spacing = native * _FINER_STEPS
    while spacing <= coarsest:
        yield float(f"{spacing:.3g}")
        spacing *= _FINER_STEPS


def coarsest_in_plane_mm(fingerprint: Fingerprint) -> float:
    """A third of the diameter of a small object, a ball of the 10th percentile of volumes; native if that is coarser.

    Without an object nothing says what may be lost: native.
    """
    native = fingerprint.in_plane_spacing_mm.median
    diameters = [ball_diameter_mm(head.object_ml.p10) for head in fingerprint.heads.values() if head.object_ml]
    return max(native, min(min(diameters, default=0.0) / PIXELS_ACROSS, _LARGEST_IN_PLANE_MM))


def ball_diameter_mm(volume_ml: float) -> float:
    """Diameter of the ball of this volume.

    >>> round(ball_diameter_mm(0.1), 2)
    5.76
    """
    return float((6000 * volume_ml / pi) ** (1 / 3))


def grid_plan(fingerprint: Fingerprint, in_plane_mm: float, overrides: Overrides) -> GridPlan:
    """The grid with this in-plane spacing.

    Far slices keep their spacing within the percentiles 10 to 90 of the training cases and a quarter beyond (nnU-Net
    resamples all to the 10th percentile, which invents slices); near ones are all brought to the median. Slices are
    never closer than pixels.
    """
    if overrides.slice_spacing_range_mm is not None:
        return GridPlan(in_plane_mm, overrides.slice_spacing_range_mm)
    slices = fingerprint.slice_spacing_mm
    thin, thick = slices.median, slices.median
    if is_anisotropic(fingerprint):
        thin, thick = _three_digits(slices.p10 / _WIDER), _three_digits(slices.p90 * _WIDER)
    thin, thick = (min(max(mm, in_plane_mm), _LARGEST_SLICE_MM) for mm in (thin, thick))
    return GridPlan(in_plane_mm, (thin, thick))


def usual_spacing_mm(fingerprint: Fingerprint, grid: GridPlan) -> tuple[float, float, float]:
    """Spacing of a scan with the median distance of slices on the model grid."""
    thin, thick = grid.slice_spacing_range_mm
    slices = min(max(fingerprint.slice_spacing_mm.median, thin), thick)
    return grid.in_plane_spacing_mm, grid.in_plane_spacing_mm, slices


def usual_shape(fingerprint: Fingerprint, spacing_mm: tuple[float, float, float]) -> Triple:
    """Voxels of a scan with the median field of view."""
    x, y, z = (max(1, round(extent.median / mm)) for extent, mm in zip(fingerprint.extent_mm, spacing_mm, strict=True))
    return x, y, z


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
