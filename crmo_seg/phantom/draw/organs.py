"""Organs, vessels, cartilage and fluid, each with its own unevenness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.draw.canvas import Canvas, Paints
from crmo_seg.phantom.solids.grid import Patch, Union, occupied_fraction, rasterise_all
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.phantom.solids.texture import Texture


def paint_organs(
    canvas: Canvas, organs: Sequence[Organ], paints: Paints, grain: Texture, amounts: Mapping[str, float]
) -> None:
    """Organs in their order, within the skin; ``amounts`` has the standard deviation over the mean of some tissues."""
    filled = [organ for organ in organs if organ.shapes]
    patches = rasterise_all(canvas.grid, [Union(organ.shapes, organ.blend_mm) for organ in filled])
    for organ, patch in zip(filled, patches, strict=True):
        if patch.distance_mm.size:
            _paint_organ(canvas, patch, paints[organ.tissue], grain, amounts.get(organ.tissue, 0.0))


def _paint_organ(canvas: Canvas, patch: Patch, paint: FloatArray, grain: Texture, amount: float) -> None:
    share = occupied_fraction(patch.distance_mm, canvas.grid.geometry.spacing_mm)
    share *= canvas.body[patch.box]
    gain = 1 + grain.within(patch.box) * np.float32(amount) if amount else None
    canvas.paint(patch.box, share, paint, gain)
