"""Tibiae of boxes: a shaft and two wide ends, of which slabs may be shown."""

from __future__ import annotations

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.sites.long_bones import PLATE_RULES
from crmo_seg.volume import Geometry, Volume

GEOMETRY = Geometry(np.array([[2.0, 0, 0, -60], [0, 4, 0, -40], [0, 0, 2, -10], [0, 0, 0, 1.0]]), (60, 20, 180))
WORLD = np.moveaxis(GEOMETRY.to_world_mm(np.moveaxis(np.indices(GEOMETRY.shape), 0, -1)), -1, 0)
LENGTH_MM = 300.0
DISTAL_PLATE_MM = PLATE_RULES["tibia", "distal"].of_length * LENGTH_MM


def make_tibia(first: int = 0, last: int = 180) -> Volume:
    """A shaft with two wide ends from z = 0 to 300, or what some slabs of it show."""
    x, y, z = WORLD
    half = np.where((z < 40) | (z > 260), 20.0, 10.0)
    inside = (np.abs(x) < 1.5 * half) & (np.abs(y) < half) & (z >= 0) & (z <= LENGTH_MM)
    array = np.where(inside, bone_named("tibia_left").label, 0).astype(np.uint8)[:, :, first:last]
    affine = GEOMETRY.affine.copy()
    affine[2, 3] += 2.0 * first
    return Volume(np.ascontiguousarray(array), Geometry(affine, array.shape))


def make_legs(right_lacks_mm: float = 0.0) -> Volume:
    """Two tibiae side by side, the right one without so much of its lower end."""
    one = make_tibia().array > 0
    affine = GEOMETRY.affine.copy()
    affine[0, 3] -= 60.0
    array = np.zeros((120, *GEOMETRY.shape[1:]), dtype=np.uint8)
    array[:60][one] = bone_named("tibia_left").label
    array[60:][one & (WORLD[2] >= right_lacks_mm)] = bone_named("tibia_right").label
    return Volume(array, Geometry(affine, array.shape))
