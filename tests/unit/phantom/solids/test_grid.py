from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.phantom.solids.grid import (
    FAR_MM,
    Grid,
    grid_around,
    occupied_fraction,
    overlap,
    rasterise,
    rasterise_layers,
)
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, vector

SPACING = (1.0, 3.0, 1.0)
BALL = Ellipsoid(vector(2, -4, 7), vector(9, 9, 9))
ROD = Capsule(vector(2, -4, 7), vector(20, 2, 7), 3.0, 3.0)


def grid() -> Grid:
    return grid_around((vector(-10, -15, -5), vector(25, 10, 20)), SPACING, 5.0)


def full_axes(one: Grid) -> tuple[np.ndarray, ...]:
    return one.open_axes((slice(None), slice(None), slice(None)))


def test_the_grid_is_ras_and_holds_the_bounds() -> None:
    geometry = grid().geometry
    assert geometry.orientation == "RAS"
    assert geometry.spacing_mm == SPACING
    corners = geometry.to_world_mm(np.array([[0, 0, 0], np.array(geometry.shape) - 1]))
    assert (corners[0] - np.array(SPACING) / 2 <= (-15, -20, -10)).all()
    assert (corners[1] + np.array(SPACING) / 2 >= (30, 15, 25)).all()


def test_rasterising_in_boxes_gives_the_distance_of_the_whole_grid() -> None:
    one = grid()
    patch = rasterise(one, [BALL, ROD], holes=[Ellipsoid(vector(2, -4, 7), vector(4, 4, 4))])
    hole = Ellipsoid(vector(2, -4, 7), vector(4, 4, 4)).distance(*full_axes(one))
    whole = np.maximum(np.minimum(BALL.distance(*full_axes(one)), ROD.distance(*full_axes(one))), -hole)
    inside = np.zeros(one.geometry.shape, dtype=bool)
    inside[patch.box] = patch.distance_mm < 0
    np.testing.assert_array_equal(inside, whole < 0)


def test_layers_are_the_union_and_the_union_of_the_shrunk_shapes() -> None:
    one = grid()
    outer, inner = rasterise_layers(one, [BALL, ROD], [2.0, 1.0], blend_mm=0.0)
    near = outer.distance_mm < 0
    np.testing.assert_array_equal(near, rasterise(one, [BALL, ROD]).distance_mm < 0)
    ball, rod = (shape.distance(*one.open_axes(outer.box)) for shape in (BALL, ROD))
    np.testing.assert_array_equal(inner.distance_mm < 0, np.minimum(ball + 2, rod + 1) < 0)


def test_a_shape_outside_the_grid_leaves_nothing() -> None:
    one = grid()
    patch = rasterise(one, [Ellipsoid(vector(500, 0, 0), vector(5, 5, 5))])
    assert patch.distance_mm.size == 0
    box, view = overlap((slice(0, 2), slice(0, 2), slice(0, 2)), patch)
    assert view.size == 0
    assert [part.stop - part.start for part in box].count(0) >= 1


def test_far_from_the_parts_the_distance_is_far() -> None:
    patch = rasterise(grid(), [BALL, Ellipsoid(vector(22, 8, 18), vector(1, 4, 1))])
    assert patch.distance_mm.max() == FAR_MM


def test_the_volume_of_a_ball_comes_out_right() -> None:
    one = grid()
    fraction = occupied_fraction(rasterise(one, [BALL]).distance_mm, SPACING)
    assert fraction.sum() * 3.0 == pytest.approx(4 / 3 * np.pi * 9**3, rel=0.02)
    assert fraction.min() >= 0
    assert fraction.max() <= 1


def test_distances_within_the_reach_are_those_of_the_solid() -> None:
    one = grid()
    near, far = rasterise(one, [ROD]), rasterise(one, [ROD], reach_mm=6.0)
    assert far.distance_mm.size > near.distance_mm.size
    exact = ROD.distance(*one.open_axes(far.box))
    np.testing.assert_array_equal(far.distance_mm, exact)
    whole = ROD.distance(*full_axes(one))
    outside = np.ones(one.geometry.shape, dtype=bool)
    outside[far.box] = False
    assert whole[outside].min() > 6.0


def test_a_hole_counts_as_far_as_the_reach() -> None:
    hole = Ellipsoid(vector(2, -4, 7), vector(4, 4, 4))
    one = grid()
    patch = rasterise(one, [BALL], holes=[hole], reach_mm=3.0)
    inside = hole.distance(*one.open_axes(patch.box)) < 0
    assert (patch.distance_mm[inside] >= 0).all()


CORNERS = np.array(list(product((0, 1), repeat=3)))
Triple = tuple[float, float, float]


def share_below_plane(normal: np.ndarray, offset_mm: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Exact share of voxels where normal · x < offset from each one's lowest corner: corners cut off, by turns."""
    heights = offset_mm[..., None] - CORNERS @ (normal * spacing)
    signs = 1 - 2 * (CORNERS.sum(axis=1) % 2)
    volume = (signs * np.maximum(heights, 0) ** 3).sum(axis=-1) / (6 * normal.prod())
    return np.clip(volume / spacing.prod(), 0, 1)


@pytest.mark.parametrize("thick", [0, 1, 2])
@given(
    direction=st.tuples(*[st.floats(0.05, 1.0)] * 3),
    flips=st.tuples(*[st.booleans()] * 3),
    share=st.floats(0.25, 0.75),
    slice_mm=st.floats(1.0, 8.0),
)
@settings(max_examples=40, deadline=None)
def test_a_slanted_plane_cuts_off_the_right_share(
    thick: int, direction: Triple, flips: tuple[bool, bool, bool], share: float, slice_mm: float
) -> None:
    """Of all voxels together, and of each that has neighbours on both sides along the thick axis."""
    spacing, shape = np.ones(3), np.full(3, 30)
    spacing[thick], shape[thick] = slice_mm, 10
    normal = np.array(direction) / np.linalg.norm(direction)
    x, y, z = (np.arange(n) * mm * part for n, mm, part in zip(shape, spacing, normal, strict=True))
    lowest = x[:, None, None] + y[None, :, None] + z[None, None, :] - share * float(normal @ (spacing * shape))
    mirror = tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)
    centres = np.float32(lowest + normal @ spacing / 2)[mirror]
    fraction = occupied_fraction(centres, (float(spacing[0]), float(spacing[1]), float(spacing[2])))
    exact = share_below_plane(normal, -lowest, spacing)[mirror]
    assert fraction.mean() == pytest.approx(exact.mean(), abs=0.01)
    inner = tuple(slice(1, -1) if axis == thick else slice(None) for axis in range(3))
    assert np.abs(fraction - exact)[inner].max() < 0.15


@pytest.mark.parametrize("thick", [0, 1, 2])
def test_the_thick_axis_may_be_any(thick: int) -> None:
    """The same solid, its axes exchanged."""
    one = grid()
    fraction = occupied_fraction(rasterise(one, [BALL, ROD]).distance_mm, SPACING)
    distance, spacing = rasterise(one, [BALL, ROD]).distance_mm.swapaxes(1, thick), list(SPACING)
    spacing[1], spacing[thick] = spacing[thick], spacing[1]
    turned = occupied_fraction(np.ascontiguousarray(distance), (spacing[0], spacing[1], spacing[2]))
    np.testing.assert_array_equal(turned.swapaxes(1, thick), fraction)


def test_across_a_surface_in_the_slices_a_voxel_is_as_wide_as_the_fine_axes() -> None:
    distance = np.zeros((4, 5, 1), np.float32) + np.float32([-1.5, -0.25, 0.25, 1.5])[:, None, None]
    assert occupied_fraction(distance, (1.0, 8.0, 1.0))[:, 2, 0].tolist() == [1.0, 0.75, 0.25, 0.0]


def test_across_a_surface_between_slices_a_voxel_is_as_wide_as_the_slice() -> None:
    distance = np.zeros((1, 5, 1), np.float32) + np.float32([-14, -6, 2, 10, 18])[None, :, None]
    got = occupied_fraction(distance, (1.0, 8.0, 1.0))[0, 1:4, 0]
    assert got.tolist() == pytest.approx([1.0, 0.25, 0.0], abs=0.02)
