from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.scan.interpolation import band_limited, noise_left, pass_band


def filtered(line: np.ndarray, factor: float, *, sharp: bool) -> np.ndarray:
    return band_limited(line.astype(np.float32), pass_band(len(line), factor, sharp=sharp), 0)


@pytest.mark.parametrize("count", [40, 57])
@pytest.mark.parametrize("sharp", [True, False])
def test_constants_stay(count: int, *, sharp: bool) -> None:
    np.testing.assert_allclose(filtered(np.full(count, 100.0), 1.7, sharp=sharp), 100, rtol=1e-5)


def test_a_sharp_band_of_all_frequencies_keeps_all() -> None:
    line = np.random.default_rng(0).random(50)
    np.testing.assert_allclose(filtered(line, 1.0, sharp=True), line, atol=1e-5)


def test_low_frequencies_pass_and_high_ones_do_not() -> None:
    count = 64
    places = np.arange(count) + 0.5
    low, high = np.cos(np.pi * places * 5 / count), np.cos(np.pi * places * 40 / count)
    np.testing.assert_allclose(filtered(low, 2.0, sharp=False), low, atol=1e-5)
    np.testing.assert_allclose(filtered(high, 2.0, sharp=False), 0, atol=1e-5)


def test_filling_with_zeros_is_a_fourier_transform_of_the_mirrored_line() -> None:
    line = np.random.default_rng(0).random(30)
    mirrored = np.concatenate([line, line[::-1]])
    spectrum = np.fft.rfft(mirrored)
    spectrum[15:] = 0
    expected = np.fft.irfft(spectrum, 60)[:30]
    np.testing.assert_allclose(filtered(line, 2.0, sharp=True), expected, atol=1e-5)


def test_a_sharp_edge_rings_as_gibbs_says() -> None:
    """Overshoot of 9 % of a step beside it, and ripples far away; both less with a smooth filter."""
    step = np.repeat((0.0, 1.0), 200)
    sharp, smooth = (filtered(step, 4.0, sharp=sharp) for sharp in (True, False))
    assert sharp.max() - 1 == pytest.approx(0.09, abs=0.01)
    assert smooth.max() < sharp.max()
    assert np.abs(smooth[240:300] - 1).max() < 0.1 * np.abs(sharp[240:300] - 1).max()


def test_noise_left_is_measured() -> None:
    window = pass_band(300, 1.8, sharp=False)
    noise = np.random.default_rng(0).standard_normal((2000, 300), dtype=np.float32)
    assert band_limited(noise, window, 1).std() == pytest.approx(noise_left(window), rel=0.01)


def test_every_axis_is_filtered_alike() -> None:
    image = np.random.default_rng(0).random((7, 9, 11), dtype=np.float32)
    for axis in range(3):
        window = pass_band(image.shape[axis], 1.4, sharp=False)
        lines = np.moveaxis(image, axis, -1)
        expected = np.moveaxis(band_limited(lines, window, 2), -1, axis)
        np.testing.assert_allclose(band_limited(image, window, axis), expected, atol=1e-5)
