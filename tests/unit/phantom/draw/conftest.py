"""A rod of bone in muscle, drawn with yellow marrow, for what is painted into bones."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.draw.bones import DrawnBone, bone_patches, paint_bone
from crmo_seg.phantom.draw.canvas import Canvas, empty_canvas
from crmo_seg.phantom.signal.palette import Palette, usual_palette
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import Capsule, vector
from crmo_seg.volume import Geometry

SHAPE = (60, 60, 90)
HALO_REACH_MM = 16.0


@pytest.fixture(scope="session")
def palette() -> Palette:
    return usual_palette("stir")


@pytest.fixture
def rod(palette: Palette) -> tuple[Canvas, DrawnBone]:
    """Of 12 mm radius along z, cortex 2 mm, between z = 20 and 70; the body ends at x = 45."""
    canvas = empty_canvas(Grid(Geometry(np.eye(4), SHAPE)), 2)
    canvas.body[:45] = True
    canvas.signal[0] = palette.signal("muscle")
    shaft = Capsule(vector(30.2, 30.3, 20), vector(30.2, 30.3, 70), 12.0, 12.0)
    bone = SolidBone("femur_left", (shaft,), cortex_mm=2.0)
    patch = next(bone_patches(canvas.grid, [bone], {bone.full_name: HALO_REACH_MM}))
    return canvas, paint_bone(canvas, bone, patch, (), palette.values)
