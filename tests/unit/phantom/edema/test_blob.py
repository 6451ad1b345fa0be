"""Lesions as voxels, on a ball and a rod of marrow whose depth is known in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone, ball_site
from crmo_seg.phantom.edema.blob import edema_share, halo_box, halo_share, lesion_box
from crmo_seg.phantom.edema.choice import seats_of
from crmo_seg.phantom.edema.lesion import LastingLesion, LesionShape, PlannedLesion, SiteKey
from crmo_seg.phantom.edema.positions import ChildTraits, draw_lesion
from crmo_seg.phantom.edema.settings import EdemaSettings
from crmo_seg.phantom.solids.grid import Box, Grid, grid_around
from crmo_seg.phantom.solids.shapes import Capsule, FloatArray, vector

SPACING = (1.0, 2.5, 1.2)
BALL_MM = 24.0


def whole(grid: Grid) -> Box:
    x, y, z = (slice(0, n) for n in grid.geometry.shape)
    return x, y, z


def grid_of(half_mm: float, spacing: tuple[float, float, float] = SPACING) -> Grid:
    return grid_around((np.full(3, -half_mm), np.full(3, half_mm)), spacing, 0.0)


def depth_in_ball(grid: Grid, box: Box) -> FloatArray:
    x, y, z = grid.open_axes(box)
    return np.asarray(BALL_MM - np.sqrt(x * x + y * y + z * z), dtype=np.float32)


def texture_of(shape: tuple[int, ...], seed: int = 0) -> FloatArray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 3)
    return np.asarray(noise / noise.std(), dtype=np.float32)


def lesion_in_ball(volume_ml: float, *, seed: int = 0, nodules: bool = False, border_mm: float = 4.0) -> PlannedLesion:
    rng = np.random.default_rng(seed)
    cluster = np.array([[0.0, 0.0, 0.3, 0.8], [0.0, 0.0, -0.8, 0.7], [0.9, 0.0, -0.4, 0.5]])
    shape = LesionShape(rng.uniform(-3, 3, (4, 3)), rng.uniform(0, 6, 4), cluster if nodules else np.empty((0, 4)))
    site = ball_site(vector(6, -3, 4), (volume_ml / 0.8 * 1000 / 4.18879) ** (1 / 3))
    key = SiteKey(bone_named("talus_left"), "body", 0)
    lasting = LastingLesion(
        key="one",
        site=key,
        offset=np.zeros(3),
        stretch=np.ones(3),
        volume_ml=volume_ml,
        signal_ratio=5.0,
        responder=True,
        lobe_share=0.0,
        halo_mm=8.0,
        border_mm=border_mm,
        shape=shape,
    )
    return PlannedLesion(
        lasting=lasting,
        segment=None,
        place=site,
        planned_ml=volume_ml,
        plate=None,
        physis_distance_mm=None,
        epiphyseal_lobe=None,
        lobe_ml=0.0,
        border_mm=border_mm,
    )


def drawn(lesion: PlannedLesion, grid: Grid, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    box = lesion_box(lesion, grid)
    depth = depth_in_ball(grid, box)
    return edema_share(lesion, grid, box, depth, texture_of(depth.shape, seed)), depth


@given(volume_ml=st.floats(0.3, 25), seed=st.integers(0, 50), nodules=st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_lesion_is_as_large_as_planned_and_lies_in_marrow(volume_ml: float, seed: int, nodules: bool) -> None:
    grid = grid_of(45)
    share, depth = drawn(lesion_in_ball(volume_ml, seed=seed, nodules=nodules), grid, seed)
    edema = share > 0.5
    assert edema.sum() * grid.geometry.voxel_volume_ml == pytest.approx(volume_ml, rel=0.1)
    assert share.dtype == np.float32
    assert (share[depth <= 0] == 0).all()
    assert (share.min(), share.max()) >= (0, 0.5)
    assert share.max() <= 1
    assert ndimage.label(edema, np.ones((3, 3, 3)))[1] == 1


@pytest.mark.parametrize("spacing", [(0.8, 2.0, 0.8), (1.8, 4.0, 1.8), (2.0, 0.9, 0.9)])
def test_the_volume_does_not_depend_on_the_grid(spacing: tuple[float, float, float]) -> None:
    grid = grid_of(45, spacing)
    share, _ = drawn(lesion_in_ball(6.0), grid)
    assert (share > 0.5).sum() * grid.geometry.voxel_volume_ml == pytest.approx(6.0, rel=0.02)


def test_the_border_fades_over_its_width() -> None:
    """Without waves and texture the share falls evenly from 1 to 0 across the surface of the ball."""
    grid = grid_of(30, (0.5, 0.5, 0.5))
    lesion = lesion_in_ball(4.0, border_mm=6.0)
    still = LesionShape(np.zeros((0, 3)), np.zeros(0), np.empty((0, 4)))
    lesion = replace(lesion, lasting=replace(lesion.lasting, shape=still))
    box = whole(grid)
    depth = np.full(grid.geometry.shape, 9.0, np.float32)
    share = edema_share(lesion, grid, box, depth, np.zeros_like(depth))
    x, y, z = grid.open_axes(box)
    radius = np.sqrt((x - 6) ** 2 + (y + 3) ** 2 + (z - 4) ** 2)
    planned = (4.0 * 1000 / 4.18879) ** (1 / 3)
    expected = np.clip(0.5 - (radius - planned) / 6.0, 0, 1)
    assert np.abs(share - expected).max() < 0.02


def test_wavy_lesions_are_no_balls_and_differ() -> None:
    grid = grid_of(45)
    one, other = (drawn(lesion_in_ball(8.0, seed=seed), grid, seed)[0] > 0.5 for seed in (1, 2))
    assert 2 * (one & other).sum() / (one.sum() + other.sum()) < 0.93


def test_where_marrow_is_short_the_lesion_fills_what_it_reaches() -> None:
    grid = grid_of(45)
    lesion = lesion_in_ball(100.0)
    share, depth = drawn(lesion, grid)
    assert 0 < (share > 0.5).sum() <= (depth > 0).sum()


def test_no_marrow_no_edema() -> None:
    grid = grid_of(20)
    shape = grid.geometry.shape
    nothing = np.full(shape, -1.0, np.float32)
    assert not edema_share(lesion_in_ball(2.0), grid, whole(grid), nothing, np.zeros_like(nothing)).any()


def test_a_box_outside_the_grid_is_empty() -> None:
    far = replace(lesion_in_ball(2.0), place=ball_site(vector(500, 0, 0), 8.0))
    grid = grid_of(20)
    box = lesion_box(far, grid)
    size = tuple(part.stop - part.start for part in box)
    empty = np.zeros(size, np.float32)
    assert 0 in size
    assert edema_share(far, grid, box, empty, empty).shape == size


def test_only_one_of_two_marrow_spaces_is_filled() -> None:
    """A wall splits the marrow; the lesion stays on the side of its middle and still gets its volume."""
    grid = grid_of(45)
    lesion = lesion_in_ball(3.0)
    box = lesion_box(lesion, grid)
    depth = depth_in_ball(grid, box)
    depth[np.broadcast_to(np.abs(grid.open_axes(box)[0] - 2.0) < 1.5, depth.shape)] = -1
    edema = edema_share(lesion, grid, box, depth, np.zeros_like(depth)) > 0.5
    assert ndimage.label(edema, np.ones((3, 3, 3)))[1] == 1
    assert edema.sum() * grid.geometry.voxel_volume_ml == pytest.approx(3.0, rel=0.1)


def crossing(rod: SolidBone) -> PlannedLesion:
    seat = seats_of([rod])[0]
    drawn_lesions = (
        draw_lesion(seat, ChildTraits(True, 5.6), np.random.default_rng(i), EdemaSettings()) for i in range(100)
    )
    return next(lesion for lesion in drawn_lesions if lesion.crosses_plate and lesion.planned_ml > 4)


@pytest.mark.parametrize("closed", [False, True])
def test_a_crossing_lesion_has_a_piece_on_each_side_of_the_plate(rod: SolidBone, closed: bool) -> None:
    grid, lesion = grid_of(60), crossing(rod)
    box = lesion_box(lesion, grid)
    shaft = rod.shapes[0]
    assert isinstance(shaft, Capsule)
    depth = -shaft.distance(*grid.open_axes(box)) - np.float32(1.0)
    z = np.broadcast_to(grid.open_axes(box)[2], depth.shape)
    if not closed:
        depth[np.abs(z) < 1.5] = -1
    edema = edema_share(lesion, grid, box, depth, texture_of(depth.shape)) > 0.5
    voxel_ml = grid.geometry.voxel_volume_ml
    assert edema[z < 0].sum() * voxel_ml == pytest.approx(lesion.lobes[0][1], rel=0.1)
    assert edema[z > 0].sum() * voxel_ml == pytest.approx(lesion.lobe_ml, rel=0.1)
    assert not edema[np.abs(z) < 1.5].any()
    assert ndimage.label(edema, np.ones((3, 3, 3)))[1] == 2


def test_a_halo_surrounds_the_bone_beside_the_lesion_only() -> None:
    grid, lesion = grid_of(45), lesion_in_ball(4.0)
    box = halo_box(lesion, grid)
    outside = -depth_in_ball(grid, box)
    share = halo_share(lesion, grid, box, outside, texture_of(outside.shape))
    assert share.dtype == np.float32
    assert share.max() > 0.6
    assert not share[outside <= 0].any()
    assert not share[outside >= 8.0].any()
    x, y, z = (np.broadcast_to(axis, share.shape) for axis in grid.open_axes(box))
    assert not share[(x * 6 - y * 3 + z * 4) < 0].any()  # the far side of the ball


def test_a_halo_fades_away_from_the_bone() -> None:
    grid, lesion = grid_of(45), lesion_in_ball(4.0)
    box = halo_box(lesion, grid)
    outside = -depth_in_ball(grid, box)
    share = halo_share(lesion, grid, box, outside, np.zeros_like(outside))
    near, far = ((outside > low) & (outside < high) for low, high in ((0, 2), (5, 7)))
    assert share[near].max() > 3 * share[far].max()


def test_boxes_hold_the_whole_lesion() -> None:
    grid = grid_of(60)
    for seed in range(8):
        lesion = lesion_in_ball(9.0, seed=seed, nodules=seed % 2 == 0)
        depth = depth_in_ball(grid, whole(grid))
        inside = np.zeros(depth.shape, bool)
        inside[lesion_box(lesion, grid)] = True
        share = edema_share(lesion, grid, whole(grid), depth, texture_of(depth.shape, seed))
        assert not (share[~inside] > 0.5).any()


def test_site_of_a_lesion_is_an_ellipsoid() -> None:
    """An oblong lesion is oblong: its axes keep their order."""
    grid = grid_of(45, (1.0, 1.0, 1.0))
    lesion = lesion_in_ball(4.0)
    oblong = LesionSite("body", None, vector(0, 0, 0), vector(6, 8, 20), np.eye(3))
    share, _ = drawn(replace(lesion, place=oblong), grid)
    spread = [np.ptp(where) for where in np.nonzero(share > 0.5)]
    assert spread[2] > 1.5 * max(spread[:2])
