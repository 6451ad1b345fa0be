"""Distances against dense sampling of the surface, and against cases computable by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.phantom.solids.shapes import (
    Capsule,
    Drum,
    Ellipsoid,
    Plate,
    Profile,
    Shape,
    Vector,
    axes_along,
    smooth_minimum,
    vector,
)

TURNED = axes_along(vector(1, 2, 3), hint=vector(0, 1, 0))
SHAPES: list[Shape] = [
    Capsule(vector(-3, 1, 0), vector(5, 2, 4), 2.0, 1.0),
    Ellipsoid(vector(1, 0, -2), vector(6, 3, 2), TURNED),
    Drum(vector(0, 1, 0), np.array([4.0, 3.0]), 2.0, TURNED),
    Plate((vector(-5, 0, 0), vector(5, 1, 0), vector(0, 2, 6)), 1.5),
    Profile((-5.0, 0.0, 5.0), (3.0, 6.0, 4.0), (2.0, 3.0, 2.0), (0.0, 1.0, 0.0)),
]


def distance_at(shape: Shape, points: Vector) -> Vector:
    at = [shape.distance(*(np.float32(c).reshape(1, 1, 1) for c in point))[0, 0, 0] for point in points]
    return np.array(at, dtype=np.float64)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_nothing_lies_outside_the_bounds(shape: Shape) -> None:
    low, high = shape.bounds()
    points = np.random.default_rng(0).uniform(low - 3, high + 3, (800, 3))
    outside = ((points < low - 1e-4) | (points > high + 1e-4)).any(axis=1)
    distance = distance_at(shape, points)
    assert (distance[outside] > 0).all()
    assert (distance[~outside] < 0).any()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_a_block_of_voxels_is_evaluated_as_single_points_are(shape: Shape) -> None:
    x, y, z = (np.linspace(-4, 4, n, dtype=np.float32) for n in (3, 4, 5))
    block = shape.distance(x[:, None, None], y[None, :, None], z[None, None, :])
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
    np.testing.assert_allclose(block.ravel(), distance_at(shape, points), atol=1e-4)
    assert block.dtype == np.float32


@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_capsule_is_a_row_of_balls(point: list[float]) -> None:
    start, end = vector(-3, 1, 0), vector(5, 2, 4)
    row = start + np.linspace(0, 1, 2001)[:, None] * (end - start)
    expected = np.linalg.norm(row - np.array(point), axis=1).min() - 2.0
    assert distance_at(Capsule(start, end, 2.0, 2.0), np.array([point]))[0] == pytest.approx(expected, abs=0.01)


@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_plate_is_a_triangle_with_a_margin(point: list[float]) -> None:
    corners = (vector(-5, 0, 0), vector(5, 1, 0), vector(0, 2, 6))
    a, b = np.meshgrid(np.linspace(0, 1, 161), np.linspace(0, 1, 161))
    a, b = a[a + b <= 1], b[a + b <= 1]
    surface = corners[0] + a[:, None] * (corners[1] - corners[0]) + b[:, None] * (corners[2] - corners[0])
    expected = np.linalg.norm(surface - np.array(point), axis=1).min() - 1.5
    assert distance_at(Plate(corners, 1.5), np.array([point]))[0] == pytest.approx(expected, abs=0.06)


def test_a_ball_is_exact_even_at_its_centre() -> None:
    ball = Ellipsoid(vector(1, 2, 3), vector(5, 5, 5))
    assert distance_at(ball, np.array([[1, 2, 3], [1, 2, 11], [4, 2, 7]])).tolist() == pytest.approx([-5, 3, 0])


def test_a_turned_ellipsoid_is_zero_on_its_surface() -> None:
    shape = Ellipsoid(vector(1, 0, -2), vector(6, 3, 2), TURNED)
    on_surface = shape.centre + (np.eye(3) * shape.radii) @ TURNED
    assert distance_at(shape, on_surface) == pytest.approx([0, 0, 0], abs=1e-5)


def test_a_smooth_union_fills_the_crease_and_nothing_else() -> None:
    first, second = np.float32([1.0, 9.0]), np.float32([1.0, 1.0])
    assert smooth_minimum(first, second, 2.0).tolist() == [0.5, 1.0]
    assert smooth_minimum(first, second, 0.0).tolist() == [1.0, 1.0]


def test_bounds_are_found_once_and_cannot_be_changed() -> None:
    rod = Capsule(vector(0, 0, 0), vector(0, 0, 5), 2.0, 1.0)
    assert rod.bounds() is rod.bounds()
    with pytest.raises(ValueError, match="read-only"):
        rod.bounds()[0][0] = 7
    longer = replace(rod, end=vector(0, 0, 9))
    assert longer.bounds()[1].tolist() == [2, 2, 10]
