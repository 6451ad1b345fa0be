"""Skin, subcutaneous fat and muscle with the thin planes of fat between its bellies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.phantom.body.outline import OUTLINE_BLEND_MM, SKIN_MM, FleshPart
from crmo_seg.phantom.draw.canvas import Canvas, Paints, moved_up
from crmo_seg.phantom.solids.grid import Box, Grid, Patch, occupied_fraction, rasterise_layers
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.phantom.solids.texture import Lengths, Texture, draw_texture

BELLY_MM: Final[Lengths] = (13.0, 13.0, 75.0)
"""Muscle bellies run along the body."""
GRAIN_MM: Final[Lengths] = (5.0, 5.0, 12.0)
SEPTUM_WIDTH: Final = 0.13
"""Half width of a plane of fat, in units of the field whose zero surface it follows; about 1 mm."""


@dataclass(frozen=True, eq=False)
class FleshTextures:
    """Random fields of one child.

    Attributes:
        bellies: its zero surface parts the muscle.
        grain: unevenness of muscle and fat.
        muscle_amount: standard deviation of muscle over its mean.
        fat_amount: standard deviation of fat over its mean.
    """

    bellies: Texture
    grain: Texture
    muscle_amount: float
    fat_amount: float


def draw_flesh_textures(rng: np.random.Generator, grid: Grid) -> FleshTextures:
    """Textures of one child on one grid."""
    return FleshTextures(
        bellies=draw_texture(rng, grid, BELLY_MM),
        grain=draw_texture(rng, grid, GRAIN_MM),
        muscle_amount=float(rng.uniform(0.04, 0.12)),
        fat_amount=float(rng.uniform(0.02, 0.07)),
    )


def paint_flesh(canvas: Canvas, parts: Sequence[FleshPart], paints: Paints, textures: FleshTextures) -> None:
    """Fill the outline with skin, fat and muscle; sets ``canvas.body``."""
    for start, slab in _pieces(canvas):
        _paint_slab(slab, start, parts, paints, textures)


def _pieces(canvas: Canvas) -> Iterable[tuple[int, Canvas]]:
    """Slabs of rows; all at once where z is the thick axis, along which a voxel's share depends on its neighbours."""
    return [(0, canvas)] if int(np.argmax(canvas.grid.geometry.spacing_mm)) == 2 else canvas.slabs()


def _paint_slab(slab: Canvas, start: int, parts: Sequence[FleshPart], paints: Paints, textures: FleshTextures) -> None:
    shapes, insets = [part.shape for part in parts], [part.fat_mm + SKIN_MM for part in parts]
    body, muscle = rasterise_layers(slab.grid, shapes, insets, blend_mm=OUTLINE_BLEND_MM)
    if not body.distance_mm.size:
        return
    grain = textures.grain.within(moved_up(body.box, start))
    slab.body[body.box] = body.distance_mm < 0
    slab.paint(body.box, _share(slab, body, 0.0), paints["skin"])
    slab.paint(body.box, _share(slab, body, SKIN_MM), paints["fat"], 1 + grain * np.float32(textures.fat_amount))
    share = _share(slab, muscle, 0.0)
    slab.paint(body.box, share, paints["muscle"], 1 + grain * np.float32(textures.muscle_amount))
    slab.paint(body.box, share * _septa(textures.bellies, moved_up(body.box, start)), paints["fascia"])


def _share(slab: Canvas, patch: Patch, inset_mm: float) -> FloatArray:
    return occupied_fraction(patch.distance_mm + np.float32(inset_mm), slab.grid.geometry.spacing_mm)


def _septa(bellies: Texture, box: Box) -> FloatArray:
    """Share of fat around the zero surface of the field."""
    share = bellies.within(box)
    np.abs(share, out=share)
    share *= np.float32(-1 / SEPTUM_WIDTH)
    share += 1
    return np.maximum(share, 0, out=share)
