"""Boxes of many solids at once against the box of each."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.phantom.solids.boxes import Boxes, boxes_of
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.volume import Geometry

SHAPE = (9, 7, 11)
AFFINE = np.array([[1.5, 0, 0, -4.0], [0, 6.0, 0, -20.0], [0, 0, 2.0, 3.0], [0, 0, 0, 1]])
GRID = Grid(Geometry(AFFINE, SHAPE))

corners = st.lists(st.floats(-40, 40), min_size=3, max_size=3).map(np.array)
sizes = st.lists(st.floats(0, 30), min_size=3, max_size=3).map(np.array)


@given(st.lists(st.tuples(corners, sizes, st.floats(0, 10)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_boxes_are_those_of_each_alone(solids: list[tuple[np.ndarray, np.ndarray, float]]) -> None:
    bounds = np.array([(low, low + size) for low, size, _ in solids])
    margins = np.array([margin for *_, margin in solids])
    boxes = boxes_of(bounds, margins, AFFINE[:3, 3], np.array(GRID.geometry.spacing_mm))
    whole = Boxes(np.zeros((1, 3), np.int64), np.array([SHAPE]))
    alone = [GRID.box((low, low + size), margin) for low, size, margin in solids]
    assert boxes.within(whole).slices() == alone


def test_one_box_around_each_run() -> None:
    boxes = Boxes(np.array([[0, 5, 2], [3, 1, 2], [7, 7, 7]]), np.array([[2, 6, 4], [4, 2, 9], [8, 8, 8]]))
    around = boxes.around([2, 1])
    assert around.start.tolist() == [[0, 1, 2], [7, 7, 7]]
    assert around.stop.tolist() == [[4, 6, 9], [8, 8, 8]]


def test_a_box_outside_another_is_empty() -> None:
    one, other = (
        Boxes(np.array([[5, 0, 0]]), np.array([[8, 3, 3]])),
        Boxes(np.array([[0, 0, 0]]), np.array([[4, 3, 3]])),
    )
    assert one.within(other).voxels.tolist() == [0]
    assert other.chosen([0]).voxels.tolist() == [36]


def test_coordinates_follow_the_order_of_the_voxels() -> None:
    boxes = Boxes(np.array([[1, 0, 2], [4, 4, 4]]), np.array([[3, 1, 4], [5, 5, 6]]))
    x, y, z = boxes.coordinates(GRID.axes)
    assert x.tolist() == [-2.5, -2.5, -1.0, -1.0, 2.0, 2.0]
    assert y.tolist() == [-20.0] * 4 + [4.0] * 2
    assert z.tolist() == [7.0, 9.0, 7.0, 9.0, 11.0, 13.0]
    assert x.dtype == np.float32
