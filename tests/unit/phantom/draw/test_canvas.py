import numpy as np
import pytest

from crmo_seg.phantom.draw.canvas import empty_canvas, moved_up, rows_of, stacked
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.volume import Geometry

GRID = Grid(Geometry(np.diag([2.0, 4.0, 2.0, 1.0]), (6, 5, 100)))
BOX = (slice(1, 3), slice(0, 2), slice(10, 12))


def test_a_tissue_is_mixed_in_by_its_share() -> None:
    canvas = empty_canvas(GRID, 2)
    canvas.signal[:] = 10
    canvas.paint(BOX, np.full((2, 2, 2), 0.25, np.float32), np.float32([50, 2]))
    assert canvas.signal[0][BOX] == pytest.approx(20)
    assert canvas.signal[1][BOX] == pytest.approx(8)
    assert (canvas.signal[0] != 10).sum() == 8


def test_a_gain_makes_a_tissue_uneven() -> None:
    canvas = empty_canvas(GRID, 1)
    gain = np.ones((2, 2, 2), np.float32)
    gain[0] = 3
    canvas.paint(BOX, np.ones((2, 2, 2), np.float32), np.float32([100]), gain)
    assert canvas.signal[0][BOX][:, 0, 0].tolist() == [300, 100]


def test_brightening_never_darkens() -> None:
    canvas = empty_canvas(GRID, 1)
    canvas.signal[0, 1] = 80
    canvas.brighten(BOX, np.ones((2, 2, 2), np.float32), np.float32([60]))
    assert canvas.signal[0][BOX][:, 0, 0].tolist() == [80, 60]


def test_slabs_are_views_of_the_whole_that_cover_every_row_once() -> None:
    canvas = empty_canvas(GRID, 1)
    for start, slab in canvas.slabs():
        slab.signal[...] += 1
        slab.bones[...] += 1
        z = slab.grid.axes[2]
        assert z[0] == GRID.axes[2][start]
    assert (canvas.signal == 1).all()
    assert (canvas.bones == 1).all()


def test_rows_of_a_grid_lie_where_they_lay() -> None:
    assert rows_of(GRID, 30, 40).axes[2].tolist() == GRID.axes[2][30:40].tolist()
    assert moved_up(BOX, 30) == (BOX[0], BOX[1], slice(40, 42))


def test_channels_of_several_sequences_follow_each_other() -> None:
    stir, t1 = {"fat": np.float32([20, 700])}, {"fat": np.float32([350, 0])}
    assert stacked([stir, t1])["fat"].tolist() == [20, 700, 350, 0]
