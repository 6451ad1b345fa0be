"""Where a stack of vertebrae is to be cut: at its discs, in steps of about the expected height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from crmo_seg.volume import Float64Array

SHORTEST, LONGEST = 0.6, 1.5
"""Height of a vertebra with its disc over what is expected."""
STIFFNESS: Final = 4.0
"""Price of a step that is twice as high as expected, over that of a cut through a bone of even thickness."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """Cuts between the two ends of a profile, in its steps, and what they cost."""

    places: tuple[int, ...]
    cost: float


def cut_costs(profile: Float64Array, height: float) -> Float64Array:
    """Bone at each place over that around it: small in discs, 1 and more in bodies."""
    around = ndimage.uniform_filter1d(profile, max(round(1.5 * height), 3), mode="nearest")
    costs: Float64Array = profile / np.maximum(around, 1e-6)
    return costs


def best_cuts(costs: Float64Array, heights: Sequence[float], *, free_end: bool = False) -> Cuts | None:
    """The cheapest way to part a profile into vertebrae from its beginning on; None where none is possible.

    Dynamic programming over the number of cuts and the place of the last one.

    Args:
        costs: of a cut at each step, from ``cut_costs``.
        heights: expected of each vertebra, in steps, the first one first.
        free_end: whether the image may end within the stack, so that there may be fewer, the last one incomplete;
            else all of ``heights`` are there.
    """
    size = len(costs)
    reached = np.full(size + 1, np.inf)
    reached[0] = 0.0
    origins: list[np.ndarray] = []
    ends: list[tuple[float, int, int]] = []
    for number, height in enumerate(heights):
        if free_end or number == len(heights) - 1:
            ends += _last_steps(reached, height, number, free_end=free_end)
        reached, origin = _one_step(reached, costs, height)
        origins.append(origin)
    if not ends or not np.isfinite(min(ends)[0]):
        return None
    cost, place, number = min(ends)
    places = []
    for origin in reversed(origins[:number]):
        places.append(place)
        place = int(origin[place])
    return Cuts(tuple(reversed(places)), cost)


def _one_step(reached: Float64Array, costs: Float64Array, height: float) -> tuple[Float64Array, np.ndarray]:
    """Cheapest cost of a cut at each place, and where the vertebra before it began."""
    size = len(costs)
    now, origin = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=np.int64)
    for step in range(max(int(SHORTEST * height), 1), min(int(LONGEST * height) + 1, size)):
        tried = reached[:-step] + STIFFNESS * (step / height - 1) ** 2
        better = tried < now[step:]
        now[step:][better] = tried[better]
        origin[step:][better] = np.flatnonzero(better)
    now[:size] += costs
    now[size] = np.inf
    return now, origin


def _last_steps(reached: Float64Array, height: float, number: int, *, free_end: bool) -> list[tuple[float, int, int]]:
    """(cost, place, number) of each way to end with the vertebra that begins at a place."""
    places = np.flatnonzero(np.isfinite(reached))
    steps = (len(reached) - 1 - places) / height
    off = np.maximum(steps - 1, 0) if free_end else steps - 1
    allowed = (steps <= LONGEST) & (free_end | (steps >= SHORTEST))
    costs = reached[places] + STIFFNESS * off**2
    return [(float(c), int(p), number) for c, p in zip(costs[allowed], places[allowed], strict=True)]
