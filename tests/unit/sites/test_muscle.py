"""Signal of muscle, of the whole picture and near a lesion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.lesions import Lesion, find_lesions
from crmo_seg.sites import assign_sites, muscle_signal
from crmo_seg.sites.muscle import Muscle, find_muscle
from crmo_seg.volume import Geometry, Volume

GEOMETRY = Geometry(np.array([[4.0, 0, 0, -80], [0, 5, 0, -50], [0, 0, 4, 0], [0, 0, 0, 1.0]]), (40, 20, 200))
X, Y, Z = np.moveaxis(GEOMETRY.to_world_mm(np.moveaxis(np.indices(GEOMETRY.shape), 0, -1)), -1, 0)


def make_thigh() -> tuple[Volume, Volume]:
    """A femur of 760 mm in muscle of signal 100 in fat of 20; and its mask."""
    bones = np.where((np.hypot(X, Y) < 12) & (Z > 20) & (Z < 780), bone_named("femur_left").label, 0)
    signal = np.where(np.hypot(X, Y) < 36, 100.0, 20.0) + np.random.default_rng(0).normal(0, 4, GEOMETRY.shape)
    return Volume(signal.astype(np.float32), GEOMETRY), Volume(bones.astype(np.uint8), GEOMETRY)


def lesion_at(z: float) -> np.ndarray:
    mask: np.ndarray = (np.hypot(X, Y) < 9) & (np.abs(Z - z) < 14)
    return mask


def placed(image: Volume, bones: Volume, z: float) -> Lesion:
    (one,) = assign_sites(find_lesions(bones.with_array(lesion_at(z))), bones, image).lesions
    return one


@pytest.mark.parametrize("z", [100.0, 400.0, 700.0])
def test_shading_along_the_body_changes_the_ratio_little(z: float) -> None:
    image, bones = make_thigh()
    signal = image.array.copy()
    signal[lesion_at(z)] = 400.0
    shaded = image.with_array((signal * (1.3 - 0.6 * Z / 800)).astype(np.float32))
    even, uneven = placed(image.with_array(signal), bones, z).signal_ratio, placed(shaded, bones, z).signal_ratio
    usual = muscle_signal(shaded, bones)
    assert usual is not None
    assert uneven is not None
    by_the_picture = float(shaded.array[lesion_at(z)].mean()) / usual
    assert even == pytest.approx(4.0, rel=0.03)
    assert abs(uneven - 4.0) <= max(0.6 * abs(by_the_picture - 4.0), 0.15)


def test_fat_and_fluid_beside_a_lesion_are_not_taken_for_muscle() -> None:
    image, bones = make_thigh()
    signal = image.array.copy()
    near = np.abs(Z - 400) < 100
    signal[near & (X > 16)] = 15.0
    signal[near & (X < -24)] = 700.0
    muscle = find_muscle(image.with_array(signal), bones)
    assert muscle is not None
    assert muscle.near(np.array([0.0, 0.0, 400.0])) == pytest.approx(100.0, rel=0.05)


def test_where_nothing_like_muscle_lies_near_that_of_the_picture_counts() -> None:
    rng = np.random.default_rng(0)
    muscle = Muscle(100.0, rng.uniform(-300, 300, (4000, 3)), rng.normal(100, 5, 4000), np.ones(4000, dtype=bool))
    assert muscle.near(np.array([2000.0, 0.0, 0.0])) == pytest.approx(100.0, rel=0.01)
    near = np.linalg.norm(muscle.points_mm, axis=1) < 250
    bright = replace(muscle, values=np.where(near, 190.0, muscle.values))  # brighter than any muscle
    assert bright.near(np.zeros(3)) == pytest.approx(100.0, rel=0.01)
    assert replace(muscle, values=np.full(4000, 190.0)).near(np.zeros(3)) == 100.0


def test_around_bones_of_limbs_goes_before_other_bones() -> None:
    points = np.random.default_rng(0).uniform(-50, 50, (2000, 3))
    in_muscle = np.arange(2000) % 4 == 0
    muscle = Muscle(100.0, points, np.where(in_muscle, 90.0, 130.0), in_muscle)
    assert muscle.near(np.zeros(3)) == 90.0
    assert replace(muscle, in_muscle=np.zeros(2000, dtype=bool)).near(np.zeros(3)) == 130.0


def test_the_nearer_of_two_groups_of_muscle_counts() -> None:
    points = np.zeros((2000, 3))
    points[1000:, 2] = 600.0
    muscle = Muscle(100.0, points, np.where(points[:, 2] > 0, 120.0, 85.0), np.ones(2000, dtype=bool))
    assert (muscle.near(np.zeros(3)), muscle.near(points[-1])) == (85.0, 120.0)


def test_no_muscle_without_soft_tissue_around_bones() -> None:
    image, bones = make_thigh()
    assert find_muscle(image, bones.with_array(np.zeros_like(bones.array))) is None
    assert find_muscle(image, bones.with_array(np.full_like(bones.array, bone_named("femur_left").label))) is None
    assert muscle_signal(image.with_array(np.zeros_like(image.array)), bones) is None
    assert muscle_signal(image, bones) == pytest.approx(100.0, rel=0.03)
