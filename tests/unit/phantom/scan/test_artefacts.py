from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.scan.artefacts import WRAP_SIGNAL, blur, crop, cross_talk, fold, ghost, metal
from crmo_seg.phantom.scan.protocol import MetalVoid

SHAPE = (40, 12, 50)
AXES = tuple(np.arange(n, dtype=np.float32) * 2 for n in SHAPE)
BOX = ((20.0, 0.0, 30.0), (60.0, 24.0, 70.0))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_cross_talk_darkens_every_second_slice(axis: int) -> None:
    image = np.full(SHAPE, 100, np.float32)
    cross_talk(image, axis, 0.3, rng())
    means = np.moveaxis(image, axis, 0).reshape(SHAPE[axis], -1).mean(axis=1)
    even, odd = sorted((means[::2], means[1::2]), key=np.mean, reverse=True)
    np.testing.assert_allclose(even, 100)
    assert (odd >= 100 * (1 - 0.3 * 1.3) - 1e-3).all()
    assert (odd <= 100 * (1 - 0.3 * 0.7) + 1e-3).all()


def test_ghosts_are_faint_copies_along_the_phase_axis() -> None:
    image = np.zeros(SHAPE, np.float32)
    image[20, 6, 25] = 1000
    ghost(image, AXES, BOX, amount=0.1, phase_axis=0, rng=rng())
    others = image.copy()
    others[20] = 0
    touched = np.argwhere(others > 0)
    assert len(touched) >= 6
    assert set(touched[:, 1]) == {6}
    assert set(touched[:, 2]) <= {25, 27}  # the bright voxel and its moving edge
    assert others.max() <= 100 * 1.3
    assert image.min() >= 0


def test_nothing_ghosts_outside_the_box() -> None:
    image = np.zeros(SHAPE, np.float32)
    image[20, 6, 5] = 1000
    before = image.copy()
    ghost(image, AXES, BOX, amount=0.1, phase_axis=0, rng=rng())
    np.testing.assert_array_equal(image, before)


def test_motion_spreads_a_point_around_its_place() -> None:
    image = np.zeros(SHAPE, np.float32)
    image[20, 6, 25] = 100
    moved = blur(image, 2, 2.0, rng())
    assert moved.sum() == pytest.approx(100, rel=1e-5)
    assert (moved[20, 6] * np.arange(SHAPE[2])).sum() / 100 == pytest.approx(25, abs=1e-4)
    assert 2 <= np.count_nonzero(moved) <= 8
    assert np.count_nonzero(moved[20, 6]) == np.count_nonzero(moved)


def test_no_motion_leaves_the_image() -> None:
    image = rng().random(SHAPE, dtype=np.float32)
    assert blur(image, 2, 0.0, rng()) is image


def test_a_wide_field_folds_onto_the_opposite_side() -> None:
    image = np.zeros((10, 2, 2), np.float32)
    image[1] = 50  # margin on the low side
    image[4] = 7
    folded = fold(image, 0, 3)
    assert folded.shape == (4, 2, 2)
    np.testing.assert_allclose(folded[:, 0, 0], [0, 7, WRAP_SIGNAL * 50, 0])
    assert crop(image, 0, 3).shape == folded.shape
    assert fold(image, 0, 0) is image


def test_metal_takes_the_signal_and_brightens_the_rim_only() -> None:
    image = np.full(SHAPE, 100, np.float32)
    metal(image, AXES, MetalVoid((40.0, 12.0, 50.0), 9.0), rng())
    assert image[20, 6, 25] == 0
    assert image.max() > 120
    distance = np.sqrt(sum((axis - c) ** 2 for axis, c in zip(np.ix_(*AXES), (40, 12, 50), strict=True)))
    np.testing.assert_array_equal(image[distance > 9 * 1.8], 100)
    assert image.min() >= 0
