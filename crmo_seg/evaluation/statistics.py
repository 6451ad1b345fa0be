"""Intervals, tests and rank statistics; patients, not scans, are what is drawn at random.

Several visits of a patient resemble each other, so that intervals over scans would be too narrow: every sample of the
bootstrap draws patients, each with all of its scans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.volume import Float64Array

SMALLEST_N_FOR_INTERVAL = 2


@dataclass(frozen=True)
class Interval:
    """A percentile bootstrap interval (Efron 1979, doi:10.1214/aos/1176344552).

    Attributes:
        low: NaN, as ``high``, where fewer than two patients have a value, or no sample is defined.
        high: upper end.
        n_undefined: samples in which the value was undefined; they are left out.
    """

    low: float
    high: float
    n_undefined: int = 0


UNKNOWN_INTERVAL = Interval(float("nan"), float("nan"))


def patient_samples(n_patients: int, settings: EvaluationSettings = DEFAULT_SETTINGS) -> NDArray[np.int64]:
    """How often each patient is in each sample, shape (samples, patients); the same for the same seed.

    >>> patient_samples(3).shape, set(patient_samples(3).sum(axis=1).tolist())
    ((2000, 3), {3})
    """
    generator = np.random.default_rng(settings.bootstrap_seed)
    repeats = settings.bootstrap_repeats
    if n_patients == 0:
        return np.zeros((repeats, 0), dtype=np.int64)
    drawn: NDArray[np.int64] = generator.multinomial(n_patients, np.full(n_patients, 1.0 / n_patients), size=repeats)
    return drawn


def percentile_interval(
    samples: Float64Array, n_patients: int, settings: EvaluationSettings = DEFAULT_SETTINGS
) -> Interval:
    """The middle part of a value's samples, shape (samples,); undefined ones (NaN) are counted and left out.

    >>> found = percentile_interval(np.arange(101.0), n_patients=5)
    >>> round(found.low, 6), round(found.high, 6)
    (2.5, 97.5)
    """
    defined = samples[~np.isnan(samples)]
    n_undefined = len(samples) - len(defined)
    if n_patients < SMALLEST_N_FOR_INTERVAL or not len(defined):
        return Interval(float("nan"), float("nan"), n_undefined)
    tail = (1.0 - settings.confidence_level) / 2.0
    low, high = np.quantile(defined, (tail, 1.0 - tail))
    return Interval(float(low), float(high), n_undefined)


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive has the larger value, ties count half (Mann-Whitney); NaN where a group is empty.

    >>> area_under_curve([0.9, 0.4], [0.4, 0.1])
    0.875
    """
    if not len(positive) or not len(negative):
        return float("nan")
    ranks = stats.rankdata([*positive, *negative])
    wins = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def wilcoxon_p(differences: Sequence[float]) -> float:
    """Two-sided p value of the signed-rank test (Wilcoxon 1945, doi:10.2307/3001968); zeros are left out.

    Undefined differences (NaN) are left out too; without any difference but zero p is 1, without any at all NaN.

    >>> wilcoxon_p([0.0, 0.0]), wilcoxon_p([1.0, 2.0, 3.0, 4.0, 5.0])
    (1.0, 0.0625)
    """
    defined: Float64Array = np.array([value for value in differences if not np.isnan(value)], dtype=np.float64)
    if not len(defined):
        return float("nan")
    changed = defined[defined != 0.0]
    if not len(changed):
        return 1.0
    return float(stats.wilcoxon(changed, zero_method="wilcox", alternative="two-sided").pvalue)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p values for their number (Holm 1979, https://www.jstor.org/stable/4615733); NaN stays, uncounted.

    >>> holm([0.01, 0.04, 0.03, float("nan")])
    (0.03, 0.06, 0.06, nan)
    """
    given: Float64Array = np.array(p_values, dtype=np.float64)
    defined = np.flatnonzero(~np.isnan(given))
    order = defined[np.argsort(given[defined], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    given[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0)
    return tuple(float(value) for value in given)
