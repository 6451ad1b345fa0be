"""A limb of round cross-section, painted with one channel a tissue: each channel is that tissue's share."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.body.outline import SKIN_MM, FleshPart
from crmo_seg.phantom.draw import canvas as canvas_module
from crmo_seg.phantom.draw.canvas import Canvas, empty_canvas
from crmo_seg.phantom.draw.flesh import FleshTextures, draw_flesh_textures, paint_flesh
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import Capsule, FloatArray, vector
from crmo_seg.phantom.solids.texture import Texture
from crmo_seg.volume import Geometry

RADIUS_MM, FAT_MM = 20.0, 6.0
EDGE_MM = 0.75
"""Farther from a surface a voxel of 1 mm holds one tissue."""
SHAPE = (56, 56, 90)
GRID = Grid(Geometry(np.diag([1.0, 1.0, 1.0, 1.0]), SHAPE))
LIMB = FleshPart(Capsule(vector(28.2, 27.8, -50), vector(28.2, 27.8, 200), RADIUS_MM, RADIUS_MM), FAT_MM)
TISSUES = ("skin", "fat", "muscle", "fascia")
ONE_HOT = {name: np.float32(row) for name, row in zip(TISSUES, np.eye(4), strict=True)}


def even(grid: Grid, level: float = 1.0) -> Texture:
    """A field of one value everywhere, about three times the level."""
    return Texture(grid, (50.0, 50.0, 50.0), np.full((12, 12, 12), level, np.float32))


def no_textures(grid: Grid = GRID) -> FleshTextures:
    """Muscle of one belly, nothing uneven."""
    return FleshTextures(even(grid), even(grid), 0.0, 0.0)


def painted(textures: FleshTextures | None = None, parts: tuple[FleshPart, ...] = (LIMB,), grid: Grid = GRID) -> Canvas:
    canvas = empty_canvas(grid, len(TISSUES))
    paint_flesh(canvas, parts, ONE_HOT, textures or no_textures(grid))
    return canvas


def radius_mm(grid: Grid = GRID) -> FloatArray:
    x, y, z = grid.open_axes((slice(None), slice(None), slice(None)))
    return np.sqrt((x - 28.2) ** 2 + (y - 27.8) ** 2) + 0 * z


def test_the_body_is_what_lies_inside_the_skin() -> None:
    np.testing.assert_array_equal(painted().body, radius_mm() < RADIUS_MM)


def test_skin_fat_and_muscle_lie_in_layers_of_their_thickness() -> None:
    skin, fat, muscle, fascia = painted().signal
    radius = radius_mm()
    skinned = RADIUS_MM - SKIN_MM
    layers = {"air": (RADIUS_MM, 99), "fat": (skinned - FAT_MM, skinned), "muscle": (-99, skinned - FAT_MM)}
    inside = {name: (radius > low + EDGE_MM) & (radius < high - EDGE_MM) for name, (low, high) in layers.items()}
    assert not np.stack([skin, fat, muscle])[:, inside["air"]].any()
    assert (fat[inside["fat"]] == 1).all()
    assert (muscle[inside["muscle"]] == 1).all()
    assert not fascia.any()
    areas_mm2 = [float(share[:, :, 45].sum()) for share in (skin, fat, muscle)]
    limits = np.array([RADIUS_MM, RADIUS_MM - SKIN_MM, RADIUS_MM - SKIN_MM - FAT_MM, 0])
    assert areas_mm2 == pytest.approx(np.pi * -np.diff(limits**2), rel=0.02)


def test_where_parts_meet_there_is_no_skin_between_them() -> None:
    other = FleshPart(Capsule(vector(28, 28, 45), vector(60, 28, 45), 15.0, 15.0), FAT_MM)
    skin, _, muscle, _ = painted(parts=(LIMB, other)).signal
    assert muscle[40:, 28, 45].min() == 1
    assert skin[40:, 28, 45].max() == 0
    assert skin[47:49, 28, 15].max() > 0.5


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 3.0, 1.0), (3.0, 1.0, 1.0), (0.5, 0.5, 1.0)])
def test_rows_are_painted_in_pieces_that_leave_no_seam(
    spacing: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slanting = FleshPart(Capsule(vector(20, 20, 0), vector(40, 36, 90), 16.0, 10.0), FAT_MM)
    x, y, z = (int(n / mm) for n, mm in zip(SHAPE, spacing, strict=True))
    grid = Grid(Geometry(np.diag([*spacing, 1.0]), (x, y, z)))
    textures = draw_flesh_textures(np.random.default_rng(0), grid)
    pieces = painted(textures, (slanting,), grid)
    assert len(list(pieces.slabs())) == 3
    monkeypatch.setattr(canvas_module, "_SLAB_ROWS", 1000)
    whole = painted(textures, (slanting,), grid)
    np.testing.assert_array_equal(pieces.body, whole.body)
    np.testing.assert_allclose(pieces.signal, whole.signal, atol=2e-5)


def test_planes_of_fat_run_through_muscle_only() -> None:
    skin, fat, muscle, fascia = painted(draw_flesh_textures(np.random.default_rng(4), GRID)).signal
    radius = radius_mm()
    assert 0.01 < fascia[radius < 11].mean() < 0.2
    assert fascia.max() <= 1
    assert (fascia[radius > RADIUS_MM - SKIN_MM - FAT_MM + EDGE_MM] == 0).all()
    assert (skin[radius < RADIUS_MM - SKIN_MM - EDGE_MM] == 0).all()
    assert (fat[radius < RADIUS_MM - SKIN_MM - FAT_MM - EDGE_MM] == 0).all()
    assert muscle[radius < 11].mean() > 0.7


def test_unevenness_is_as_large_as_it_says() -> None:
    """Without planes of fat."""
    drawn = draw_flesh_textures(np.random.default_rng(1), GRID)
    textures = FleshTextures(even(GRID), drawn.grain, muscle_amount=0.1, fat_amount=0.3)
    _, fat, muscle, _ = painted(textures).signal
    radius = radius_mm()
    assert muscle[radius < 11].std() / muscle[radius < 11].mean() == pytest.approx(0.1, rel=0.15)
    in_fat = (radius > 13.5) & (radius < 17.5)
    assert fat[in_fat].std() / fat[in_fat].mean() == pytest.approx(0.3, rel=0.15)


def test_a_body_outside_the_grid_leaves_it_empty() -> None:
    far = FleshPart(Capsule(vector(500, 0, 0), vector(500, 0, 50), 5.0, 5.0), 2.0)
    canvas = painted(parts=(far,))
    assert not canvas.body.any()
    assert not canvas.signal.any()


def test_textures_come_from_the_stream() -> None:
    one, same, other = (draw_flesh_textures(np.random.default_rng(seed), GRID) for seed in (3, 3, 4))
    assert np.array_equal(one.bellies.coefficients, same.bellies.coefficients)
    assert (one.muscle_amount, one.fat_amount) == (same.muscle_amount, same.fat_amount)
    assert not np.array_equal(one.grain.coefficients, other.grain.coefficients)
