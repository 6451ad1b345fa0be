"""Regions of the spine by height: where one class of vertebrae ends and the next begins, however ragged that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.sites.classes import class_value
from crmo_seg.sites.spine import SPINE_CLASSES, STEP_MM
from crmo_seg.volume import Float64Array

NEAR_MM: Final = 20.0
"""So far on either side of a border its two classes are asked whether they agree with it."""
MOST_WRONG: Final = 0.3
"""With a larger share of the wrong class on one side the border is doubtful, and nothing is counted from it."""


@dataclass(frozen=True, eq=False)
class Zones:
    """Heights that part the regions of the spine.

    Attributes:
        borders_mm: lumbar to thoracic and thoracic to cervical, along the centre line.
        doubtful: which of them the voxels do not agree with.
    """

    borders_mm: tuple[float, float]
    doubtful: tuple[bool, bool]

    def of(self, heights_mm: Float64Array) -> NDArray[np.uint8]:
        """The class of vertebrae that belongs at each height, shape (n,)."""
        names = np.array([class_value(name) for name in SPINE_CLASSES], dtype=np.uint8)
        classes: NDArray[np.uint8] = names[np.searchsorted(self.borders_mm, heights_mm)]
        return classes

    def settle(self, heights_mm: Float64Array, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Classes of voxels, those far outside of their own zone as it belongs there, shape (n,).

        Near a border a voxel keeps its class: arches of vertebrae hang over the disc below.
        """
        lows = np.array([-np.inf, *self.borders_mm]) - NEAR_MM
        highs = np.array([*self.borders_mm, np.inf]) + NEAR_MM
        settled = self.of(heights_mm)
        for name, low, high in zip(SPINE_CLASSES, lows, highs, strict=True):
            stays = (values == class_value(name)) & (heights_mm >= low) & (heights_mm <= high)
            settled[stays] = class_value(name)
        return settled


def find_zones(heights_mm: Float64Array, values: NDArray[np.uint8]) -> Zones:
    """The two borders that leave the fewest voxels on the wrong side.

    Args:
        heights_mm: of voxels of vertebrae along the centre line, shape (n,).
        values: their classes, shape (n,).

    >>> lumbar, thoracic = class_value("lumbar_vertebra"), class_value("thoracic_vertebra")
    >>> zones = find_zones(np.arange(6.0), np.array([lumbar, lumbar, thoracic, lumbar, thoracic, thoracic]))
    >>> zones.borders_mm[0], zones.of(np.array([1.0, 3.0])).tolist() == [lumbar, thoracic]
    (1.5, True)
    """
    start = float(heights_mm.min())
    steps = np.rint((heights_mm - start) / STEP_MM).astype(np.int64)
    size = int(steps.max()) + 1
    # voxels[region, step]; below[region, step] counts those under a border just below that step
    voxels = np.stack([np.bincount(steps[values == class_value(n)], minlength=size) for n in SPINE_CLASSES])
    below = np.concatenate([np.zeros((3, 1), dtype=np.int64), voxels.cumsum(axis=1)], axis=1)
    first, second = _best_borders(below)
    doubtful = (_is_doubtful(below, first, 0), _is_doubtful(below, second, 1))
    low, high = (start + (step - 0.5) * STEP_MM for step in (first, second))
    return Zones((low, high), doubtful)


def _best_borders(below: NDArray[np.int64]) -> tuple[int, int]:
    """Steps of the lower and of the upper border, the lower one never above the other."""
    lumbar, thoracic, cervical = below
    # right voxels = lumbar below the first + thoracic between + cervical above the second
    first_gain, second_gain = lumbar - thoracic, thoracic - cervical
    best_first = np.maximum.accumulate(first_gain)
    second = int((best_first + second_gain).argmax())
    return int(first_gain[: second + 1].argmax()), second


def _is_doubtful(below: NDArray[np.int64], border: int, region: int) -> bool:
    """Whether near a border too many voxels of its two regions lie on the wrong side of it, seen from either."""
    reach = round(NEAR_MM / STEP_MM)
    low, high = max(border - reach, 0), min(border + reach, below.shape[1] - 1)
    under, over = below[:, border] - below[:, low], below[:, high] - below[:, border]
    wrong_under, wrong_over = under[region + 1], over[region]
    return bool(
        wrong_under > MOST_WRONG * (wrong_under + under[region])
        or wrong_over > MOST_WRONG * (wrong_over + over[region + 1])
    )
