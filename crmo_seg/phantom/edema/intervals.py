"""95 % confidence intervals of what a study reports: shares, medians of log-normal counts, means of two groups."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from scipy import special

from crmo_seg.phantom.comparison import LEVEL
from crmo_seg.phantom.edema.literature import Share, TwoGroups

Interval: TypeAlias = tuple[float, float]


def median_ranks(count: int) -> tuple[int, int]:
    """Ranks (from 1) of the sorted values that enclose the median with at least 95 %, by the binomial distribution.

    >>> median_ranks(10)
    (2, 9)
    """
    ranks = np.arange(1, count // 2 + 1)
    tails = special.bdtr(ranks - 1, count, 0.5)
    lower = int(ranks[tails <= (1 - LEVEL) / 2].max(initial=0))
    if lower == 0:
        raise ValueError(f"{count} values are too few for a 95 % interval of their median")
    return lower, count + 1 - lower


def lognormal_median(median: float, count: int, smallest: Share) -> Interval:
    """Interval of the median of counts of which only the median and the share of ones are reported.

    The counts are taken as log-normal, rounded; the share of ones then gives their spread. The limits are the
    quantiles at the two ranks that enclose the median.
    """
    spread = float(np.log(1.5 / median) / special.ndtri(smallest.value))
    low, high = (special.ndtri(rank / (count + 1)) for rank in median_ranks(count))
    return median * float(np.exp(spread * low)), median * float(np.exp(spread * high))


def group_means(groups: TwoGroups) -> tuple[Interval, Interval]:
    """Intervals of both means, from the p value of their difference.

    The p value is taken as that of a t test. With equal groups, t = difference / (sqrt(2) * standard error of a mean),
    so that p and the difference give the standard error (Altman and Bland 2011, doi:10.1136/bmj.d2090).
    """
    freedom = 2 * groups.per_group - 2
    t = -float(special.stdtrit(freedom, groups.p_value / 2))
    error = abs(groups.second - groups.first) / t / float(np.sqrt(2))
    half = float(special.stdtrit(freedom, (1 + LEVEL) / 2)) * error
    return (groups.first - half, groups.first + half), (groups.second - half, groups.second + half)
