"""Clipped, wrapped and constant images, and those that are none of these."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_volume
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.inference.quality.signal import signal_flags
from crmo_seg.preprocess import normalise
from crmo_seg.volume import Array, Volume


def make_body(dtype: type = np.float32) -> Array:
    """Air of 0 to 10 around tissue of about 100 +- 20, with a bright bladder."""
    rng = np.random.default_rng(1)
    array = rng.uniform(0, 10, (48, 20, 60))
    array[8:40, 4:16, 6:54] = rng.normal(100, 20, (32, 12, 48))
    array[20:26, 8:12, 20:26] = rng.normal(500, 10, (6, 4, 6))
    return array.astype(dtype)


def codes(array: Array) -> list[str]:
    return [flag.code for flag in signal_flags("stir", make_volume(array.astype(np.float32)))]


def image_of(array: Array) -> Volume:
    return make_volume(array.astype(np.float32))


@pytest.mark.parametrize("factor", [0.001, 1.0, 40.0])
def test_a_sound_image_has_no_flag(factor: float) -> None:
    assert codes(make_body() * factor) == []


def test_a_normalised_image_is_sound() -> None:
    assert codes(normalise(image_of(make_body())).array) == []


def test_a_phase_image_is_not_wrapped() -> None:
    assert codes(np.random.default_rng(0).uniform(-4096, 4095, (20, 20, 20))) == []


def test_undershoot_of_interpolation_is_not_wrapped() -> None:
    array = make_body()
    array[:4] -= 30
    assert codes(array) == []


@settings(max_examples=15, deadline=None)
@given(percentile=st.floats(97.0, 98.7))
def test_clipping_is_measured(percentile: float) -> None:
    """Of the body a share of 100 - percentile has one value afterwards; air has none of it."""
    array = make_body()
    body = array[8:40, 4:16, 6:54]
    (flag,) = signal_flags("stir", image_of(np.minimum(array, np.percentile(body, percentile))))
    assert (flag.code, flag.severity) == ("clipped", "warning")
    assert flag.value == pytest.approx(1 - percentile / 100, abs=0.003)
    assert "STIR image is clipped" in flag.text


def test_little_clipping_does_not_matter() -> None:
    array = make_body()
    assert codes(np.minimum(array, np.percentile(array[8:40, 4:16, 6:54], 99.8))) == []


def test_an_overflow_of_16_bit() -> None:
    array = make_body() * 80  # the bladder is 40000, above the largest number of 32767
    wrapped = array.astype(np.int64).astype(np.int16)
    (flag,) = signal_flags("stir", image_of(wrapped))
    assert flag.code == "wrapped"
    assert flag.value == pytest.approx((array > 32767).mean(), abs=1e-6)


@pytest.mark.parametrize("array", [np.zeros((9, 9, 9)), np.full((9, 9, 9), 7.0), np.eye(30)[:, :, None] * np.eye(30)])
def test_a_constant_image(array: Array) -> None:
    (flag,) = signal_flags("stir", image_of(array))
    assert (flag.code, flag.value) == ("nearly_constant", 0.0)


def test_a_mask_given_for_an_image() -> None:
    assert codes(make_body() > 50) == ["few_values"]
