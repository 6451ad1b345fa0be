"""Whether the members of an ensemble mark the same voxels.

Disagreement is the mean of 1 - Dice over all pairs of members. Roy et al. do the same with samples of one network,
where it goes with the Dice against the truth (Bayesian QuickNAT, doi:10.1016/j.neuroimage.2019.03.042).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.prediction import QualityFlag
from crmo_seg.volume import Array

LARGEST_DISAGREEMENT: Final = 0.5
"""An assumption: with more, two members share less than half of what they mark."""


def shared_voxels(probabilities: Sequence[Array], threshold: float) -> NDArray[np.int64]:
    """Voxels that each pair of members marks, shape (member, member); the diagonal is what each one marks alone.

    The counts of the windows of a scan can be added up.

    Args:
        probabilities: of each member, of one shape.
        threshold: probability from which a voxel is marked.

    >>> shared_voxels([np.array([0.9, 0.8, 0.1]), np.array([0.9, 0.2, 0.1])], 0.5).tolist()
    [[2, 1], [1, 1]]
    """
    masks = [np.asarray(probability) >= threshold for probability in probabilities]
    return np.array([[np.count_nonzero(one & other) for other in masks] for one in masks], dtype=np.int64)


def disagreement(shared: NDArray[np.int64], minimum_voxels: float = 0.0) -> float | None:
    """Mean of 1 - Dice over all pairs of members, 0 where all are one, 1 where none shares a voxel.

    Two empty masks agree. None with fewer than two members.

    Args:
        shared: from ``shared_voxels``, added up over the windows.
        minimum_voxels: masks with fewer, such as less than the smallest lesion, count as empty.

    >>> disagreement(np.array([[2, 1], [1, 2]])), disagreement(np.array([[5]]))
    (0.5, None)
    """
    sizes = np.where(shared.diagonal() < minimum_voxels, 0, shared.diagonal())
    pairs = list(combinations(range(len(sizes)), 2))
    return fmean(1 - _dice(shared[i, j], sizes[i], sizes[j]) for i, j in pairs) if pairs else None


def agreement_flags(value: float | None) -> Iterator[QualityFlag]:
    """A warning where the members of an ensemble disagree widely; None is no ensemble."""
    if value is not None and value > LARGEST_DISAGREEMENT:
        text = f"The networks of this model disagree: on average two of them share {1 - value:.0%} of what they mark."
        yield QualityFlag("members_disagree", "warning", text, round(value, 3))


def _dice(shared: float, first: float, second: float) -> float:
    if not first and not second:
        return 1.0
    return float(2 * shared / (first + second)) if first and second else 0.0
