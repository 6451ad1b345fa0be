from __future__ import annotations

import numpy as np
import pytest

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
