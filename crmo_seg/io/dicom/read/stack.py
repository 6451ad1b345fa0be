"""Whether the slices of a series stack up to one volume; where not, why. Positions only, no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmo_seg.volume import Float64Array

ORIENTATION_TOLERANCE = 1e-3
"""Direction cosines of slices may differ by this much (scanners round them differently from slice to slice)."""

SAME_POSITION_MM = 0.01
"""Slices closer than this lie at one position; less than any real slice distance, more than rounding."""

DRIFT_PIXELS = 0.5
"""The corners of slices of one stack lie above each other to this part of a pixel."""

_SPACING_TOLERANCE = 0.01  # of the mean slice distance; the same as highdicom's


@dataclass(frozen=True)
class Slice:
    """Plane of one image, DICOM PS3.3 C.7.6.2: LPS millimetres.

    Attributes:
        position: (3,) ImagePositionPatient, centre of the first pixel.
        orientation: (6,) ImageOrientationPatient: direction of a row, then of a column.
        pixel_spacing_mm: between rows, between columns.
        matrix: columns, rows.
    """

    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing_mm: tuple[float, ...]
    matrix: tuple[int, int]

    @property
    def normal(self) -> Float64Array:
        """(3,) unit vector, row direction x column direction, LPS."""
        row, column = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        normal: Float64Array = np.cross(row, column)
        return normal / np.linalg.norm(normal)


def stack_problem(slices: Sequence[Slice]) -> tuple[str, str] | None:
    """What keeps slices from being one volume, and what to do; None where nothing does.

    >>> flat = [Slice((0, 0, z), (1, 0, 0, 0, 1, 0), (1, 1), (64, 64)) for z in (0, 5, 15)]
    >>> stack_problem(flat)[0]
    'misses a slice: 10 mm from the one at 5 mm to the next, where others are 5 mm apart'
    """
    if len(slices) < 2:
        return "has a single slice", "give a whole series; a volume needs two slices or more"
    return _plane_problem(slices) or _position_problem(slices)


def _plane_problem(slices: Sequence[Slice]) -> tuple[str, str] | None:
    matrices = sorted({item.matrix for item in slices})
    if len(matrices) > 1:
        text = ", ".join(f"{columns} x {rows}" for columns, rows in matrices)
        return f"mixes image sizes ({text})", "give the series without its localizers or other images"
    if _spread([item.orientation for item in slices]) > ORIENTATION_TOLERANCE:
        return "mixes slice orientations", "give one stack of parallel slices a series"
    if _spread([item.pixel_spacing_mm for item in slices]) > ORIENTATION_TOLERANCE:
        return "mixes pixel spacings", "give one stack of slices a series"
    return None


def _position_problem(slices: Sequence[Slice]) -> tuple[str, str] | None:
    normal = slices[0].normal
    positions = np.array([item.position for item in slices], dtype=np.float64)
    heights = positions @ normal
    order = np.argsort(heights)
    gaps = np.diff(heights[order])
    if (gaps < SAME_POSITION_MM).any():
        count = int((gaps < SAME_POSITION_MM).sum())
        remedy = "split the series by echo, b-value, time or image type, or remove the copies"
        return f"has {count} of {len(slices)} slices at a position that another one has already", remedy
    drift = (positions - positions[order[0]]) - np.outer(heights - heights[order[0]], normal)
    if np.linalg.norm(drift, axis=1).max() > DRIFT_PIXELS * min(slices[0].pixel_spacing_mm):
        degrees = np.degrees(np.arctan2(np.linalg.norm(drift[order[-1]]), heights[order[-1]] - heights[order[0]]))
        return f"is stacked askew to its slices ({degrees:.1f} degrees, gantry tilt)", "give a series without tilt"
    return _gap_problem(heights[order], gaps)


def _gap_problem(heights: Float64Array, gaps: Float64Array) -> tuple[str, str] | None:
    if np.abs(gaps - gaps.mean()).max() <= _SPACING_TOLERANCE * gaps.mean():
        return None
    # The lower median: with three slices of which one is missing, half of the gaps are wrong.
    usual, widest = float(np.quantile(gaps, 0.5, method="lower")), int(gaps.argmax())
    remedy = "send the whole series again, or one station at a time"
    if gaps[widest] > 1.5 * usual:
        where = f"{gaps[widest]:.4g} mm from the one at {heights[widest]:.4g} mm to the next"
        return f"misses a slice: {where}, where others are {usual:.4g} mm apart", remedy
    return f"has slices {gaps.min():.4g} to {gaps.max():.4g} mm apart, not evenly spaced", remedy


def _spread(values: Sequence[tuple[float, ...]]) -> float:
    return float(np.ptp(np.array(values, dtype=np.float64), axis=0).max())
