"""Weights in 16 bits: rounded once, stored so, and the same everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_plan

from crmo_seg.bundle import ModelBundle, has_half_weights, load_bundle, save_bundle, with_half_weights
from crmo_seg.errors import InputError

VALUES = np.array([0.0, 1.0, -1.0, 1 / 3, 1e-5, 2049.0, 65504.0], np.float32)


def make_bundle(values: np.ndarray = VALUES) -> ModelBundle:
    return ModelBundle("test", make_plan(), {"a.weight": values}, other_weights=({"a.weight": -values},))


def test_weights_go_to_the_nearest_number_of_11_bits() -> None:
    half = with_half_weights(make_bundle()).weights["a.weight"].astype(np.float64)
    # 1/3 = 1.0101010101|0101 binary x 2^-2; 2049 lies between 2048 and 2050 and goes to the even one
    assert half[[0, 1, 2, 3, 5, 6]].tolist() == [0.0, 1.0, -1.0, 0b10101010101 / 2**12, 2048.0, 65504.0]
    assert half[4] == pytest.approx(1e-5, abs=2**-25)  # subnormal: steps of 2^-24


def test_every_member_is_rounded_and_nothing_else_changes() -> None:
    bundle = make_bundle()
    half = with_half_weights(bundle)
    np.testing.assert_array_equal(half.other_weights[0]["a.weight"], -half.weights["a.weight"])
    assert (half.plan, half.threshold, half.name) == (bundle.plan, bundle.threshold, bundle.name)
    assert (has_half_weights(bundle), has_half_weights(half)) == (False, True)
    assert not has_half_weights(replace(half, other_weights=bundle.other_weights))
    assert with_half_weights(half).sha256 == half.sha256 != bundle.sha256


def test_the_disk_keeps_them_in_16_bits(tmp_path: Path) -> None:
    values = np.linspace(-1, 1, 10_000, dtype=np.float32)
    sizes = []
    for bundle in (make_bundle(values), with_half_weights(make_bundle(values))):
        save_bundle(bundle, tmp_path / "model")
        loaded = load_bundle(tmp_path / "model")
        assert loaded.sha256 == bundle.sha256
        assert loaded.weights["a.weight"].dtype == bundle.weights["a.weight"].dtype
        sizes.append((tmp_path / "model" / "model.safetensors").stat().st_size)
    assert sizes[0] - sizes[1] == pytest.approx(20_000, abs=8)


@pytest.mark.parametrize("value", [65536.0, -1e30, np.inf, np.nan])
def test_a_weight_that_16_bits_do_not_hold_is_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"bundle test: a.weight has values that 16 bits do not hold; hand it on as"):
        with_half_weights(make_bundle(np.array([value], np.float32)))
