from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.outline import OUTLINE_BLEND_MM, outline
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.solids.grid import bounds_of, grid_around, rasterise


@pytest.mark.parametrize(("age", "seed"), [(4.0, 0), (15.0, 3)])
def test_every_bone_lies_under_the_skin_and_the_body_is_one_piece(age: float, seed: int) -> None:
    marks = find_landmarks(draw_child(np.random.default_rng(seed), age_years=(age, age)))
    skeleton = build_skeleton(marks)
    shapes = [part.shape for part in outline(marks, skeleton)]
    grid = grid_around(bounds_of(shapes), (3.0, 3.0, 3.0), 6.0)
    patch = rasterise(grid, shapes, blend_mm=OUTLINE_BLEND_MM)
    body = np.zeros(grid.geometry.shape, dtype=bool)
    body[patch.box] = patch.distance_mm < 0
    assert ndimage.label(body)[1] == 1
    for bone in skeleton:
        solid = rasterise(grid, bone.shapes, blend_mm=bone.blend_mm, holes=bone.holes)
        outside = np.count_nonzero((solid.distance_mm < 0) & ~body[solid.box])
        assert outside <= 6, bone.full_name
