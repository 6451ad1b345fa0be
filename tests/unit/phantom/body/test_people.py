"""Anatomy over many people and poses."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from crmo_seg.anatomy import BONES_TABLE, Side, bone_named
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.outline import OUTLINE_BLEND_MM, outline
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.solids.grid import Grid, bounds_of, grid_around, rasterise

PEOPLE = range(30)
SPACING_MM = 3.0
LARGEST_OVERLAP_ML = 0.4
"""Of any two bones; the painter gives it to the first."""
LARGEST_OUTSIDE_ML = 0.3
SMALLEST_BONE_ML = 0.02


def person_marks(seed: int) -> Landmarks:
    rng = np.random.default_rng(seed)
    return find_landmarks(child_at(draw_person(rng), 3 + 14 * ((seed * 0.618) % 1), rng))


@cache
def voxels(seed: int) -> tuple[Grid, np.ndarray, dict[str, tuple[tuple[slice, slice, slice], np.ndarray]]]:
    """Grid, body, and the voxels of each bone in its box."""
    marks = person_marks(seed)
    skeleton = build_skeleton(marks)
    shapes = [part.shape for part in outline(marks, skeleton)]
    grid = grid_around(bounds_of(shapes), (SPACING_MM,) * 3, 6.0)
    patch = rasterise(grid, shapes, blend_mm=OUTLINE_BLEND_MM)
    body = np.zeros(grid.geometry.shape, dtype=bool)
    body[patch.box] = patch.distance_mm < 0
    return grid, body, {bone.full_name: solid(grid, bone) for bone in skeleton}


def solid(grid: Grid, bone: SolidBone) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    patch = rasterise(grid, bone.shapes, blend_mm=bone.blend_mm, holes=bone.holes)
    assert bone.ripple is not None
    return patch.box, patch.distance_mm + bone.ripple.at(*grid.open_axes(patch.box)) < 0


@pytest.mark.parametrize("seed", PEOPLE)
def test_bones_keep_apart_and_lie_under_the_skin(seed: int) -> None:
    grid, body, bones = voxels(seed)
    taken = np.zeros(body.shape, dtype=np.uint8)
    for name, (box, inside) in bones.items():
        overlaps = np.bincount(taken[box][inside], minlength=2)[1:]
        assert overlaps.max() * grid.geometry.voxel_volume_ml <= LARGEST_OVERLAP_ML, name
        outside = np.count_nonzero(inside & ~body[box]) * grid.geometry.voxel_volume_ml
        assert outside <= LARGEST_OUTSIDE_ML, name
        taken[box][inside] = bone_named(name).label


@pytest.mark.parametrize("seed", PEOPLE)
def test_every_bone_of_the_table_is_there_on_its_side(seed: int) -> None:
    marks = person_marks(seed)
    bones = {bone.full_name: bone for bone in build_skeleton(marks)}
    assert set(bones) == {bone.full_name for bone in BONES_TABLE if bone.complete}
    for name in bones:
        side = bone_named(name).side
        if side is not None and bone_named(name).group not in ("arm", "hand"):
            low, high = bounds_of(bones[name].shapes)
            assert np.sign((low + high)[0]) == (1 if side is Side.RIGHT else -1), name


def test_sites_lie_in_their_bones() -> None:
    for seed in range(8):
        for bone in build_skeleton(person_marks(seed)):
            for site in bone.sites:
                point = [np.float32(c).reshape(1, 1, 1) for c in site.centre]
                inside = min(shape.distance(*point).item() for shape in bone.shapes)
                assert inside < 0.5, (bone.full_name, site.region)
                assert all(hole.distance(*point).item() > -0.5 for hole in bone.holes), (bone.full_name, site.region)
