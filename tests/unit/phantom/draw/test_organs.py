"""Balls of organ in a body that fills half of the grid."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.draw.canvas import Canvas, empty_canvas
from crmo_seg.phantom.draw.organs import paint_organs
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import Ellipsoid, vector
from crmo_seg.phantom.solids.texture import draw_texture
from crmo_seg.volume import Geometry

SHAPE = (50, 25, 50)
GRID = Grid(Geometry(np.diag([1.0, 2.0, 1.0, 1.0]), SHAPE))
PAINTS = {"liver": np.float32([60, 10]), "gall_bladder": np.float32([700, 0])}
MUSCLE = 100.0
GRAIN = draw_texture(np.random.default_rng(0), GRID, (4.0, 4.0, 4.0))


def ball(tissue: str, centre: tuple[float, float, float], radius_mm: float) -> Organ:
    return Organ(tissue, (Ellipsoid(vector(*centre), np.full(3, radius_mm)),))


def painted(*organs: Organ, amounts: dict[str, float] | None = None, body: slice = slice(None)) -> Canvas:
    canvas = empty_canvas(GRID, 2)
    canvas.body[body] = True
    canvas.signal[0] = MUSCLE
    paint_organs(canvas, organs, PAINTS, GRAIN, amounts or {})
    return canvas


def test_an_organ_has_its_signal_inside_and_changes_nothing_outside() -> None:
    canvas = painted(ball("liver", (25, 25, 25), 12.0))
    assert canvas.signal[:, 25, 12, 25].tolist() == [60, 10]
    assert canvas.signal[0, 40, 12, 25] == MUSCLE
    volume_mm3 = (canvas.signal[1] / 10).sum() * 2
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.02)


def test_the_later_organ_covers_the_earlier_one() -> None:
    liver, gall_bladder = ball("liver", (25, 25, 25), 12.0), ball("gall_bladder", (25, 25, 25), 5.0)
    assert painted(liver, gall_bladder).signal[0, 25, 12, 25] == 700
    assert painted(gall_bladder, liver).signal[0, 25, 12, 25] == 60


def test_an_organ_ends_at_the_skin() -> None:
    canvas = painted(ball("liver", (25, 25, 25), 12.0), body=slice(0, 26))
    assert (canvas.signal[0, 26:] == MUSCLE).all()
    assert canvas.signal[0, 25, 12, 25] == 60


def test_each_tissue_is_as_uneven_as_it_says() -> None:
    canvas = painted(ball("liver", (25, 25, 25), 20.0), amounts={"liver": 0.2, "gall_bladder": 0.9})
    x, y, z = GRID.open_axes((slice(None), slice(None), slice(None)))
    inside = (x - 25) ** 2 + (y - 25) ** 2 + (z - 25) ** 2 < 17**2
    assert canvas.signal[0][inside].std() / 60 == pytest.approx(0.2, rel=0.2)
    assert canvas.signal[0][inside].mean() == pytest.approx(60, rel=0.05)
    even = painted(ball("liver", (25, 25, 25), 20.0), amounts={"gall_bladder": 0.9})
    assert np.unique(even.signal[0][inside]).tolist() == [60]


def test_organs_without_solids_or_outside_the_grid_change_nothing() -> None:
    canvas = painted(Organ("liver", ()), ball("liver", (500, 0, 0), 12.0))
    assert (canvas.signal[0] == MUSCLE).all()
    assert not canvas.signal[1].any()


def test_labels_stay_as_they_are() -> None:
    canvas = painted(ball("liver", (25, 25, 25), 12.0))
    assert not canvas.bones.any()
    assert not canvas.findings.any()
    assert not canvas.edema.any()
