"""Long bones of boxes: segments, growth plates, ends that the image cuts."""

from __future__ import annotations

import numpy as np
import pytest
from long_bone_builders import DISTAL_PLATE_MM, GEOMETRY, WORLD, make_legs, make_tibia

from crmo_seg.anatomy import Segment, bone_named
from crmo_seg.lesions import Lesion, find_lesions
from crmo_seg.sites import assign_sites, muscle_signal
from crmo_seg.sites.long_bones import measure_long_bone
from crmo_seg.volume import Geometry, Volume


def placed(bones: Volume, low: float, high: float, image: Volume | None = None) -> Lesion:
    """A lesion between two heights in the middle of the bone."""
    x, y, z = np.moveaxis(bones.geometry.to_world_mm(np.moveaxis(np.indices(bones.array.shape), 0, -1)), -1, 0)
    mask = (np.abs(x) < 9) & (np.abs(y) < 9) & (z >= low) & (z <= high)
    (one,) = assign_sites(find_lesions(bones.with_array(mask)), bones, image).lesions
    return one


@pytest.mark.parametrize(
    ("low", "high", "segment"),
    [
        (4.0, 20.0, Segment.EPIPHYSIS),
        (34.0, 50.0, Segment.METAPHYSIS),
        (140.0, 160.0, Segment.DIAPHYSIS),
        (255.0, 270.0, Segment.METAPHYSIS),
        (284.0, 298.0, Segment.EPIPHYSIS),
    ],
)
def test_segments_from_end_to_end(low: float, high: float, segment: Segment) -> None:
    assert placed(make_tibia(), low, high).site.segment is segment


def test_distance_and_neighbourhood_of_the_plate() -> None:
    near, far = (placed(make_tibia(), low, low + 16).site for low in (DISTAL_PLATE_MM + 3, DISTAL_PLATE_MM + 16))
    assert near.juxtaphyseal is True
    assert far.juxtaphyseal is False
    assert far.physis_distance_mm == pytest.approx(16 - 1.5, abs=2.5)
    assert far.crosses_physis is False


def test_a_lesion_on_both_sides_of_the_plate_crosses_it() -> None:
    site = placed(make_tibia(), DISTAL_PLATE_MM - 12, DISTAL_PLATE_MM + 24).site
    assert (site.crosses_physis, site.juxtaphyseal, site.segment) == (True, True, Segment.METAPHYSIS)


def test_an_end_that_the_image_cuts_has_no_plate() -> None:
    upper = make_tibia(first=60)
    assert placed(upper, 255.0, 270.0).site.segment is Segment.METAPHYSIS
    assert placed(upper, 140.0, 160.0).site.segment is Segment.DIAPHYSIS
    middle = placed(make_tibia(first=60, last=120), 140.0, 160.0).site
    assert (middle.segment, middle.juxtaphyseal, middle.bone_share) == (None, None, None)


def test_a_head_with_a_gap_where_its_plate_would_be_has_one_all_the_same() -> None:
    shaft = np.argwhere(np.ones((7, 7, 151), dtype=bool)) * [2, 2, 2] - [6, 6, 0]
    neck_deg = np.deg2rad(48)
    u, v = (axis.ravel() for axis in np.mgrid[-24:25:2, -24:25:2])
    disc = np.column_stack([100 - u * np.cos(neck_deg), v, 270 + u * np.sin(neck_deg)])[np.hypot(u, v) <= 24]
    voxels = np.rint(np.vstack([shaft, disc])).astype(np.int64) + np.array([50, 50, 20])
    bone = measure_long_bone("femur", voxels, Geometry(np.eye(4), (200, 200, 400)), None)
    assert bone is not None
    (head,) = (plate for plate in bone.plates if plate.end == "proximal")
    assert np.isfinite(head.centre_mm).all()


def test_share_of_the_bone_by_counting() -> None:
    bones = make_tibia()
    lesion = placed(bones, 140.0, 160.0)
    voxels = lesion.volume_ml / bones.geometry.voxel_volume_ml
    assert lesion.site.bone_share == pytest.approx(voxels / np.count_nonzero(bones.array))


def test_signal_over_muscle_between_dark_fat_and_bright_fluid() -> None:
    bones = make_tibia()
    x, y, z = WORLD
    rng = np.random.default_rng(0)
    signal = np.where(np.hypot(x, y) < 35, 100.0, 15.0) + rng.normal(0, 5, GEOMETRY.shape)
    signal[(np.abs(x - 24) < 3) & (np.abs(y) < 6)] = 600.0
    signal[(np.abs(x) < 9) & (np.abs(y) < 9) & (z >= 140) & (z <= 160)] = 550.0
    image = Volume(signal.astype(np.float32), GEOMETRY)
    assert muscle_signal(image, bones) == pytest.approx(100.0, rel=0.05)
    lesion = placed(bones, 140.0, 160.0, image)
    assert lesion.signal_ratio == pytest.approx(5.5, rel=0.06)
    assert lesion.soft_tissue_ratio is not None
    assert 0.8 < lesion.soft_tissue_ratio < 2.5


def test_without_soft_tissue_the_ratio_stays_open() -> None:
    bones = make_tibia()
    full = bones.with_array(np.full(GEOMETRY.shape, bone_named("tibia_left").label, dtype=np.uint8))
    assert muscle_signal(bones.with_array(np.ones(GEOMETRY.shape, dtype=np.float32)), full) is None


def test_a_border_alongside_shaves_a_bone_but_cuts_no_end() -> None:
    bones = make_tibia()
    half = np.ascontiguousarray(bones.array[:, 8:])
    affine = GEOMETRY.affine.copy()
    affine[1, 3] += 4.0 * 8
    shaved = Volume(half, Geometry(affine, half.shape))
    assert placed(shaved, 34.0, 50.0).site.segment is Segment.METAPHYSIS
    assert placed(shaved, 284.0, 298.0).site.segment is Segment.EPIPHYSIS


def test_far_from_the_only_plate_in_the_picture_the_segment_stays_open() -> None:
    whole_but_one_end = make_tibia(first=9)  # from z = 8 up
    assert placed(whole_but_one_end, 34.0, 50.0).site.segment is None
    assert placed(whole_but_one_end, 255.0, 270.0).site.segment is Segment.METAPHYSIS


def test_a_femur_whose_shaft_is_not_marked_gives_no_warning() -> None:
    x, y, z = WORLD
    ends = (np.abs(x) < 25) & (np.abs(y) < 15) & ((np.abs(z - 20) < 20) | (np.abs(z - 280) < 20))
    bones = Volume(np.where(ends, bone_named("femur_left").label, 0).astype(np.uint8), GEOMETRY)
    assert placed(bones, 10.0, 20.0).site.bone == "femur"


@pytest.mark.parametrize(("lacks_mm", "segment"), [(0.0, Segment.METAPHYSIS), (20.0, Segment.METAPHYSIS), (90.0, None)])
def test_a_bone_much_shorter_than_that_of_the_other_side_has_no_segments(
    lacks_mm: float, segment: Segment | None
) -> None:
    bones = make_legs(lacks_mm)
    x, y, z = np.moveaxis(bones.geometry.to_world_mm(np.moveaxis(np.indices(bones.array.shape), 0, -1)), -1, 0)
    upper_end_on_the_right = (np.abs(x - 60) < 9) & (np.abs(y) < 9) & (z >= 250) & (z <= 265)
    (one,) = assign_sites(find_lesions(bones.with_array(upper_end_on_the_right)), bones).lesions
    assert one.site.bone == "tibia"
    assert one.site.segment is segment


def test_loose_specks_do_not_lengthen_a_bone() -> None:
    bones = make_tibia()
    array = bones.array.copy()
    array[28:31, 9:11, 170:174] = bone_named("tibia_left").label  # 30 mm above the bone
    specked = placed(bones.with_array(array), 284.0, 298.0).site
    assert specked.segment is Segment.EPIPHYSIS
    assert specked.physis_distance_mm == placed(bones, 284.0, 298.0).site.physis_distance_mm


def test_in_a_hole_of_the_mask_the_bone_is_told_but_not_its_share() -> None:
    bones = make_tibia()
    hole = (np.abs(WORLD[0]) < 11) & (np.abs(WORLD[1]) < 8) & (WORLD[2] >= 138) & (WORLD[2] <= 162)
    site = placed(bones.with_array(np.where(hole, 0, bones.array).astype(np.uint8)), 140.0, 160.0).site
    assert (site.bone, site.segment, site.bone_share) == ("tibia", Segment.DIAPHYSIS, None)
