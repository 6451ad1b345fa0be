"""Islands of one class in another, and specks in soft tissue."""

from __future__ import annotations

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_volume

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.sites.islands import EMBEDDED_SHARE, without_islands
from crmo_seg.volume import Volume

TIBIA, FIBULA, FEMUR, HAND, RADIUS = (
    HEAD_CLASSES.index(name) + 1 for name in ("tibia", "fibula", "femur", "hand", "radius")
)
SPACING = (2.0, 4.0, 2.0)


def make_leg() -> Volume:
    """A femur above a tibia with its fibula, in 2 x 4 x 2 mm: 48, 48 and 16 ml."""
    array = np.zeros((60, 12, 120), dtype=np.uint8)
    array[10:30, 2:7, 62:92] = FEMUR
    array[10:30, 2:7, 28:58] = TIBIA
    array[34:44, 2:7, 28:48] = FIBULA
    return make_volume(array, SPACING)


def with_block(volume: Volume, at: tuple[slice, slice, slice], value: int) -> Volume:
    array = volume.array.copy()
    array[at] = value
    return volume.with_array(array)


@pytest.mark.parametrize("other", [FIBULA, FEMUR, RADIUS])
def test_an_island_within_a_bone_takes_its_class(other: int) -> None:
    leg = make_leg()
    wrong = with_block(leg, (slice(16, 21), slice(3, 6), slice(40, 46)), other)
    np.testing.assert_array_equal(without_islands(wrong).array, leg.array)


def test_a_slice_of_a_shaft_far_from_its_own_class_takes_that_of_the_shaft() -> None:
    leg = make_leg()
    wrong = with_block(leg, (slice(10, 30), slice(2, 7), slice(33, 37)), FEMUR)
    np.testing.assert_array_equal(without_islands(wrong).array, leg.array)
    beside_its_own = with_block(leg, (slice(10, 30), slice(2, 7), slice(52, 56)), FEMUR)  # 14 mm below the femur
    np.testing.assert_array_equal(without_islands(beside_its_own).array, beside_its_own.array)


@pytest.mark.parametrize(("z", "stays"), [(104, False), (98, True)])
def test_a_speck_in_soft_tissue_stays_only_near_its_bone(z: int, stays: bool) -> None:
    leg = make_leg()  # the last slice of the femur is 91: its neighbours are 26 and 14 mm off
    wrong = with_block(leg, (slice(18, 20), slice(4, 6), slice(z, z + 2)), FEMUR)
    np.testing.assert_array_equal(without_islands(wrong).array, (wrong if stays else leg).array)


def test_a_speck_at_the_border_of_the_image_stays() -> None:
    wrong = with_block(make_leg(), (slice(18, 20), slice(4, 6), slice(118, 120)), FEMUR)
    np.testing.assert_array_equal(without_islands(wrong).array, wrong.array)


def test_finger_bones_are_kept_further_from_their_hand() -> None:
    hand = with_block(make_leg(), (slice(48, 58), slice(2, 7), slice(10, 30)), HAND)
    finger = with_block(hand, (slice(50, 52), slice(4, 6), slice(50, 54)), HAND)
    np.testing.assert_array_equal(without_islands(finger).array, finger.array)
    too_far = with_block(hand, (slice(50, 52), slice(4, 6), slice(80, 84)), HAND)
    np.testing.assert_array_equal(without_islands(too_far).array, hand.array)


def test_faces_of_thick_slices_count_by_their_area() -> None:
    """A voxel of 1 x 1 x 5 mm has four faces of 5 and two of 1 square millimetres."""
    array = np.zeros((12, 12, 12), dtype=np.uint8)
    array[4:9, 4:9, 3:9] = TIBIA
    array[2, 2, 2:4] = FIBULA  # so that the piece is not all of its class; nearer than what is astray
    at_a_side, at_an_edge = array.copy(), array.copy()
    at_a_side[4, 6, 5] = FIBULA  # 17 of 22 mm2 lie on the tibia
    at_an_edge[4, 4, 5] = FIBULA  # 12 of 22
    at_an_edge[5, 4, 5] = 0  # 7 of 22
    assert 7 / 22 < EMBEDDED_SHARE < 17 / 22
    found = without_islands(make_volume(at_a_side, (1.0, 1.0, 5.0))).array
    assert found[4, 6, 5] == TIBIA
    assert without_islands(make_volume(at_an_edge, (1.0, 1.0, 5.0))).array[4, 4, 5] == FIBULA


def test_what_is_large_stays_whatever_it_touches() -> None:
    array = np.full((60, 20, 60), TIBIA, dtype=np.uint8)
    array[20:40, 6:14, 20:32] = FIBULA  # 30.7 ml
    volume = make_volume(array, SPACING)
    np.testing.assert_array_equal(without_islands(volume).array, array)


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS[::7])
def test_axis_order_makes_no_difference(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    wrong = with_block(make_leg(), (slice(16, 21), slice(3, 6), slice(40, 46)), RADIUS)
    wrong = with_block(wrong, (slice(18, 20), slice(4, 6), slice(104, 106)), FEMUR)
    turned = without_islands(wrong.transposed(axes, flips))
    np.testing.assert_array_equal(turned.array, make_leg().transposed(axes, flips).array)


def test_no_bone_and_one_bone_stay_as_they_are() -> None:
    empty = make_volume(np.zeros((4, 4, 4), dtype=np.uint8))
    assert not without_islands(empty).array.any()
    one = make_volume(np.full((4, 4, 4), FEMUR, dtype=np.uint8))
    np.testing.assert_array_equal(without_islands(one).array, one.array)
