from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.scan.interpolation import pass_band
from crmo_seg.phantom.scan.noise import add_rician, unevenness_field

SHAPE = (60, 20, 70)
AXES = tuple(np.arange(n, dtype=np.float32) * 5 for n in SHAPE)


def noisy(signal: float, sigma: float, **options: object) -> np.ndarray:
    return add_rician(np.full(SHAPE, signal, np.float32), sigma, np.random.default_rng(0), **options)


def test_noise_in_air_is_rayleigh() -> None:
    """Mean sigma sqrt(pi/2), variance (2 - pi/2) sigma^2 (Gudbjartsson 1995)."""
    air = noisy(0, 7.0)
    assert air.mean() == pytest.approx(7 * np.sqrt(np.pi / 2), rel=0.01)
    assert air.std() == pytest.approx(7 * np.sqrt(2 - np.pi / 2), rel=0.02)


def test_noise_in_strong_signal_is_gaussian_and_shifts_the_mean() -> None:
    """Mean squared magnitude is signal^2 + 2 sigma^2, exactly."""
    bright = noisy(200, 10.0)
    assert bright.std() == pytest.approx(10, rel=0.02)
    assert np.square(bright, dtype=np.float64).mean() == pytest.approx(200**2 + 2 * 10**2, rel=1e-3)


def test_no_noise_leaves_the_image() -> None:
    image = np.random.default_rng(0).random(SHAPE, dtype=np.float32)
    np.testing.assert_array_equal(add_rician(image.copy(), 0.0, np.random.default_rng(0)), image)


def filters() -> list[tuple[int, np.ndarray]]:
    return [(axis, pass_band(SHAPE[axis], 1.7, sharp=False)) for axis in (0, 2)]


def test_interpolated_noise_is_as_strong_but_correlated() -> None:
    smooth, white = noisy(0, 7.0, filters=filters()), noisy(0, 7.0)
    assert smooth.mean() == pytest.approx(7 * np.sqrt(np.pi / 2), rel=0.03)

    def neighbours(image: np.ndarray, axis: int) -> float:
        lines = np.moveaxis(image, axis, 0)
        return float(np.corrcoef(lines[:-1].ravel(), lines[1:].ravel())[0, 1])

    assert neighbours(smooth, 0) > 0.3
    assert neighbours(smooth, 2) > 0.3
    assert abs(neighbours(smooth, 1)) < 0.05
    assert abs(neighbours(white, 0)) < 0.02


def test_uneven_noise_is_strongest_in_the_middle() -> None:
    field = unevenness_field(AXES, 1.0, np.random.default_rng(1))
    assert field is not None
    air = noisy(0, 7.0, unevenness=field)
    assert air[25:35, 8:12].mean() > 1.3 * air[[0, -1]].mean()
    assert field.whole().mean() == pytest.approx(1, rel=1e-4)
    assert air.mean() == pytest.approx(7 * np.sqrt(np.pi / 2), rel=0.01)


def test_even_noise_has_no_field() -> None:
    assert unevenness_field(AXES, 0.0, np.random.default_rng(0)) is None
