"""A mask that another program saved cropped, padded or with its axes in another order -> the grid of its image.

Only whole voxels are moved, so nothing is resampled: both grids must be parts of one lattice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import SAME_GRID_TOLERANCE_MM, Array, Float64Array, Geometry, GeometryError, Volume

_IntArray: TypeAlias = NDArray[np.int64]
_ALONG_AN_AXIS = 0.01  # largest stray component of an axis that still runs along one of the other grid, in voxels


@dataclass(frozen=True, eq=False)
class _Step:
    """Voxel of a mask -> voxel of a grid: ``indices @ turn.T + shift``, all whole numbers."""

    turn: _IntArray
    shift: _IntArray


def onto_grid(mask: Volume, grid: Geometry) -> Volume:
    """Move a mask voxel by voxel onto a grid of the same lattice; where it does not reach, it is 0.

    Args:
        mask: labels, on any part of the lattice, in any axis order and direction.
        grid: that of the image.

    Raises:
        GeometryError: where the lattices differ, or marked voxels lie outside the grid.

    >>> whole = Geometry(np.diag([2.0, 2, 6, 1]), (8, 8, 4))
    >>> part = Geometry(np.array([[2.0, 0, 0, 4], [0, 2, 0, 2], [0, 0, 6, 6], [0, 0, 0, 1]]), (3, 3, 2))
    >>> moved = onto_grid(Volume(np.ones(part.shape, np.uint8), part), whole)
    >>> moved.array.shape, np.argwhere(moved.array)[0].tolist()
    ((8, 8, 4), [2, 1, 1])
    """
    step = _step_between(mask.geometry, grid)
    marked = np.argwhere(mask.array)
    placed = marked @ step.turn.T + step.shift
    inside = np.all((placed >= 0) & (placed < grid.shape), axis=1)
    if not inside.all():
        outside = len(placed) - int(inside.sum())
        raise GeometryError(f"{outside} of {len(placed)} marked voxels lie outside the image {_described(grid)}")
    array: Array = np.zeros(grid.shape, dtype=mask.array.dtype)
    array[tuple(placed.T)] = mask.array[tuple(marked.T)]
    return Volume(array, grid)


def _step_between(mask: Geometry, grid: Geometry) -> _Step:
    exact = np.linalg.inv(grid.affine) @ mask.affine
    turn = np.rint(exact[:3, :3])
    if not _is_turn(turn) or np.abs(exact[:3, :3] - turn).max() > _ALONG_AN_AXIS:
        raise GeometryError(f"is a grid of {_described(mask)}, the image one of {_described(grid)}")
    shift = np.rint(exact[:3, 3])
    off_mm = _largest_offset_mm(mask, grid, turn, shift)
    if off_mm > SAME_GRID_TOLERANCE_MM:
        raise GeometryError(f"lies {off_mm:.2f} mm off the voxels of the image {_described(grid)}")
    return _Step(turn.astype(np.int64), shift.astype(np.int64))


def _is_turn(turn: Float64Array) -> bool:
    """Whether every axis runs along exactly one other, forwards or backwards."""
    ones = np.abs(turn)
    return bool((ones.sum(axis=0) == 1).all() and (ones.sum(axis=1) == 1).all())


def _largest_offset_mm(mask: Geometry, grid: Geometry, turn: Float64Array, shift: Float64Array) -> float:
    """Largest distance of a corner voxel of the mask from the voxel of the grid that it is moved to."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in mask.shape])).reshape(3, -1).T
    apart = mask.to_world_mm(corners) - grid.to_world_mm(corners @ turn.T + shift)
    return float(np.linalg.norm(apart, axis=1).max())


def _described(geometry: Geometry) -> str:
    spacing = " x ".join(f"{mm:.4g}" for mm in geometry.spacing_mm)
    shape = " x ".join(str(n) for n in geometry.shape)
    return f"{shape} voxels of {spacing} mm, {geometry.orientation}"
