"""The body's midline, from the bones that lie on it and from the gap between both legs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.sites.classes import bone_voxels
from crmo_seg.volume import Array, Float64Array, Volume

MIDLINE_CLASSES: Final = (
    "skull",
    "cervical_vertebra",
    "thoracic_vertebra",
    "lumbar_vertebra",
    "sacrum",
    "sternum",
)
PAIRED_LEG_CLASSES: Final = ("femur", "tibia")
"""Where both legs are in the picture, the middle of the gap between them is on the midline too."""

MINIMUM_MIDLINE_ML: Final = 2.0
"""With less bone than this on the midline it tells nothing: a child's vertebra has 5 ml and more."""

MINIMUM_GAP_SLABS: Final = 2
"""So much of both legs makes a midline alone, in slabs of 20 mm."""

_SLAB_MM = 20.0
_MINIMUM_GAP_MM = 20.0
_MINIMUM_LENGTH_MM = 200.0
_LARGEST_TILT = 0.2
_LEAST_OF_SLAB_ML = 0.5  # of bone in a slab: less are specks
_SMALLEST_PART = 0.2  # of a slab's voxels on either side of a gap: fewer are specks


@dataclass(frozen=True)
class Midline:
    """The straight line x = ``x_mm`` + ``tilt`` * z that parts the body, in RAS+ mm; larger x is right.

    >>> Midline(x_mm=3.0, tilt=0.01).is_right(np.array([[5.0, 0, 0], [5.0, 0, 300]])).tolist()
    [True, False]
    """

    x_mm: float
    tilt: float

    def is_right(self, points_mm: Array) -> NDArray[np.bool_]:
        """Whether RAS+ mm points, shape (..., 3), lie on the patient's right."""
        # A micrometre keeps points on the line on one side, whatever the rounding of the affine.
        right: NDArray[np.bool_] = self.right_mm(points_mm) > 1e-3
        return right

    def right_mm(self, points_mm: Array) -> Float64Array:
        """How far to the right of the line RAS+ mm points, shape (..., 3), lie, along x."""
        distance: Float64Array = points_mm[..., 0] - self.tilt * points_mm[..., 2] - self.x_mm
        return distance


def find_midline(head_classes: Volume) -> Midline | None:
    """The body's midline; None with less than ``MINIMUM_MIDLINE_ML`` of its bones and without both legs.

    Each slab of 20 mm along the body gives one x: the median of its midline bones, where there are more than specks,
    and the middle of the gap between its two femora or tibiae. The line through them is that of Theil and Sen
    (doi:10.2307/2285891), which a minority of wrong slabs, such as a curve of the spine, does not move.

    Args:
        head_classes: values of the ``bones`` head, ``HEAD_CLASSES`` index + 1, 0 is no bone.
    """
    voxels = bone_voxels(head_classes)
    points = voxels.points_mm[voxels.are(MIDLINE_CLASSES)]
    gaps = [one for name in PAIRED_LEG_CLASSES for one in _gap_middles(voxels.points_mm[voxels.are((name,))])]
    voxel_ml = head_classes.geometry.voxel_volume_ml
    medians = [(z, float(np.median(x))) for z, x in _slabs(points) if len(x) * voxel_ml >= _LEAST_OF_SLAB_ML]
    if medians and len(points) * voxel_ml >= MINIMUM_MIDLINE_ML:
        return _robust_line(np.array(medians + gaps))
    return _robust_line(np.array(gaps)) if len(gaps) >= MINIMUM_GAP_SLABS else None


def _slabs(points_mm: Float64Array) -> Iterator[tuple[float, Float64Array]]:
    """Mean z and sorted x of the points in each slab along the body."""
    # A micrometre keeps points on the border of two slabs in one, whatever the rounding of the affine.
    slab = np.floor((points_mm[:, 2] + 1e-3) / _SLAB_MM).astype(np.int64)
    for number in np.unique(slab):
        inside = points_mm[slab == number]
        yield float(inside[:, 2].mean()), np.sort(inside[:, 0])


def _gap_middles(points_mm: Float64Array) -> list[tuple[float, float]]:
    """(z, x) of the middle between the two bones of a pair, for each slab that holds both."""
    middles = []
    for z, x in _slabs(points_mm):
        gaps = np.diff(x)
        widest = int(gaps.argmax()) if len(gaps) else 0
        smaller_part = min(widest + 1, len(x) - widest - 1) / len(x)
        if smaller_part >= _SMALLEST_PART and gaps[widest] >= _MINIMUM_GAP_MM:
            middles.append((z, float(x[widest] + x[widest + 1]) / 2.0))
    return middles


def _robust_line(points: Float64Array) -> Midline:
    """Line of Theil and Sen through (z, x) points; upright where they do not reach far enough to tell a tilt."""
    z, x = points.T
    first, second = np.triu_indices(len(z), k=1)
    rise, run = x[second] - x[first], z[second] - z[first]
    apart = np.abs(run) >= _SLAB_MM
    tilt = float(np.median(rise[apart] / run[apart])) if np.ptp(z) >= _MINIMUM_LENGTH_MM else 0.0
    tilt = float(np.clip(tilt, -_LARGEST_TILT, _LARGEST_TILT))
    return Midline(float(np.median(x - tilt * z)), tilt)
