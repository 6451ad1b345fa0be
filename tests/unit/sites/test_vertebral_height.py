"""Heights of boxes and wedges that are known, in any tilt, on any grid; and what is not measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS
from hypothesis import given, settings
from hypothesis import strategies as st
from vertebra_builders import BoxSpine

from crmo_seg.anatomy import bone_named
from crmo_seg.sites.vertebral_height import (
    AT_BORDER,
    COARSE_VOXELS,
    FEW_VOXELS,
    NO_DISC,
    THICK_SLICES,
    BodyHeights,
    body_heights,
)
from crmo_seg.volume import Geometry, Volume

WHOLE_BODY = (1.25, 6.0, 1.25)
SAGITTAL = (4.0, 1.0, 1.0)
EVEN = (1.5, 1.5, 1.5)
BETWEEN = (0.5, 0.5, 0.5)
"""Shifts a grid of 1 mm so that walls and end plates lie between its voxels."""


def by_level(bones: Volume, resolution_mm: float = 0.0) -> dict[str, BodyHeights]:
    return {one.level: one for one in body_heights(bones, resolution_mm)}


def cropped(bones: Volume, low_mm: tuple[float, float, float], high_mm: tuple[float, float, float]) -> Volume:
    """The part of an upright volume between two corners."""
    first, stop = (np.rint(bones.geometry.to_index(np.array(corner))).astype(int) for corner in (low_mm, high_mm))
    first, stop = np.maximum(first, 0), np.minimum(stop, bones.array.shape)
    affine = bones.geometry.affine.copy()
    affine[:3, 3] = bones.geometry.to_world_mm(first)
    array = bones.array[tuple(slice(a, b) for a, b in zip(first, stop, strict=True))]
    return Volume(array, Geometry(affine, array.shape))


def values(heights: BodyHeights) -> list[float]:
    found = (heights.front_mm, heights.middle_mm, heights.back_mm, heights.mean_mm)
    assert None not in found
    return [float(one) for one in found if one is not None]


def test_an_upright_box_has_its_height_everywhere() -> None:
    found = body_heights(BoxSpine(offset_mm=BETWEEN).draw())
    assert [one.level for one in found] == ["T7", "T8", "T9"]
    assert [values(one) for one in found] == [pytest.approx([18.0] * 4, abs=0.01)] * 3
    assert [(one.resolution_mm, one.note) for one in found] == [(pytest.approx(1.0), "")] * 3


def test_an_upright_wedge() -> None:
    heights = by_level(BoxSpine(front_mm=9.0, offset_mm=BETWEEN).draw())["T8"]
    assert values(heights) == pytest.approx([9.0, 13.5, 18.0, 13.5], abs=0.5)


@settings(max_examples=12)
@given(
    spacing_mm=st.sampled_from([WHOLE_BODY, SAGITTAL, EVEN]),
    back_mm=st.floats(12.0, 22.0),
    front_share=st.sampled_from([1.0, 0.75, 0.5]),
    depth_mm=st.floats(21.0, 28.0),
    tilt_degrees=st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(-8, 8)),
    offset_mm=st.tuples(st.floats(0, 4), st.floats(0, 6), st.floats(0, 1.5)),
    arch=st.booleans(),
    orientation=st.sampled_from(ALL_ORIENTATIONS),
)
def test_heights_are_right_to_a_voxel_and_at_the_walls_to_two(
    spacing_mm: tuple[float, float, float],
    back_mm: float,
    front_share: float,
    depth_mm: float,
    tilt_degrees: tuple[float, float, float],
    offset_mm: tuple[float, float, float],
    arch: bool,
    orientation: tuple[tuple[int, int, int], tuple[bool, bool, bool]],
) -> None:
    spine = BoxSpine(
        spacing_mm, back_mm, front_share * back_mm, depth_mm, 5.0, tilt_degrees, offset_mm, arch,
    )  # fmt: skip
    heights = by_level(spine.draw().transposed(*orientation))["T8"]
    assert heights.mean_mm is not None
    assert heights.resolution_mm is not None
    voxel = heights.resolution_mm
    assert heights.mean_mm == pytest.approx(spine.true_middle_mm, abs=voxel)
    if spacing_mm == WHOLE_BODY:
        assert (heights.front_mm, heights.note) == (None, THICK_SLICES)
        return
    front, middle, back, _ = values(heights)
    assert middle == pytest.approx(spine.true_middle_mm, abs=voxel)
    assert front == pytest.approx(spine.true_front_mm, abs=2 * voxel)
    assert back == pytest.approx(spine.back_mm, abs=2 * voxel)


def test_the_order_of_the_axes_makes_no_difference() -> None:
    bones = BoxSpine(EVEN, front_mm=12.0, tilt_degrees=(15.0, -10.0, 4.0)).draw()
    expected = [values(one) for one in body_heights(bones)]
    for axes, flips in ALL_ORIENTATIONS[5::14]:
        found = [values(one) for one in body_heights(bones.transposed(axes, flips))]
        assert found == [pytest.approx(one, abs=0.05) for one in expected]


def test_arches_make_no_difference() -> None:
    spine = BoxSpine(front_mm=12.0, tilt_degrees=(12.0, 0.0, 0.0))
    alone = by_level(replace(spine, arch=False).draw())["T8"]
    assert values(by_level(spine.draw())["T8"]) == pytest.approx(values(alone), abs=0.6)


def test_a_body_at_the_border_is_not_measured_and_an_arch_may_be_cut() -> None:
    bones = BoxSpine(offset_mm=BETWEEN).draw()
    above = by_level(cropped(bones, (-30, -60, -60), (30, 60, 25)))
    assert [above[level].note for level in ("T7", "T8", "T9")] == [AT_BORDER, "", ""]
    assert above["T7"].mean_mm is None
    behind = by_level(cropped(bones, (-30, -26, -60), (30, 60, 60)))
    assert values(behind["T8"]) == pytest.approx([18.0] * 4, abs=0.01)
    assert {one.note for one in by_level(cropped(bones, (-8, -60, -60), (30, 60, 60))).values()} == {AT_BORDER}


def test_thick_slices_give_the_mean_height_only() -> None:
    heights = by_level(BoxSpine((1.25, 10.0, 1.25), offset_mm=(0.0, 0.0, 0.3)).draw())["T8"]
    assert (heights.front_mm, heights.middle_mm, heights.back_mm, heights.note) == (None, None, None, THICK_SLICES)
    assert heights.mean_mm == pytest.approx(18.0, abs=1.25)


@pytest.mark.parametrize(("spacing_mm", "resolution_mm"), [((1.0, 1.0, 5.0), 0.0), ((1.5, 1.5, 1.5), 5.0)])
def test_voxels_or_a_network_too_coarse_along_the_spine(
    spacing_mm: tuple[float, float, float], resolution_mm: float
) -> None:
    heights = by_level(BoxSpine(spacing_mm, disc_mm=6.0).draw(), resolution_mm)["T8"]
    assert heights == BodyHeights("T8", resolution_mm=pytest.approx(5.0), note=COARSE_VOXELS)


def test_without_discs_no_end_plate_is_seen() -> None:
    assert {one.note for one in body_heights(BoxSpine(disc_mm=0.0).draw())} == {NO_DISC}


def test_a_few_voxels_are_no_vertebra() -> None:
    array = np.zeros((9, 9, 9), dtype=np.uint8)
    array[3:6, 3:6, 3:6] = bone_named("vertebra_L3").label
    (heights,) = body_heights(Volume(array, Geometry(np.eye(4), array.shape)))
    assert (heights.level, heights.note) == ("L3", FEW_VOXELS)


def test_no_vertebra_with_a_body_and_a_level() -> None:
    for name in ("vertebra_C1", "vertebra_C2", "thoracic_vertebra", "femur_left"):
        array = np.full((8, 8, 8), bone_named(name).label, dtype=np.uint8)
        assert body_heights(Volume(array, Geometry(np.eye(4), array.shape))) == ()
    assert body_heights(Volume(np.zeros((4, 4, 4), dtype=np.uint8), Geometry(np.eye(4), (4, 4, 4)))) == ()
