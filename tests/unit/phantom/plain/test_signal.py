from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.plain.signal import TISSUE_SIGNAL, draw_lesion_ratio, draw_tissue_signal, rician


def test_rician_noise_has_the_moments_of_its_definition() -> None:
    """E[m^2] = s^2 + 2 sigma^2 (Gudbjartsson 1995)."""
    signal = np.full((60, 60, 60), 20.0, dtype=np.float32)
    noisy = rician(signal.copy(), 10.0, np.random.default_rng(0))
    assert float((noisy.astype(np.float64) ** 2).mean()) == pytest.approx(20.0**2 + 2 * 10.0**2, rel=0.01)
    assert noisy.min() >= 0


def test_fluid_is_as_bright_as_edema() -> None:
    ratios = [draw_lesion_ratio(np.random.default_rng(i)) for i in range(300)]
    dim, bright = np.percentile(ratios, [25, 75]) * TISSUE_SIGNAL["muscle"]
    similar = [name for name, signal in TISSUE_SIGNAL.items() if dim <= signal <= bright]
    assert {"joint_fluid", "bowel_fluid", "csf"} <= set(similar)


def test_muscle_is_the_reference_in_every_child() -> None:
    one, other = (draw_tissue_signal(np.random.default_rng(seed)) for seed in (1, 2))
    assert one["muscle"] == other["muscle"] == 100.0
    assert one["csf"] != other["csf"]
    assert set(one) == set(TISSUE_SIGNAL)
