import pickle

import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.data.augment.base import RandSignald
from crmo_seg.data.augment.signal import (
    RandBlurd,
    RandBrightnessd,
    RandContrastCurved,
    RandContrastd,
    RandGammad,
    RandLowResolutiond,
    RandNoised,
)
from crmo_seg.data.augment.window import WINDOW, Window
from crmo_seg.data.sample import AIR, IMAGE, Sample

SIGNAL = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(2, 16, 18, 8)), (0, 1, 1, 1)).astype(np.float32)
TRANSFORMS = [
    RandNoised(1.0, 0.1),
    RandBlurd(1.0, 1.0, (0.5, 1.0)),
    RandLowResolutiond(1.0, 1.0, (0.5, 0.9)),
    RandBrightnessd(1.0, (0.75, 1.25)),
    RandContrastd(1.0, (0.75, 1.25)),
    RandGammad(1.0, (0.7, 1.5)),
    RandContrastCurved(1.0, 1.0, knots=5, strength=0.8),
]


def make_sample() -> Sample:
    image = SIGNAL.copy()
    image.flags.writeable = False
    return {IMAGE: image, AIR: image.min(axis=(1, 2, 3)), "label_edema": np.ones((1, 16, 18, 8), np.uint8)}


def draw(transform: RandSignald, sample: Sample, seed: int = 0) -> np.ndarray:
    transform.set_random_state(seed=seed)
    changed = transform(sample)
    assert changed["label_edema"] is sample["label_edema"]
    image: np.ndarray = changed[IMAGE]
    return image


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: type(transform).__name__)
def test_signal_changes_with_the_seed_alone(transform: RandSignald) -> None:
    image = draw(transform, make_sample(), 3)
    assert image.shape == SIGNAL.shape
    assert image.dtype == np.float32
    assert not np.allclose(image[0], SIGNAL[0])
    assert np.array_equal(image, draw(pickle.loads(pickle.dumps(transform)), make_sample(), 3))
    assert not np.array_equal(image, draw(transform, make_sample(), 4))


def test_noise_has_the_drawn_spread() -> None:
    spreads = [float((draw(RandNoised(1.0, 0.1), make_sample(), seed) - SIGNAL)[0].std()) for seed in range(60)]
    assert 0 < min(spreads) < 0.015
    assert 0.085 < max(spreads) < 0.105


def test_each_sequence_is_drawn_by_itself() -> None:
    factors = [draw(RandBrightnessd(1.0, (0.75, 1.25)), make_sample(), seed) / SIGNAL for seed in range(20)]
    first, second = (np.array([factor[channel].mean() for factor in factors]) for channel in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.6
    assert first.min() >= 0.75
    assert first.max() <= 1.25


def test_some_sequences_are_left_alone() -> None:
    changed = [draw(RandBlurd(1.0, 0.5, (0.5, 1.0)), make_sample(), seed) != SIGNAL for seed in range(100)]
    assert np.mean([change.any(axis=(1, 2, 3)) for change in changed]) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("transform", [RandBlurd(1.0, 1.0, (0.5, 1.0)), RandLowResolutiond(1.0, 1.0, (0.5, 0.5))])
def test_thick_slices_are_not_mixed(transform: RandSignald) -> None:
    window = Window((16, 18, 8), np.zeros(3), np.zeros(3), np.eye(3), in_plane_only=True)
    steps = np.broadcast_to(np.arange(8, dtype=np.float32), (1, 16, 18, 8))
    assert np.allclose(draw(transform, make_sample() | {IMAGE: steps, WINDOW: window}), steps, atol=1e-5)
    assert not np.allclose(draw(transform, make_sample() | {IMAGE: steps}), steps, atol=1e-5)


def test_a_contrast_curve_keeps_order_mean_and_spread() -> None:
    image = draw(RandContrastCurved(1.0, 1.0, knots=5, strength=1.0), make_sample())
    order = np.argsort(SIGNAL[0].ravel())
    assert (np.diff(image[0].ravel()[order]) >= 0).all()
    assert (image[0].mean(), image[0].std()) == pytest.approx((SIGNAL[0].mean(), SIGNAL[0].std()), abs=1e-4)


def test_gamma_lies_below_one_as_often_as_above() -> None:
    """As nnU-Net draws it; evenly over 0.7 to 1.5 it would lie above one 62 % of the time."""
    middle = np.median(SIGNAL[0])
    darker = [np.median(draw(RandGammad(1.0, (0.7, 1.5)), make_sample(), seed)[0]) < middle for seed in range(200)]
    assert np.mean(darker) == pytest.approx(0.5, abs=0.12)
