"""The centre line of the spine, and how much bone lies at each height along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.volume import Float64Array

SPINE_CLASSES: Final = ("lumbar_vertebra", "thoracic_vertebra", "cervical_vertebra")
"""From below upward."""

STEP_MM: Final = 1.0
"""Of profiles along the spine."""

_SLAB_MM: Final = 15.0
_MOST_CURVES: Final = 5
_MM_PER_CURVE: Final = 60.0
_REACH_MM: Final = 60.0


@dataclass(frozen=True, eq=False)
class CentreLine:
    """A smooth line through the vertebrae, from below upward, with a knot each millimetre of z.

    Attributes:
        points_mm: RAS+ mm, shape (knots, 3).
        directions: unit vectors along it, shape (knots, 3).
        heights_mm: along the line from its lower end, shape (knots,).
    """

    points_mm: Float64Array
    directions: Float64Array
    heights_mm: Float64Array

    def nearest(self, points_mm: Float64Array) -> NDArray[np.int64]:
        """Knot at the same z as each point, the end of the line for points beyond."""
        knots = np.rint((points_mm[:, 2] - self.points_mm[0, 2]) / STEP_MM).astype(np.int64)
        within: NDArray[np.int64] = np.clip(knots, 0, len(self.points_mm) - 1)
        return within

    def heights_of(self, points_mm: Float64Array) -> Float64Array:
        """How far along the line each point lies, mm; at right angles to the line, not to z."""
        knots = self.nearest(points_mm)
        ahead = np.einsum("ij,ij->i", points_mm - self.points_mm[knots], self.directions[knots])
        heights: Float64Array = self.heights_mm[knots] + ahead
        return heights


def fit_centre_line(points_mm: Float64Array) -> CentreLine:
    """Polynomials x(z) and y(z) through the medians of slabs; the more of the spine, the more curves.

    Args:
        points_mm: voxels of vertebrae, RAS+ mm, shape (n, 3).
    """
    z = points_mm[:, 2]
    slab = np.floor(z / _SLAB_MM).astype(np.int64)
    medians = np.array([np.median(points_mm[slab == number], axis=0) for number in np.unique(slab)])
    weights = np.sqrt(np.bincount(slab - slab.min())[np.unique(slab) - slab.min()])
    low, high = float(z.min()), float(z.max())
    degree = int(min(_MOST_CURVES, len(medians) - 1, 1 + (high - low) / _MM_PER_CURVE))
    knots_z = np.arange(low - _REACH_MM, high + _REACH_MM + STEP_MM, STEP_MM)
    inside = np.clip(knots_z, low, high)
    middle, half = (low + high) / 2, max((high - low) / 2, 1.0)
    at, wanted = (medians[:, 2] - middle) / half, (inside - middle) / half
    x, y = (np.polyval(np.polyfit(at, medians[:, axis], degree, w=weights), wanted) for axis in (0, 1))
    line = np.stack([x, y, knots_z], axis=1)
    steps = np.gradient(line, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    return CentreLine(line, steps / lengths[:, None], np.cumsum(lengths) - lengths[0])


def in_front(points_mm: Float64Array, line: CentreLine) -> NDArray[np.bool_]:
    """Voxels in front of the line and not far beside it: vertebral bodies, without the arches that hang over discs."""
    offset = points_mm - line.points_mm[line.nearest(points_mm)]
    chosen: NDArray[np.bool_] = (offset[:, 1] >= 0) & (np.abs(offset[:, 0]) <= _SLAB_MM)
    return chosen


def bone_profile(heights_mm: Float64Array, start_mm: float, stop_mm: float, blur_mm: float) -> Float64Array:
    """Voxels per millimetre of height between two heights, smoothed."""
    count = max(int(np.ceil((stop_mm - start_mm) / STEP_MM)), 1)
    inside = heights_mm[(heights_mm >= start_mm) & (heights_mm < start_mm + count * STEP_MM)]
    voxels = np.bincount(((inside - start_mm) / STEP_MM).astype(np.int64), minlength=count)[:count]
    profile: Float64Array = ndimage.gaussian_filter1d(voxels.astype(np.float64), blur_mm / STEP_MM, mode="nearest")
    return profile


def spine_directions(centres_mm: Sequence[Float64Array]) -> Float64Array:
    """Unit vectors along the spine at vertebrae from below upward, from their neighbours, smoothed, shape (n, 3).

    >>> spine_directions([np.zeros(3), np.array([0.0, 0.0, 20.0])]).tolist()
    [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    if len(centres_mm) < 2:
        return np.array([[0.0, 0.0, 1.0]] * len(centres_mm))
    steps = np.gradient(np.stack(list(centres_mm)), axis=0)
    smooth = ndimage.convolve1d(steps / np.linalg.norm(steps, axis=1)[:, None], (0.25, 0.5, 0.25), 0, mode="nearest")
    directions: Float64Array = smooth / np.linalg.norm(smooth, axis=1)[:, None]
    return directions


def spine_pitches(centres_mm: Sequence[Float64Array]) -> Float64Array:
    """Distance of each vertebra to its nearer neighbour, disc included; infinite without one, mm, shape (n,).

    >>> spine_pitches([np.zeros(3), np.array([0.0, 0.0, 20.0]), np.array([0.0, 0.0, 45.0])]).tolist()
    [20.0, 20.0, 25.0]
    """
    gaps = np.linalg.norm(np.diff(np.stack(list(centres_mm)), axis=0), axis=1)
    pitches: Float64Array = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    return pitches
