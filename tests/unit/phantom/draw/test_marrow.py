from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.draw import marrow as marrow_module
from crmo_seg.phantom.draw.bones import DrawnBone
from crmo_seg.phantom.draw.canvas import Canvas
from crmo_seg.phantom.draw.marrow import UNEVENNESS, paint_marrow
from crmo_seg.phantom.normal.marrow import MarrowPhenotype, redness
from crmo_seg.phantom.signal.palette import Palette
from crmo_seg.phantom.solids.texture import Texture, draw_texture

Rod = tuple[Canvas, DrawnBone]
PHENOTYPE = MarrowPhenotype(speed=1.0, patchiness=0.25, side_lag=0.0, focality=1.0, symmetry=0.9, seed=0)


def red_marrow(rod: Rod, palette: Palette, age_years: float, texture: Texture | None = None) -> None:
    canvas, drawn = rod
    child = child_at(draw_person(np.random.default_rng(0)), age_years, np.random.default_rng(0))
    texture = texture or draw_texture(np.random.default_rng(0), canvas.grid, (7.0, 7.0, 9.0))
    paint_marrow(canvas, drawn, child, PHENOTYPE, palette.values, texture)


def even(canvas: Canvas) -> Texture:
    return Texture(canvas.grid, (50.0, 50.0, 50.0), np.zeros((12, 12, 12), np.float32))


def test_red_is_mixed_into_yellow_by_the_share_that_the_age_gives(rod: Rod, palette: Palette) -> None:
    canvas, drawn = rod
    before = canvas.signal.copy()
    red_marrow(rod, palette, 6.0, even(canvas))
    child = child_at(draw_person(np.random.default_rng(0)), 6.0, np.random.default_rng(0))
    axes = canvas.grid.open_axes(drawn.box)
    share = redness(drawn.bone, child, PHENOTYPE, axes, np.zeros(drawn.marrow.shape, np.float32)) * drawn.marrow
    for channel, (now, then) in enumerate(zip(canvas.signal, before, strict=True)):
        red = palette.values["red_marrow"][channel]
        expected = share * red + (1 - share) * then[drawn.box]
        np.testing.assert_allclose(now[drawn.box], expected, rtol=1e-4, atol=1e-3)
    assert 0.1 < share.max() <= 1


def test_nothing_but_marrow_changes(rod: Rod, palette: Palette) -> None:
    canvas, drawn = rod
    before = canvas.signal.copy()
    red_marrow(rod, palette, 3.0)
    marrow = np.zeros(canvas.body.shape, bool)
    marrow[drawn.box] = drawn.marrow > 0
    np.testing.assert_array_equal(canvas.signal[:, ~marrow], before[:, ~marrow])
    assert (canvas.signal[0][marrow] != before[0][marrow]).mean() > 0.5


def test_marrow_turns_yellow_with_age(rod: Rod, palette: Palette) -> None:
    canvas, drawn = rod
    yellow = canvas.signal.copy()
    means = []
    for age_years in (3.0, 8.0, 16.0):
        canvas.signal[...] = yellow
        red_marrow(rod, palette, age_years)
        means.append(canvas.signal[0][drawn.box][drawn.marrow == 1].mean())
    assert means == sorted(means, reverse=True)
    assert means[0] > 0.8 * palette.signal("red_marrow")
    assert means[-1] < 0.5 * (palette.signal("red_marrow") + palette.signal("fatty_marrow"))


def test_where_all_marrow_is_red_it_is_as_uneven_as_it_says(
    rod: Rod, palette: Palette, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas, drawn = rod
    monkeypatch.setattr(marrow_module, "redness", lambda *given: np.ones(drawn.marrow.shape, np.float32))
    red_marrow(rod, palette, 3.0)
    red = canvas.signal[0][drawn.box][drawn.marrow == 1] / palette.signal("red_marrow")
    patches = draw_texture(np.random.default_rng(0), canvas.grid, (7.0, 7.0, 9.0)).within(drawn.box)
    np.testing.assert_allclose(red, 1 + UNEVENNESS * patches[drawn.marrow == 1], atol=1e-4)


def test_a_bone_outside_the_grid_is_left_out(rod: Rod, palette: Palette) -> None:
    canvas, drawn = rod
    before = canvas.signal.copy()
    empty = (slice(0, 0), slice(0, 0), slice(0, 0))
    outside = replace(drawn, box=empty, marrow=np.zeros((0, 0, 0), np.float32))
    red_marrow((canvas, outside), palette, 6.0)
    np.testing.assert_array_equal(canvas.signal, before)
