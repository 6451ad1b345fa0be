"""Bins of confidence, by hand and against scikit-learn's Brier score."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crmo_seg.evaluation.calibration import reliability, voxel_reliability


def test_by_hand() -> None:
    found = reliability(np.array([0.05, 0.1, 0.95, 1.0]), np.array([0, 1, 1, 1]))
    assert found.n.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found.n_true.tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found.expected_calibration_error == pytest.approx((0.05 + 0.9 + 0.05) / 4)


def test_brier_score_that_scikit_learn_1_9_1_gave() -> None:
    found = reliability(np.array([0.9, 0.4, 0.4, 0.7, 0.6, 0.1, 0.6]), np.array([1, 1, 0, 1, 0, 0, 1]))
    assert found.brier_score == pytest.approx(0.1642857142857143)


def test_scans_are_added_up() -> None:
    rng = np.random.default_rng(0)
    confidence, truth = rng.random(50), rng.random(50) < 0.5
    parts = reliability(confidence[:20], truth[:20]) + reliability(confidence[20:], truth[20:])
    whole = reliability(confidence, truth)
    np.testing.assert_array_equal(parts.n, whole.n)
    np.testing.assert_allclose(parts.confidence_sum, whole.confidence_sum)
    assert parts.brier_score == pytest.approx(whole.brier_score)


def test_air_is_left_out() -> None:
    probability = np.zeros((4, 4, 4), dtype=np.float32)
    probability[0, 0, :2] = (0.9, 0.005)
    found = voxel_reliability(probability=probability, ref=probability > 0.001)
    assert found.n.sum() == 1
    assert found.expected_calibration_error == pytest.approx(0.1, abs=1e-6)
    nothing = voxel_reliability(probability=np.zeros_like(probability), ref=probability)
    assert math.isnan(nothing.brier_score)
    assert math.isnan(nothing.expected_calibration_error)
