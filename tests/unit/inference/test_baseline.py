"""The baseline on marrow made by hand: what stands out is marked, what does not is not."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.errors import InputError
from crmo_seg.inference.baseline import BaselineSettings, bright_marrow, mark_outliers
from crmo_seg.volume import Geometry, GeometryError, Volume

SHAPE = (40, 8, 60)
SPACING_MM = (2.0, 6.0, 2.0)
FEMUR, TIBIA = (bone_named(f"{name}_left").label for name in ("femur", "tibia"))
PLAIN = BaselineSettings(least_ratio=3.0, least_deviations=5.0, eroded_voxels=0)


def volume(array: np.ndarray) -> Volume:
    return Volume(array, Geometry(np.diag([*SPACING_MM, 1.0]), SHAPE))


def leg() -> tuple[np.ndarray, np.ndarray]:
    """Muscle of 100 with noise in air, a femur and a tibia of 150."""
    rng = np.random.default_rng(0)
    image, bones = rng.normal(2, 1, SHAPE), np.zeros(SHAPE, np.uint8)
    image[5:35, 1:7] = rng.normal(100, 5, (30, 6, 60))
    bones[15:25, 2:6, 2:28], bones[15:25, 2:6, 32:58] = FEMUR, TIBIA
    image[bones > 0] = rng.normal(150, 5, int((bones > 0).sum()))
    return image.clip(0).astype(np.float32), bones


def test_a_lesion_is_marked_and_the_rest_is_not() -> None:
    image, bones = leg()
    lesion = np.zeros(SHAPE, bool)
    lesion[18:22, 3:5, 5:10] = True
    image[lesion] = 500
    found = bright_marrow(volume(image), volume(bones), PLAIN)
    assert np.array_equal(found.array, lesion)
    outside = image.copy()
    outside[8:12, 3:5, 5:10] = 500
    assert np.array_equal(bright_marrow(volume(outside), volume(bones), PLAIN).array, lesion)


def test_a_bone_that_is_bright_throughout_is_held_to_its_own_marrow() -> None:
    image, bones = leg()
    rng = np.random.default_rng(1)
    image[bones == TIBIA] = rng.normal(400, 40, int((bones == TIBIA).sum()))
    assert not bright_marrow(volume(image), volume(bones), PLAIN).array.any()
    by_ratio = bright_marrow(volume(image), volume(bones), BaselineSettings(3.0, 0.0, 0)).array
    assert by_ratio[bones == TIBIA].mean() == pytest.approx(0.5, abs=0.05)


def test_bones_lose_their_border_in_plane_only() -> None:
    image, bones = leg()
    image[bones == FEMUR] = 500
    image[15:19, 2:6, 2:28] = 150
    found = bright_marrow(volume(image), volume(bones), BaselineSettings(3.0, 3.0, eroded_voxels=1)).array
    expected = np.zeros(SHAPE, bool)
    expected[19:24, 2:6, 3:27] = True
    assert np.array_equal(found, expected)


def test_a_bone_may_be_ill_by_two_thirds() -> None:
    image, bones = leg()
    ill = np.zeros(SHAPE, bool)
    ill[15:25, 2:6, 2:19] = True
    image[ill] = 500
    assert np.array_equal(bright_marrow(volume(image), volume(bones), PLAIN).array, ill)


def test_specks_are_no_lesions() -> None:
    image, bones = leg()
    image[20, 3, 10] = image[18:22, 3:5, 40:45] = 500
    kept = mark_outliers(volume(image), volume(bones), PLAIN).array
    assert kept[18:22, 3:5, 40:45].all()
    assert kept.sum() == 4 * 2 * 5


def test_no_bone_is_no_edema() -> None:
    image, _ = leg()
    assert not bright_marrow(volume(image), volume(np.zeros(SHAPE, np.uint8))).array.any()


def test_what_does_not_fit_is_refused() -> None:
    image, bones = leg()
    moved = Volume(bones, Geometry(np.diag([2.0, 6.0, 2.1, 1.0]), SHAPE))
    with pytest.raises(GeometryError, match="are not on the grid of the image"):
        bright_marrow(volume(image), moved)
    with pytest.raises(InputError, match="least_ratio: is -1; give a number of 0 or more"):
        BaselineSettings(least_ratio=-1)
