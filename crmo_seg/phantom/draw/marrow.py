"""The colour of marrow: yellow, with red mixed in where it has not converted yet."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.draw.bones import DrawnBone
from crmo_seg.phantom.draw.canvas import Canvas, Paints
from crmo_seg.phantom.normal.marrow import MarrowPhenotype, redness
from crmo_seg.phantom.solids.texture import Texture

UNEVENNESS: Final = 0.10
"""Standard deviation of red marrow's signal over its mean."""


def paint_marrow(
    canvas: Canvas, drawn: DrawnBone, child: Child, phenotype: MarrowPhenotype, paints: Paints, texture: Texture
) -> None:
    """Red marrow into a drawn bone, which holds yellow marrow so far."""
    if not drawn.marrow.size:
        return
    patches = texture.within(drawn.box)
    share = redness(drawn.bone, child, phenotype, canvas.grid.open_axes(drawn.box), patches)
    gain = 1 + patches * np.float32(UNEVENNESS)
    canvas.paint(drawn.box, share * drawn.marrow, paints["red_marrow"], gain)
