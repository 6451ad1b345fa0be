"""What a scan shows and cuts, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_volume

from crmo_seg.anatomy import BONES_TABLE, bone_named
from crmo_seg.inference.quality.coverage import (
    REGIONS,
    border_flags,
    coverage_flags,
    covered_regions,
    covered_rows,
    cut_regions,
    lesions_at_border,
)
from crmo_seg.lesions import find_lesions
from crmo_seg.volume import Volume

SPACING_MM = (5.0, 6.0, 5.0)


def make_bones() -> Volume:
    """A femur of 20 x 18 x 100 mm that leaves the image below, a skull inside, and one stray voxel of a hand."""
    labels = np.zeros((20, 8, 40), dtype=np.uint8)
    labels[4:8, 2:5, 0:20] = bone_named("femur_left").label
    labels[8:14, 2:6, 30:38] = bone_named("skull").label
    labels[0, 0, 39] = bone_named("carpus_right").label
    return make_volume(labels, SPACING_MM)


def make_image() -> Volume:
    return make_volume(np.random.default_rng(0).random((20, 8, 40)).astype(np.float32), SPACING_MM)


def test_every_group_of_bones_has_a_region() -> None:
    assert set(REGIONS) == {bone.group for bone in BONES_TABLE}


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_regions_in_any_orientation(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    bones = make_bones().transposed(axes, flips)
    assert covered_regions(bones) == ("head", "legs")
    assert cut_regions(bones) == ("legs",)
    assert covered_rows(make_image().transposed(axes, flips)).sum() == 40


def test_labels_without_side_or_level_count_too() -> None:
    bones = make_bones()
    labels = bones.array.copy()
    labels[:] = 0
    labels[2:10, 2:6, 10:20] = bone_named("thoracic_vertebra").label
    labels[12:18, 2:6, 10:20] = 199  # no bone has this label
    assert covered_regions(bones.with_array(labels)) == ("spine",)


def test_a_cut_needs_a_square_centimetre() -> None:
    bones = make_bones()
    labels = bones.array.copy()
    labels[4:8, 2:5, 0] = 0
    labels[4:7, 2, 0] = bone_named("femur_left").label  # 3 x 30 mm2
    assert cut_regions(bones.with_array(labels)) == ()
    labels[7, 2, 0] = bone_named("femur_left").label
    assert cut_regions(bones.with_array(labels)) == ("legs",)


def test_what_is_said() -> None:
    field, regions, cut = coverage_flags(make_image(), make_bones())
    assert (field.code, field.severity, field.value) == ("field_of_view", "info", 200.0)
    assert (regions.code, regions.severity, regions.value) == ("body_regions", "info", ("head", "legs"))
    assert regions.text.startswith("Bones were found of the head and legs, none of the spine, thorax,")
    assert (cut.code, cut.severity, cut.value) == ("region_cut", "info", ("legs",))
    assert "cuts the legs;" in cut.text


def test_without_the_head_of_bones_only_the_field_is_known() -> None:
    assert [flag.code for flag in coverage_flags(make_image(), None)] == ["field_of_view"]


def test_no_bones_is_a_warning() -> None:
    nothing = make_bones()
    _, flag = coverage_flags(make_image(), nothing.with_array(np.zeros_like(nothing.array)))
    assert (flag.code, flag.severity) == ("no_bones", "warning")


def test_blank_rows_inside_are_a_warning_and_at_the_ends_are_not() -> None:
    image = make_image()
    array = image.array.copy()
    array[:, :, :5] = array[:, :, 20:24] = 0.0
    flags = {flag.code: flag for flag in coverage_flags(image.with_array(array), None)}
    assert flags["field_of_view"].value == (40 - 5 - 4) * 5.0
    assert (flags["blank_rows"].value, flags["blank_rows"].severity) == (20.0, "warning")
    array[:, :, 20:24] = 1.0
    array[0, :, 20:24] = 2.0
    assert [flag.code for flag in coverage_flags(image.with_array(array), None)] == ["field_of_view"]


def test_a_blank_image_covers_nothing() -> None:
    blank = make_image().with_array(np.zeros((20, 8, 40), dtype=np.float32))
    (flag,) = coverage_flags(blank, None)
    assert flag.value == 0.0


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("end", [0, -1])
def test_a_lesion_on_any_face_is_at_the_border(axis: int, end: int) -> None:
    labels = np.zeros((7, 7, 7), dtype=np.int32)
    labels[3, 3, 3] = 1
    at = [3, 3, 3]
    at[axis] = end
    labels[tuple(at)] = 2
    assert lesions_at_border(labels) == (2,)


def test_lesions_at_the_border_are_named() -> None:
    mask = np.zeros((20, 20, 20), dtype=bool)
    mask[8:14, 8:14, 8:14] = True
    inside = find_lesions(make_volume(mask, (2.0, 2.0, 2.0)))
    assert not list(border_flags(inside))
    assert not list(border_flags(None))
    mask[0:5, 2:6, 2:6] = True
    (flag,) = border_flags(find_lesions(make_volume(mask, (2.0, 2.0, 2.0))))
    assert (flag.code, flag.severity, flag.value) == ("lesion_at_border", "warning", 1.0)
    assert flag.text == "Lesion 2 reaches the edge of the image and may be larger than measured."
    mask[16:20, 16:20, 2:6] = True
    (flag,) = border_flags(find_lesions(make_volume(mask, (2.0, 2.0, 2.0))))
    assert flag.text == "Lesions 2 and 3 reach the edge of the image and may be larger than measured."
