"""A ball of edema and look-alikes in a rod of marrow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.solid_bone import LesionSite, ball_site
from crmo_seg.phantom.draw.bones import DrawnBone
from crmo_seg.phantom.draw.canvas import Canvas
from crmo_seg.phantom.draw.lesions import PaintedLesion, paint_findings, paint_lesion, paint_soft_findings
from crmo_seg.phantom.edema.lesion import LastingLesion, LesionShape, PlannedLesion, SiteKey
from crmo_seg.phantom.normal.finding import FINDING_KINDS, Finding
from crmo_seg.phantom.signal.palette import Palette
from crmo_seg.phantom.solids.shapes import vector
from crmo_seg.phantom.solids.texture import Texture, draw_texture

Rod = tuple[Canvas, DrawnBone]
EDEMA, HALO = np.float32([560, 40]), np.float32([250, 30])
PLANNED_ML = 1.2
LABEL = bone_named("femur_left").label


def lesion(centre_z: float = 45, *, halo_mm: float = 0.0, planned_ml: float = PLANNED_ML) -> PlannedLesion:
    still = LesionShape(np.zeros((0, 3)), np.zeros(0), np.empty((0, 4)))
    lasting = LastingLesion(
        "one", SiteKey(bone_named("femur_left"), "diaphysis", 0), np.zeros(3), np.ones(3), planned_ml, 5.6, True,
        0.0, halo_mm, 1.0, still,
    )  # fmt: skip
    site = ball_site(vector(30.2, 30.3, centre_z), (planned_ml * 1000 / (4 / 3 * np.pi)) ** (1 / 3))
    return PlannedLesion(lasting, None, site, planned_ml, None, None, None, 0.0, 1.0)


def texture(canvas: Canvas) -> Texture:
    return draw_texture(np.random.default_rng(0), canvas.grid, (7.0, 7.0, 9.0))


def paint(rod: Rod, planned: PlannedLesion, number: int = 1, values: np.ndarray = EDEMA) -> None:
    paint_lesion(*rod, PaintedLesion(number, planned, values, HALO), texture(rod[0]))


def test_edema_lies_in_marrow_and_is_as_large_as_planned(rod: Rod) -> None:
    canvas, drawn = rod
    paint(rod, lesion())
    assert canvas.edema.dtype == np.float32
    assert (canvas.edema.min(), canvas.edema.max()) == (0, 1)
    marrow = np.zeros(canvas.body.shape, bool)
    marrow[drawn.box] = drawn.depth_mm > 0
    assert not canvas.edema[~marrow].any()
    assert (canvas.edema > 0.5).sum() / 1000 == pytest.approx(PLANNED_ML, rel=0.1)
    assert (canvas.lesions[canvas.edema > 0.5] == 1).all()
    assert not canvas.lesions[canvas.edema == 0].any()


def test_its_signal_is_what_was_asked_for_and_nothing_else_changes(rod: Rod) -> None:
    canvas, _ = rod
    before = canvas.signal.copy()
    paint(rod, lesion())
    core = canvas.edema == 1
    assert canvas.signal[0][core].mean() == pytest.approx(EDEMA[0], rel=0.05)
    assert canvas.signal[1][core].mean() == pytest.approx(EDEMA[1], rel=0.05)
    np.testing.assert_array_equal(canvas.signal[:, canvas.edema == 0], before[:, canvas.edema == 0])


def test_the_halo_lies_beside_the_bone_in_the_body_and_is_no_edema(rod: Rod, palette: Palette) -> None:
    canvas, drawn = rod
    before = canvas.signal.copy()
    paint(rod, lesion(halo_mm=8.0))
    changed = (canvas.signal[0] != before[0]) & (canvas.edema == 0)
    assert changed.sum() > 500
    assert canvas.body[changed].all()
    assert not canvas.bones[changed].any()
    assert (canvas.signal[0][changed] >= before[0][changed]).all()
    assert canvas.signal[0][changed].max() > 1.8 * palette.signal("muscle")
    distance = np.full(canvas.body.shape, 99, np.float32)
    distance[drawn.box] = drawn.distance_mm
    assert distance[changed].max() <= 8.0


def test_a_halo_leaves_what_is_brighter_as_it_is(rod: Rod) -> None:
    canvas, _ = rod
    canvas.signal[0][canvas.bones == 0] = 900.0
    before = canvas.signal.copy()
    paint(rod, lesion(halo_mm=8.0))
    outside = canvas.bones == 0
    np.testing.assert_array_equal(canvas.signal[:, outside], before[:, outside])


def test_where_two_lesions_meet_each_voxel_has_the_number_of_the_larger_share(rod: Rod) -> None:
    canvas, _ = rod
    paint(rod, lesion(40), 1)
    first = canvas.edema.copy()
    paint(rod, lesion(52), 2)
    np.testing.assert_array_equal(canvas.edema >= first, True)
    assert set(np.unique(canvas.lesions)) == {0, 1, 2}
    assert (canvas.lesions[first == 1] == 1).all()
    assert canvas.lesions[30, 30, 52] == 2
    edema = canvas.edema > 0.5
    assert (canvas.lesions[edema] > 0).all()


@pytest.mark.parametrize("centre_z", [-300, 300])
def test_a_lesion_outside_the_grid_is_left_out(rod: Rod, centre_z: float) -> None:
    canvas, _ = rod
    before = canvas.signal.copy()
    paint(rod, lesion(centre_z, halo_mm=8.0))
    np.testing.assert_array_equal(canvas.signal, before)
    assert not canvas.edema.any()


def finding(kind: str, strength: float = 3.0, *, soft: bool = False, x: float = 30.0) -> Finding:
    place = LesionSite("test", None, vector(x, 30, 45), np.full(3, 6.0), np.eye(3))
    bone, confined = (None, "soft") if soft else ("femur_left", "marrow")
    waves = (np.empty((0, 3)), np.empty(0))
    return Finding(kind, kind, bone, place, strength, 2.0, confined, 0.5, *waves)


def values(one: Finding) -> np.ndarray:
    return np.float32([100 * one.strength, 20])


def test_a_look_alike_brightens_marrow_and_is_marked_where_it_fills_a_voxel(rod: Rod) -> None:
    canvas, drawn = rod
    before = canvas.signal.copy()
    one = finding("patch")
    paint_findings(canvas, drawn, [(one, values(one))], texture(canvas))
    changed = canvas.signal[0] != before[0]
    marrow = np.zeros(canvas.body.shape, bool)
    marrow[drawn.box] = drawn.depth_mm > 0
    assert changed.any()
    assert not (changed & ~marrow).any()
    assert (canvas.signal[0] >= before[0]).all()
    assert set(np.unique(canvas.findings)) == {0, FINDING_KINDS.index("patch")}
    assert changed[canvas.findings > 0].all()
    assert not canvas.edema.any()


def test_a_trace_is_drawn_but_not_marked(rod: Rod) -> None:
    canvas, drawn = rod
    before = canvas.signal.copy()
    one = finding("patch", strength=1.4)
    paint_findings(canvas, drawn, [(one, values(one))], texture(canvas))
    assert (canvas.signal != before).any()
    assert not canvas.findings.any()


def test_a_look_alike_in_soft_tissue_ends_at_the_skin(rod: Rod) -> None:
    canvas, _ = rod
    before = canvas.signal.copy()
    one = finding("muscle_edema", soft=True, x=45.0)
    paint_soft_findings(canvas, [(one, values(one))], texture(canvas))
    assert (canvas.findings[:45] == FINDING_KINDS.index("muscle_edema")).any()
    assert not canvas.findings[45:].any()
    np.testing.assert_array_equal(canvas.signal[:, 45:], before[:, 45:])


def test_look_alikes_outside_the_grid_are_left_out(rod: Rod) -> None:
    canvas, drawn = rod
    before = canvas.signal.copy()
    soft, bony = finding("lymph_node", soft=True, x=900.0), finding("patch", x=900.0)
    paint_soft_findings(canvas, [(soft, values(soft))], texture(canvas))
    paint_findings(canvas, drawn, [(bony, values(bony))], texture(canvas))
    np.testing.assert_array_equal(canvas.signal, before)
    assert not canvas.findings.any()


def test_a_lesion_over_a_look_alike_keeps_both(rod: Rod) -> None:
    """Truth of edema and map of look-alikes are separate: the painter takes neither back."""
    canvas, drawn = rod
    one = finding("patch")
    paint_findings(canvas, drawn, [(one, values(one))], texture(canvas))
    paint(rod, replace(lesion(), border_mm=2.0))
    assert ndimage.binary_dilation(canvas.findings > 0)[canvas.edema > 0.5].any()
    assert (canvas.bones[canvas.edema > 0] == LABEL).all()
