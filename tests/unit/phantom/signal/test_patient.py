from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.signal.corrections import DRAWN_FACTORS, NEAR_ZERO
from crmo_seg.phantom.signal.patient import T2_VARIATION, average_patient, draw_patient
from crmo_seg.phantom.signal.tissues import TISSUES


def test_factors_and_near_zero_stay_in_their_ranges() -> None:
    patients = [draw_patient(np.random.default_rng(seed)) for seed in range(50)]
    for patient in (*patients, average_patient()):
        assert set(patient.deviations) == set(TISSUES)
        for name, deviation in patient.deviations.items():
            low, high = DRAWN_FACTORS.get(name, (1.0, 1.0))
            assert low <= deviation.factor <= high
            assert (deviation.near_zero is None) == (name not in NEAR_ZERO)


def test_spread_of_a_relaxation_time_is_as_stated() -> None:
    factors = [draw_patient(np.random.default_rng(seed)).deviations["muscle"].t2 for seed in range(400)]
    assert np.mean(factors) == pytest.approx(1, abs=0.01)
    assert np.std(factors) == pytest.approx(T2_VARIATION, rel=0.15)
    assert max(abs(factor - 1) for factor in factors) <= 2 * T2_VARIATION + 1e-9


def test_same_generator_same_patient() -> None:
    assert draw_patient(np.random.default_rng(5)).deviations == draw_patient(np.random.default_rng(5)).deviations
