"""A planned lesion becomes voxels: an ellipsoid deformed by waves, grown inside the marrow to its planned volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.lesions import NEIGHBOURS_26
from crmo_seg.phantom.plain.edema import PlannedLesion
from crmo_seg.phantom.solids.grid import Box, Grid
from crmo_seg.phantom.solids.shapes import Ellipsoid, FloatArray

DEFORMATION: Final = 0.12
"""Amplitude of each of the waves, in lesion radii."""
LARGEST_GROWTH: Final = 1.0
"""Up to twice the planned radius where the bone is too thin to fill the volume otherwise."""
SOFT_BORDER_MM: Final = 4.0


@dataclass(frozen=True, eq=False)
class Blob:
    """Voxels of a lesion in a box of the grid: which are edema, and how much of each."""

    box: Box
    mask: NDArray[np.bool_]
    fraction: FloatArray


def lesion_box(lesion: PlannedLesion, grid: Grid) -> Box:
    """The voxels that a lesion may reach."""
    reach = Ellipsoid(lesion.site.centre, lesion.site.radii * (1.2 + LARGEST_GROWTH), lesion.site.axes)
    return grid.box(reach.bounds(), 0.0)


def grow_blob(lesion: PlannedLesion, grid: Grid, box: Box, marrow: NDArray[np.bool_]) -> Blob:
    """The part of the marrow (bool, shape of the box) where the lesion's level is lowest, as large as planned.

    Of several pieces only the largest stays.
    """
    level = _level(lesion, grid, box)
    limit = _threshold(level[marrow], lesion.planned_ml / grid.geometry.voxel_volume_ml)
    mask = _largest_piece(marrow & (level <= limit))
    distance = (level - limit) * float(lesion.site.radii.prod() ** (1 / 3))
    border = max(SOFT_BORDER_MM, grid.geometry.spacing_mm[0])
    fraction = np.clip(0.5 - distance / border, 0, 1)
    fraction[marrow & (level <= limit) & ~mask] = 0
    return Blob(box, mask, fraction)


def _level(lesion: PlannedLesion, grid: Grid, box: Box) -> FloatArray:
    """0 on the deformed ellipsoid, -1 in its middle, growing by 1 a radius."""
    axes = (lesion.site.axes / lesion.site.radii[:, None]).tolist()
    x, y, z = (axis - c for axis, c in zip(grid.open_axes(box), lesion.site.centre.tolist(), strict=True))
    u, v, w = ((x * i + y * j) + z * k for i, j, k in axes)
    level: FloatArray = np.sqrt(u * u + v * v + w * w) - 1
    for (i, j, k), phase in zip(lesion.wave_vectors.tolist(), lesion.wave_phases.tolist(), strict=True):
        level += DEFORMATION * np.cos(u * i + v * j + w * k + phase)
    return level


def _threshold(levels: FloatArray, voxels: float) -> float:
    count = min(max(round(voxels), 1), levels.size)
    if count == 0:
        return -np.inf
    return min(float(np.partition(levels, count - 1)[count - 1]), LARGEST_GROWTH)


def _largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask, structure=NEIGHBOURS_26)
    if count < 2:
        return mask
    largest: NDArray[np.bool_] = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return largest
