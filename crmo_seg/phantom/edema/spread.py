"""Numbers that are spread evenly, where chance would leave gaps: the R sequence of M. Roberts in three dimensions.

M. Roberts, "The unreasonable effectiveness of quasirandom sequences" (2018),
https://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.phantom.solids.shapes import Vector

Chances: TypeAlias = tuple[float, float, float]

_ROOT: Final = 1.2207440846057596
"""Of x^4 = x + 1, the three-dimensional golden ratio."""
_STEPS: Final = np.array([1 / _ROOT, 1 / _ROOT**2, 1 / _ROOT**3])


def evenly_spread(indices: NDArray[np.int64], start: Vector) -> Vector:
    """Points (n, 3) in the unit cube: those of the sequence with these indices, moved around by a start in the cube."""
    points: Vector = (start + indices[:, None] * _STEPS) % 1
    return points


def cohort_chances(seed: int, index: int) -> Chances:
    """Three chances for the child of an index; over a cohort they fill the unit cube evenly.

    A child does not depend on how many others there are, and another seed gives other children.

    >>> [round(chance, 3) for chance in cohort_chances(0, 1)] == [round(chance, 3) for chance in cohort_chances(0, 1)]
    True
    """
    start = np.random.default_rng([seed, 0xED]).random(3)
    first, second, third = evenly_spread(np.array([index]), start)[0].tolist()
    return first, second, third
