from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.phantom.signal.intensity import IDENTITY, IntensityCurve, draw_intensity_curve


@given(seed=st.integers(0, 10_000), strength=st.floats(0, 1))
def test_order_of_intensities_is_kept(seed: int, strength: float) -> None:
    curve = draw_intensity_curve(np.random.default_rng(seed), strength)
    image = np.linspace(0, 3000, 4000, dtype=np.float32).reshape(2, 20, 100)
    bent = curve.apply(image, reference=1000.0).ravel()
    assert bent.dtype == np.float32
    assert (np.diff(bent) >= 0).all()
    assert bent[0] == 0


def test_ends_stay_and_the_middle_moves() -> None:
    curves = [draw_intensity_curve(np.random.default_rng(seed)) for seed in range(200)]
    image = np.array([[[0.0, 50.0, 100.0, 150.0, 250.0]]], dtype=np.float32)
    bent = np.array([curve.apply(image, 100.0).ravel() for curve in curves])
    np.testing.assert_allclose(bent[:, [0, 2, 3, 4]], np.tile([0.0, 100.0, 150.0, 250.0], (200, 1)), atol=0.01)
    assert bent[:, 1].min() < 38
    assert bent[:, 1].max() > 62


def test_by_hand() -> None:
    curve = IntensityCurve((0.0, 0.5, 1.0), (0.0, 0.8, 1.0))
    image = np.array([[[25.0, 75.0]]], dtype=np.float32)
    np.testing.assert_allclose(curve.apply(image, 100.0), [[[40.0, 90.0]]], atol=0.01)


def test_identity_and_strength_zero_change_nothing() -> None:
    image = np.random.default_rng(0).uniform(0, 500, (4, 5, 6)).astype(np.float32)
    for curve in (IDENTITY, draw_intensity_curve(np.random.default_rng(1), strength=0.0)):
        np.testing.assert_allclose(curve.apply(image, 300.0), image, atol=0.01)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [((0.0, 1.0), (0.0, 0.9)), ((0.0, 0.5, 1.0), (0.0, 1.0)), ((0.0, 0.5, 0.5, 1.0), (0.0, 0.1, 0.2, 1.0))],
)
def test_knots_must_rise(inputs: tuple[float, ...], outputs: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must rise from 0 to 1"):
        IntensityCurve(inputs, outputs)
