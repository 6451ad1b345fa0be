from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.solids.ripple import Ripple


def test_it_is_the_sum_of_the_products_of_cosines() -> None:
    rng = np.random.default_rng(0)
    numbers, phases, amplitudes = rng.uniform(0.1, 0.4, (3, 3)), rng.uniform(0, 6, (3, 3)), np.array([0.5, -0.2, 0.1])
    origin = np.array([3.0, -2.0, 7.0])
    axes = [np.arange(n, dtype=np.float32) for n in (4, 3, 5)]
    ripple = Ripple(origin, numbers, phases, amplitudes).at(
        axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
    )
    assert ripple.shape == (4, 3, 5)
    assert ripple.dtype == np.float32
    for i, j, k in ((0, 0, 0), (3, 2, 4), (1, 2, 0)):
        at = np.cos(numbers * (np.array([i, j, k]) - origin) + phases).prod(axis=1) @ amplitudes
        assert ripple[i, j, k] == pytest.approx(at, abs=1e-5)


def test_it_never_reaches_further_than_it_says() -> None:
    rng = np.random.default_rng(1)
    ripple = Ripple(np.zeros(3), rng.uniform(0, 1, (4, 3)), rng.uniform(0, 6, (4, 3)), rng.standard_normal(4))
    x = np.linspace(-50, 50, 40, dtype=np.float32)
    assert np.abs(ripple.at(x[:, None, None], x[None, :, None], x[None, None, :])).max() <= ripple.reach_mm + 1e-5
