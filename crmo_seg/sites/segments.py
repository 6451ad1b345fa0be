"""The part of a long bone that a lesion lies in, and how far from the growth plate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.anatomy import Segment
from crmo_seg.sites.long_bones import LongBone, Plate
from crmo_seg.volume import Float64Array

PLATE_HALF_MM: Final = 1.5
"""Half the thickness of a growth plate."""
JUXTAPHYSEAL_MM: Final = 4.0
"""A lesion that comes so near to the surface of the plate touches it, as far as the plate's place is known: to about
3 mm (docs/sites.md)."""
CROSSING_SHARE: Final = 0.06
"""So much of a lesion on either side of the plate is no error of its place."""
CROSSING_MM: Final = 3.0
"""Voxels nearer to the plate than this count for neither side."""


@dataclass(frozen=True)
class PlaceInBone:
    """Where in a long bone a lesion lies; None where the image does not show it."""

    segment: Segment | None = None
    physis_distance_mm: float | None = None
    juxtaphyseal: bool | None = None
    crosses_physis: bool | None = None


def place_in_bone(points_mm: Float64Array, bone: LongBone) -> PlaceInBone:
    """Segment by most voxels; distance, neighbourhood and extension by the nearest plate.

    Args:
        points_mm: voxels of the lesion, RAS+ mm, shape (n, 3).
        bone: that it lies in.
    """
    if not bone.plates:
        return PlaceInBone()
    nearest = min(bone.plates, key=lambda plate: abs(float(np.median(plate.heights_mm(points_mm)))))
    heights = nearest.heights_mm(points_mm)
    if len(bone.plates) < bone.plates_of_kind and -float(np.median(heights)) > nearest.reach_mm:
        return PlaceInBone()
    distance = max(float(np.abs(heights).min()) - PLATE_HALF_MM, 0.0)
    return PlaceInBone(
        segment=_segment(heights, nearest),
        physis_distance_mm=distance,
        juxtaphyseal=distance <= JUXTAPHYSEAL_MM,
        crosses_physis=_crosses(heights),
    )


def _segment(heights_mm: Float64Array, plate: Plate) -> Segment:
    """That of most voxels."""
    beyond = int(np.count_nonzero(heights_mm > 0))
    beside = int(np.count_nonzero((heights_mm <= 0) & (heights_mm >= -plate.square_mm)))
    counts = {
        Segment.EPIPHYSIS: beyond,
        Segment.METAPHYSIS: beside,
        Segment.DIAPHYSIS: len(heights_mm) - beyond - beside,
    }
    return max(counts, key=lambda segment: counts[segment])


def _crosses(heights_mm: Float64Array) -> bool:
    """Whether a lesion goes on beyond the plate."""
    beyond, before = float(np.mean(heights_mm > CROSSING_MM)), float(np.mean(heights_mm < -CROSSING_MM))
    return min(beyond, before) >= CROSSING_SHARE
