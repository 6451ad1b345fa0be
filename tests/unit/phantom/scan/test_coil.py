from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.scan.coil import coil_field

AXES = tuple(np.arange(*span, dtype=np.float32) for span in ((-150, 150, 5), (-80, 80, 6), (0, 400, 5)))


def test_without_bias_there_is_no_field() -> None:
    assert coil_field(AXES, 0.0, np.random.default_rng(0)) is None


@pytest.mark.parametrize("seed", range(4))
def test_the_coil_is_brighter_at_the_surface_and_falls_off_at_the_ends(seed: int) -> None:
    found = coil_field(AXES, 1.0, np.random.default_rng(seed))
    assert found is not None
    field = found.whole()
    assert field.min() > 0
    assert field[:, [0, -1], 20:-20].mean() > 1.2 * field[:, 10:16, 20:-20].mean()
    assert field[:, :, [0, -1]].mean() < 0.8 * field[:, :, 30:-30].mean()


def test_less_bias_is_a_power_of_it() -> None:
    strong, weak = (coil_field(AXES, bias, np.random.default_rng(1)) for bias in (1.0, 0.5))
    assert strong is not None
    assert weak is not None
    ratio = weak.coefficients**2 / strong.coefficients
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)
    assert strong.whole().mean() == pytest.approx(1, rel=1e-4)


def test_the_field_is_smooth() -> None:
    found = coil_field(AXES, 1.0, np.random.default_rng(2))
    assert found is not None
    steps = np.abs(np.diff(np.log(found.whole()), axis=2))
    assert steps.max() < 0.15  # of 5 mm
