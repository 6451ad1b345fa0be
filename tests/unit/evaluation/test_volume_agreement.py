"""Bland-Altman and the intraclass correlation, by hand and against published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crmo_seg.evaluation.volume_agreement import bland_altman, intraclass_correlation, volume_agreement
from crmo_seg.evaluation.voxel import Overlap

SHROUT_AND_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=np.float64
)


def test_the_example_of_shrout_and_fleiss() -> None:
    """ICC(2,1) is 0.29 in their table 4; pingouin 0.7.0 gave 0.289764 for ICC(A,1)."""
    assert intraclass_correlation(SHROUT_AND_FLEISS) == pytest.approx(0.289764, abs=1e-6)


def test_by_hand() -> None:
    """Scans differ by 1, raters by 1, no rest: (1.5 - 0) / (1.5 + ...): mean squares 2, 1.5 and 0 for n = 3, k = 2."""
    values = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])
    of_scans, of_raters, rest = 2.0, 1.5, 0.0
    expected = (of_scans - rest) / (of_scans + rest + 2 / 3 * (of_raters - rest))
    assert intraclass_correlation(values) == pytest.approx(expected)
    assert expected == pytest.approx(2 / 3)


@pytest.mark.parametrize("values", [np.zeros((1, 2)), np.zeros((3, 1)), np.zeros((0, 2)), np.ones((4, 2))])
def test_undefined_correlations(values: np.ndarray) -> None:
    assert math.isnan(intraclass_correlation(values))


def test_perfect_agreement_is_1() -> None:
    assert intraclass_correlation(np.array([[1.0, 1.0], [2.0, 2.0], [7.0, 7.0]])) == 1.0


def test_limits_by_hand() -> None:
    found = bland_altman(pred_ml=np.array([3.0, 5.0, 10.0]), ref_ml=np.array([2.0, 5.0, 8.0]))
    assert (found.bias_ml, found.deviation_ml) == (1.0, 1.0)
    assert found.limits_ml == pytest.approx((1 - 1.96, 1 + 1.96))
    assert found.mean_ml.tolist() == [2.5, 5.0, 9.0]


def test_one_scan_has_a_bias_but_no_limits() -> None:
    found = bland_altman(pred_ml=np.array([3.0]), ref_ml=np.array([2.0]))
    assert found.bias_ml == 1.0
    assert np.isnan(found.limits_ml).all()
    nothing = bland_altman(pred_ml=np.zeros(0), ref_ml=np.zeros(0))
    assert math.isnan(nothing.bias_ml)


def test_of_patients() -> None:
    patients = [[Overlap(1, 2, 1), Overlap(2, 3, 1)], [Overlap(3, 4, 1)]]
    found = volume_agreement(patients)
    assert found is not None
    assert found.correlation == pytest.approx(2 / 3)
    assert found.bland_altman.difference_ml.tolist() == [-1.0, -1.0, -1.0]
    assert found.correlation_interval.low <= found.correlation <= found.correlation_interval.high
    assert volume_agreement([]) is None
