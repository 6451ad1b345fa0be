"""Numbers of ribs: that of the thoracic vertebra at which a rib begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from crmo_seg.sites.classes import Part
from crmo_seg.sites.levels import CountedSpine, Level
from crmo_seg.volume import Float64Array

HEAD_MM: Final = 35.0
"""A rib begins at most so far from the middle of its vertebra; a piece that lies further off stays without a number."""
HEAD_ZONE_MM: Final = 8.0
"""So much of a rib from its nearest point on is its head."""
ABOVE_MIDDLE: Final = 0.15
"""Where a head lies above the middle of its vertebra, in heights of it: between the first, eleventh and twelfth, at the
middle, and the others, at the disc above (an assumption that leaves a third of a vertebra on either side)."""
MOST_HEADS: Final = 1.4
"""What spreads over more vertebrae near the spine is several ribs in one."""


def rib_number(part: Part, counted: CountedSpine) -> int | None:
    """1 to 12, or None for what does not begin at a counted vertebra or is more than one rib."""
    levels = counted.levels.get("thoracic_vertebra", ())
    nearest = counted.line.nearest(part.points_mm)
    across = _distances(part.points_mm - counted.line.points_mm[nearest], counted.line.directions[nearest])
    if not levels or float(across.min()) > HEAD_MM:
        return None
    heights = counted.line.heights_of(part.points_mm)
    close = heights[across < HEAD_MM]
    level = _level_at(float(np.median(heights[across < across.min() + HEAD_ZONE_MM])), levels)
    if level is None or np.ptp(np.percentile(close, (2, 98))) > MOST_HEADS * (level.high_mm - level.low_mm):
        return None
    return int(level.name.removeprefix("vertebra_T"))


def _distances(offsets: Float64Array, directions: Float64Array) -> Float64Array:
    """From the centre line, at right angles to it."""
    along = np.einsum("ij,ij->i", offsets, directions)
    distances: Float64Array = np.linalg.norm(offsets - along[:, None] * directions, axis=1)
    return distances


def _level_at(height_mm: float, levels: Sequence[Level]) -> Level | None:
    """The vertebra whose rib begins at a height."""
    for level in levels:
        shift = ABOVE_MIDDLE * (level.high_mm - level.low_mm)
        if level.low_mm + shift <= height_mm < level.high_mm + shift:
            return level
    return None
