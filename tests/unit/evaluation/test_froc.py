"""The FROC curve: by hand, against MONAI, and what is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.metrics import compute_froc_curve_data, compute_froc_score

from crmo_seg.evaluation.froc import ScoredLesions, calibration_pairs, froc_counts, froc_curve, largest_confidence

POINTS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def scan(confidence: list[float], meets: list[list[int]]) -> ScoredLesions:
    return ScoredLesions(np.array(confidence), np.array(meets, dtype=bool).reshape(len(meets), len(confidence)))


def two_scans() -> list[ScoredLesions]:
    first = scan([0.9, 0.8, 0.3], [[1, 0, 0], [0, 0, 1], [0, 0, 0]])  # 0.8 is false, one lesion is never found
    second = scan([0.7, 0.6], [[1, 1]])  # two predictions in one lesion
    return [first, second]


def test_by_hand() -> None:
    curve = froc_curve(two_scans())
    assert curve is not None
    assert curve.thresholds.tolist() == [math.inf, 0.9, 0.8, 0.7, 0.6, 0.3]
    assert curve.sensitivity.tolist() == [0.0, 0.25, 0.25, 0.5, 0.5, 0.75]
    assert curve.false_positives_per_scan.tolist() == [0.0, 0.0, 0.5, 0.5, 0.5, 0.5]
    assert curve.sensitivities_at([0.0, 0.25, 0.5, 8.0]).tolist() == [0.25, 0.25, 0.75, 0.75]
    assert (curve.n_scans, curve.n_ref, curve.last_false_positives_per_scan) == (2, 4, 0.5)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_curve_is_that_of_monai(data: st.DataObject) -> None:
    confidences = st.lists(st.integers(1, 99).map(lambda percent: percent / 100), max_size=12)
    true, false = data.draw(confidences), data.draw(confidences)
    n_missed, n_scans = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 4))
    if not true and not n_missed:
        return
    meets = np.zeros((len(true) + n_missed, len(true) + len(false)), dtype=bool)
    meets[: len(true), : len(true)] = np.eye(len(true), dtype=bool)
    empty = scan([], [])
    curve = froc_curve([ScoredLesions(np.array(true + false), meets)] + [empty] * (n_scans - 1))
    assert curve is not None
    # MONAI leaves out its lowest threshold, with which all lesions are kept: a lesion of confidence -1, never
    # counted, takes that place.
    fps, sensitivity = compute_froc_curve_data(np.array(false), np.array([*true, -1.0]), len(meets), n_scans)
    np.testing.assert_allclose(curve.false_positives_per_scan[::-1], fps)
    np.testing.assert_allclose(curve.sensitivity[::-1], sensitivity)
    assert curve.sensitivities_at(POINTS).mean() == pytest.approx(compute_froc_score(fps, sensitivity, POINTS))


def test_without_reference_lesions_sensitivity_is_undefined() -> None:
    curve = froc_curve([scan([0.5], [])])
    assert curve is not None
    assert curve.false_positives_per_scan.tolist() == [0.0, 1.0]
    assert np.isnan(curve.sensitivity).all()
    assert np.isnan(curve.sensitivities_at(POINTS)).all()


def test_without_scans_or_without_a_confidence_there_is_no_curve() -> None:
    assert froc_curve([]) is None
    assert froc_counts([[]]) is None
    assert froc_curve([scan([0.5, math.nan], [[1, 0]])]) is None


def test_nothing_predicted() -> None:
    curve = froc_curve([ScoredLesions(np.zeros(0), np.zeros((3, 0), dtype=bool))])
    assert curve is not None
    assert curve.sensitivities_at(POINTS).tolist() == [0.0] * 6


def test_patients_counted_twice_are_two_patients() -> None:
    first, second = two_scans()
    counts, written_out = froc_counts([[first], [second]]), froc_curve([first, first, first, second])
    assert counts is not None
    assert written_out is not None
    found = counts.curve(np.array([3.0, 1.0]))
    np.testing.assert_allclose(found.sensitivity, written_out.sensitivity)
    np.testing.assert_allclose(found.false_positives_per_scan, written_out.false_positives_per_scan)


def test_what_calibration_and_patients_take() -> None:
    confidence, is_true = calibration_pairs(two_scans())
    assert confidence.tolist() == [0.9, 0.8, 0.3, 0.7, 0.6]
    assert is_true.tolist() == [True, False, True, True, True]
    assert [largest_confidence(one) for one in two_scans()] == [0.9, 0.7]
    assert largest_confidence(scan([], [])) == 0.0
    assert [len(part) for part in calibration_pairs([])] == [0, 0]
