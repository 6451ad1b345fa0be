"""A rod of bone on an even grid: what lies where can be counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.growth import OssifyingPlate
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.draw.bones import DrawnBone, bone_patches, paint_bone
from crmo_seg.phantom.draw.canvas import Canvas, empty_canvas
from crmo_seg.phantom.signal.palette import usual_palette
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import Capsule, vector
from crmo_seg.volume import Geometry

SHAPE = (60, 60, 120)
GRID = Grid(Geometry(np.diag([1.0, 1.0, 1.0, 1.0]), SHAPE))
PALETTE = usual_palette("stir")
ROD = SolidBone("femur_left", (Capsule(vector(30, 30, 15), vector(30, 30, 100), 12.0, 12.0),), cortex_mm=2.0)
PLATE = OssifyingPlate(
    vector(30, 30, 90), vector(0, 0, 1), 12.0, name="femur distal", openness=1.0, ossified=1.0, apophysis=False
)


def draw(bone: SolidBone = ROD, *plates: OssifyingPlate) -> tuple[Canvas, DrawnBone]:
    canvas = empty_canvas(GRID, 2)
    canvas.body[:] = True
    canvas.signal[0] = PALETTE.signal("muscle")
    return canvas, paint(canvas, bone, *plates)


def paint(canvas: Canvas, bone: SolidBone, *plates: OssifyingPlate) -> DrawnBone:
    patch = next(bone_patches(canvas.grid, [bone], {}))
    return paint_bone(canvas, bone, patch, plates, PALETTE.values)


def test_cortex_is_dark_and_marrow_yellow() -> None:
    canvas, drawn = draw()
    assert canvas.signal[0, 30, 30, 50] == pytest.approx(PALETTE.signal("fatty_marrow"))
    assert canvas.signal[0, 30 + 11, 30, 50] == pytest.approx(PALETTE.signal("cortex"), abs=15)
    assert canvas.signal[0, 30 + 14, 30, 50] == pytest.approx(PALETTE.signal("muscle"))
    assert drawn.depth_mm[tuple(np.array((30, 30, 50)) - [part.start for part in drawn.box])] == pytest.approx(10)


def test_the_label_fills_the_solid() -> None:
    between = replace(ROD, shapes=(Capsule(vector(30.3, 30.2, 15.4), vector(30.3, 30.2, 100.4), 12.0, 12.0),))
    canvas, _ = draw(between)  # no voxel centre on the surface
    volume = np.pi * 12**2 * 85 + 4 / 3 * np.pi * 12**3
    assert (canvas.bones == bone_named("femur_left").label).sum() == pytest.approx(volume, rel=0.01)


def test_an_open_plate_is_bright_and_holds_no_marrow() -> None:
    canvas, drawn = draw(ROD, PLATE)
    column = canvas.signal[0, 30, 30, 80:100]
    assert column.max() > 0.8 * PALETTE.signal("growth_plate")
    start = drawn.box[2].start
    offset = [part.start for part in drawn.box]
    assert drawn.depth_mm[30 - offset[0], 30 - offset[1], 90 - start : 92 - start].min() <= 0
    assert drawn.depth_mm[30 - offset[0], 30 - offset[1], 70 - start] > 5


def test_a_closed_plate_leaves_a_dark_scar() -> None:
    canvas, _ = draw(ROD, replace(PLATE, openness=0.0))
    assert canvas.signal[0, 30, 30, 85:95].max() <= PALETTE.signal("fatty_marrow") + 1
    assert canvas.signal[0, 30, 30, 85:95].min() < 0.6 * PALETTE.signal("fatty_marrow")


def test_what_is_not_ossified_beyond_a_plate_is_cartilage_and_no_bone() -> None:
    canvas, _ = draw(ROD, replace(PLATE, ossified=0.0))
    assert canvas.signal[0, 30, 30, 105] == pytest.approx(PALETTE.signal("cartilage"), rel=0.05)
    assert not canvas.bones[:, :, 97:].any()
    assert canvas.bones[30, 30, 50]


def test_where_two_bones_meet_the_first_stays() -> None:
    canvas, _ = draw()
    before = canvas.bones.copy()
    other = SolidBone("tibia_left", (Capsule(vector(30, 30, 90), vector(30, 30, 115), 10.0, 10.0),), cortex_mm=1.0)
    paint(canvas, other)
    assert (canvas.bones[before > 0] == before[before > 0]).all()
    assert (canvas.bones == bone_named("tibia_left").label).any()


def test_a_bone_ends_at_the_skin() -> None:
    canvas = empty_canvas(GRID, 2)
    canvas.body[:30] = True
    paint(canvas, ROD)
    assert not canvas.bones[30:].any()
    assert canvas.bones[:30].any()
