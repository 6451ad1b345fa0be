"""Bootstrap, ranks and tests: by hand, against SciPy, and numbers that the peers gave."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.evaluation.statistics import area_under_curve, holm, patient_samples, percentile_interval, wilcoxon_p


def test_samples_are_the_same_for_the_same_seed_only() -> None:
    np.testing.assert_array_equal(patient_samples(5), patient_samples(5))
    other = patient_samples(5, EvaluationSettings(bootstrap_seed=1))
    assert (other != patient_samples(5)).any()
    assert patient_samples(0).shape == (2000, 0)


def test_the_interval_of_a_mean_is_that_of_scipy() -> None:
    values = np.random.default_rng(0).normal(size=40)
    ours = percentile_interval(patient_samples(40) @ values / 40, 40)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=4000, rng=0).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_undefined_samples_are_counted_and_one_patient_has_no_interval() -> None:
    samples = np.array([1.0, math.nan, 3.0, math.nan])
    found = percentile_interval(samples, 3)
    assert (found.n_undefined, found.low) == (2, pytest.approx(1.05))
    assert math.isnan(percentile_interval(samples, 1).low)
    assert math.isnan(percentile_interval(np.full(4, math.nan), 3).high)


def test_area_under_curve_that_scikit_learn_1_9_1_gave() -> None:
    score, is_ill = [0.9, 0.4, 0.4, 0.7, 0.6, 0.1, 0.6], [1, 1, 0, 1, 0, 0, 1]
    groups = [[s for s, ill in zip(score, is_ill, strict=True) if ill == wanted] for wanted in (1, 0)]
    assert area_under_curve(*groups) == pytest.approx(0.8333333333333334)
    assert math.isnan(area_under_curve([], [1.0]))
    assert math.isnan(area_under_curve([1.0], []))


def test_wilcoxon_is_that_of_scipy_without_zeros_and_undefined() -> None:
    differences = [0.1, -0.2, 0.3, 0.45, 0.5, 0.0, math.nan, 0.62]
    assert wilcoxon_p(differences) == stats.wilcoxon([0.1, -0.2, 0.3, 0.45, 0.5, 0.62]).pvalue
    assert (wilcoxon_p([0.0, math.nan]), wilcoxon_p([1.0])) == (1.0, 1.0)
    assert math.isnan(wilcoxon_p([math.nan]))


def test_holm_that_statsmodels_0_15_gave() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005, 0.2]) == pytest.approx((0.04, 0.09, 0.09, 0.025, 0.2))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()
