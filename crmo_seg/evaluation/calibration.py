"""Whether a confidence of 0.8 is right in 8 of 10 cases, for lesions and for voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.evaluation.voxel import ratio
from crmo_seg.volume import Array, Float64Array

BINS: Final = 10
"""Of equal width, from 0 to 1."""

SMALLEST_PROBABILITY: Final = 0.01
"""Voxels below are left out: air and muscle, which are most of a scan and say nothing."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Confidences in bins of equal width from 0 to 1; those of several scans can be added up.

    Attributes:
        n: lesions or voxels in each bin, shape (bins,).
        confidence_sum: of their confidences, shape (bins,).
        n_true: how many of them are right, shape (bins,).
        squared_error_sum: of confidence less truth (0 or 1), over all bins.
    """

    n: NDArray[np.int64]
    confidence_sum: Float64Array
    n_true: NDArray[np.int64]
    squared_error_sum: float

    def __add__(self, other: Reliability) -> Reliability:
        squared = self.squared_error_sum + other.squared_error_sum
        sums = self.confidence_sum + other.confidence_sum
        return Reliability(self.n + other.n, sums, self.n_true + other.n_true, squared)

    @property
    def brier_score(self) -> float:
        """Mean squared error (Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2); NaN without any."""
        return ratio(self.squared_error_sum, int(self.n.sum()))

    @property
    def expected_calibration_error(self) -> float:
        """Mean over bins of |confidence - share that is right|, by their numbers (arXiv:1706.04599), or NaN."""
        return ratio(float(np.abs(self.confidence_sum - self.n_true).sum()), int(self.n.sum()))


def reliability(confidence: Array, is_true: Array, bins: int = BINS) -> Reliability:
    """Bins of confidences from 0 to 1, any shape; those of exactly a limit are in the upper bin, 1 in the last.

    >>> found = reliability(np.array([0.95, 0.95, 0.15]), np.array([True, False, False]))
    >>> found.n.tolist()[-1], found.n_true.tolist()[-1], round(found.expected_calibration_error, 3)
    (2, 1, 0.35)
    """
    values, truth = np.ravel(confidence).astype(np.float64), np.ravel(is_true).astype(np.bool_)
    bin_of = np.clip((values * bins).astype(np.int64), 0, bins - 1)
    return Reliability(
        n=np.bincount(bin_of, minlength=bins).astype(np.int64),
        confidence_sum=np.bincount(bin_of, weights=values, minlength=bins).astype(np.float64),
        n_true=np.bincount(bin_of[truth], minlength=bins).astype(np.int64),
        squared_error_sum=float(((values - truth) ** 2).sum()),
    )


def voxel_reliability(*, probability: Array, ref: Array) -> Reliability:
    """Bins of the voxels of one scan with a probability of at least ``SMALLEST_PROBABILITY``.

    Args:
        probability: float32.
        ref: nonzero is edema; the same shape.
    """
    counted = probability >= SMALLEST_PROBABILITY
    return reliability(probability[counted], ref[counted] != 0)
