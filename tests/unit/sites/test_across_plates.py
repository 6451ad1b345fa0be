"""Lesions of a tibia of boxes on either side of its distal growth plate, which lies at 29 mm."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from long_bone_builders import DISTAL_PLATE_MM, make_legs, make_tibia

from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.sites import across_plates, assign_sites
from crmo_seg.sites.across_plates import LARGEST_GAP_MM, face_each_other
from crmo_seg.sites.long_bones import Plate
from crmo_seg.sites.segments import CROSSING_SHARE
from crmo_seg.volume import Array, Volume

EPIPHYSIS, METAPHYSIS = (8.0, 26.0), (34.0, 50.0)


def box(bones: Volume, x_mm: tuple[float, float], z_mm: tuple[float, float]) -> Array:
    """What lies in both ranges, 18 mm deep."""
    x, y, z = np.moveaxis(bones.geometry.to_world_mm(np.moveaxis(np.indices(bones.array.shape), 0, -1)), -1, 0)
    found: Array = (x >= x_mm[0]) & (x <= x_mm[1]) & (np.abs(y) < 9) & (z >= z_mm[0]) & (z <= z_mm[1])
    return found


def lesions_of(bones: Volume, *masks: Array) -> LesionMap:
    found = find_lesions(bones.with_array(np.logical_or.reduce(masks)))
    assert len(found.lesions) == len(masks)
    return found


def test_two_lesions_that_face_each_other_across_the_plate_both_cross_it() -> None:
    bones = make_tibia()
    masks = [box(bones, (-9, 9), z_mm) for z_mm in (EPIPHYSIS, METAPHYSIS)]
    lesions = lesions_of(bones, *masks)
    assert across_plates(lesions, bones) == (frozenset({1, 2}),)
    assert [one.site.crosses_physis for one in assign_sites(lesions, bones).lesions] == [True, True]
    for mask in masks:
        (alone,) = assign_sites(lesions_of(bones, mask), bones).lesions
        assert alone.site.crosses_physis is False


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(((-9, 9), EPIPHYSIS), ((-9, 9), (46.0, 60.0)), id="far from the plate"),
        pytest.param(((-25, -15), EPIPHYSIS), ((5, 15), METAPHYSIS), id="not beside each other"),
        pytest.param(((-9, 9), (130.0, 140.0)), ((-9, 9), (146.0, 160.0)), id="no plate between them"),
        pytest.param(((-9, 9), METAPHYSIS), ((-9, 9), (56.0, 70.0)), id="one side of the plate"),
    ],
)
def test_others_are_lesions_of_their_own(
    first: tuple[tuple[float, float], tuple[float, float]], second: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    bones = make_tibia()
    lesions = lesions_of(bones, box(bones, *first), box(bones, *second))
    assert across_plates(lesions, bones) == ()
    assert not any(one.site.crosses_physis for one in assign_sites(lesions, bones).lesions)


def test_lesions_of_two_bones_are_no_pair() -> None:
    bones = make_legs()
    lesions = lesions_of(bones, box(bones, (-69, -51), EPIPHYSIS), box(bones, (51, 69), METAPHYSIS))
    assert across_plates(lesions, bones) == ()


def test_the_order_and_the_flips_of_the_axes_make_no_difference() -> None:
    bones = make_tibia()
    both = bones.with_array(box(bones, (-9, 9), EPIPHYSIS) | box(bones, (-9, 9), METAPHYSIS))
    for axes in permutations((0, 1, 2)):
        for flips in product((False, True), repeat=3):
            turned, mask = (one.transposed(axes, flips) for one in (bones, both))
            turned, mask = (one.with_array(np.ascontiguousarray(one.array)) for one in (turned, mask))
            assert across_plates(find_lesions(mask), turned) == (frozenset({1, 2}),)


def test_where_the_picture_cuts_the_end_no_plate_is_known() -> None:
    shown = make_tibia(first=9)  # from z = 8 up
    lesions = lesions_of(shown, box(shown, (-9, 9), (8.0, DISTAL_PLATE_MM - 3)), box(shown, (-9, 9), METAPHYSIS))
    assert across_plates(lesions, shown) == ()


def test_a_lesion_with_voxels_on_both_sides_and_none_near_the_plate_faces_no_other() -> None:
    """Its quantile lies near the plate, between two voxels far from it."""
    normal = np.array([0.0, 0.0, 1.0])
    plate = Plate("distal", np.zeros(3), normal, square_mm=30.0, reach_mm=200.0)
    sparse = np.outer([-40.0] * 9 + [40.0], normal)
    assert abs(np.quantile(plate.heights_mm(sparse), 1 - CROSSING_SHARE)) < LARGEST_GAP_MM
    assert not face_each_other(sparse, np.outer([4.0, 5.0, 6.0], normal), plate, beside_mm=8.0)
    assert face_each_other(np.outer([-5.0] * 10, normal), np.outer([4.0, 5.0, 6.0], normal), plate, beside_mm=8.0)
