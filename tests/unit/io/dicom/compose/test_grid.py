"""The common grid of stations, and each station on it: against the world coordinates of every voxel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry, rotation_about
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.io.dicom.compose.grid import main_axis, place, union_grid
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

SPACING_MM = (1.5, 6.0, 2.0)
SLOPES = np.array([3.0, -2.0, 0.5])


def ramp(grid: Geometry) -> Volume:
    """Signal that is linear in world coordinates, which linear interpolation reproduces."""
    return Volume((world_mm(grid) @ SLOPES + 700).astype(np.float32), grid)


def world_mm(grid: Geometry) -> Float64Array:
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    return grid.to_world_mm(indices)


def moved(grid: Geometry, voxels: tuple[float, float, float], shape: tuple[int, int, int] | None = None) -> Geometry:
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world_mm(np.array(voxels))
    return replace(grid, affine=affine, shape=shape or grid.shape)


def rotated(grid: Geometry, degrees: float, axis: tuple[float, float, float]) -> Geometry:
    """About the world's origin, which is the grid's middle."""
    turn = np.eye(4)
    turn[:3, :3] = rotation_about(axis, degrees)
    return replace(grid, affine=turn @ grid.affine)


def margin(grid: Geometry, other: Geometry) -> Array:
    """How many voxels deep each voxel of the grid lies between the outer centres of the other one."""
    index = other.to_index(world_mm(grid))
    return np.minimum(index, np.array(other.shape) - 1 - index).min(axis=-1)


@pytest.mark.parametrize("angle", [0.0, 20.0])
def test_the_union_is_the_first_lattice_continued(angle: float) -> None:
    grid = make_geometry((8, 5, 10), SPACING_MM, angle)
    union = union_grid([grid, moved(grid, (2, -1, 7))])
    assert union.shape == (10, 6, 17)
    np.testing.assert_allclose(union.to_world_mm(np.array([0, 1, 0])), grid.to_world_mm(np.zeros(3)), atol=1e-9)
    np.testing.assert_allclose(union.affine[:3, :3], grid.affine[:3, :3])


def test_positions_with_few_digits_add_no_row() -> None:
    grid = make_geometry((8, 5, 10), SPACING_MM)
    assert union_grid([grid, moved(grid, (0.004, -0.004, 7.003))]).shape == (8, 5, 17)


def test_the_largest_grid_leads() -> None:
    small = make_geometry((4, 5, 6), (1.0, 1.0, 1.0), 5.0)
    large = make_geometry((40, 50, 60), (1.0, 1.0, 1.0))
    np.testing.assert_allclose(union_grid([small, large]).affine, large.affine)


def test_stations_follow_each_other_along_the_axis_of_their_centres() -> None:
    grid = make_geometry((30, 5, 10), SPACING_MM)
    assert main_axis(grid, [grid, moved(grid, (2, 0, 8))]) == 2
    assert main_axis(grid, [grid, moved(grid, (0, 3, 2))]) == 1
    assert main_axis(grid, [grid]) == 0


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_every_order_and_direction_of_axes_lies_at_the_same_place(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    whole = ramp(make_geometry((8, 5, 10), SPACING_MM, 10.0))
    part = Volume(whole.array[2:7, 1:4, 3:9], moved(whole.geometry, (2, 1, 3), (5, 3, 6)))
    placed = place(part.transposed(axes, flips), whole.geometry, 2)
    assert placed.box == (slice(2, 7), slice(1, 4), slice(3, 9))
    np.testing.assert_allclose(placed.signal, part.array, atol=1e-3)
    inside = np.broadcast_to(placed.inside_mm, placed.signal.shape)
    np.testing.assert_allclose(inside[0, 0], [1, 3, 5, 5, 3, 1], atol=1e-6)  # mm to the nearer end, 2 mm voxels


def test_a_station_on_the_lattice_is_not_touched() -> None:
    grid = make_geometry((8, 5, 10), SPACING_MM, 33.0)
    array = np.random.default_rng(0).random(grid.shape, dtype=np.float32)
    placed = place(Volume(array, moved(grid, (0.001, 0.001, 6))), union_grid([grid, moved(grid, (0, 0, 6))]), 2)
    np.testing.assert_array_equal(placed.signal, array)


@settings(max_examples=25, deadline=None)
@given(
    angle=st.floats(-40, 40),
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: float(np.linalg.norm(axis)) > 0.1),
    shift=st.tuples(*[st.floats(-3, 3)] * 3),
)
def test_an_oblique_station_has_its_values_in_the_right_place(
    angle: float, axis: tuple[float, float, float], shift: tuple[float, float, float]
) -> None:
    grid = make_geometry((14, 6, 12), (2.0, 4.0, 2.5))
    station = moved(rotated(make_geometry((9, 5, 10), (2.0, 3.0, 2.0)), angle, axis), shift)
    placed = place(ramp(station), grid, 2)
    box = moved(grid, tuple(part.start for part in placed.box), placed.signal.shape)  # type: ignore[arg-type]
    depth = margin(box, station)
    np.testing.assert_allclose(placed.signal[depth >= 0], ramp(box).array[depth >= 0], rtol=1e-4)
    inside = np.broadcast_to(placed.inside_mm, placed.signal.shape) > 0
    assert (inside[depth > -0.47]).all()
    assert not inside[depth < -0.53].any()
