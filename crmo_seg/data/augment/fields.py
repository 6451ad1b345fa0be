"""Smooth random fields from a few control points: displacements and receive-coil shading."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Array

FEWEST_POINTS = 4
"""Control points along an axis that a cubic spline needs; a single one is a constant."""


def smooth_field(control: Array, shape: Sequence[int]) -> NDArray[np.float32]:
    """Cubic B-spline through a grid of control points, for every voxel of a patch.

    A spline is a weighted mean of its control points, so it stays between the smallest and the largest.
    Rueckert et al. 1999, doi:10.1109/42.796284, equation 2.

    Args:
        control: (..., a, b, c) values; each of a, b, c is 1 or at least 4.
        shape: voxels of the patch.

    >>> smooth_field(np.full((4, 4, 1), 2.0), (3, 5, 2)).round(6).tolist() == np.full((3, 5, 2), 2.0).tolist()
    True
    """
    field = np.asarray(control, dtype=np.float32)
    for axis, size in zip((-1, -2, -3), reversed(shape), strict=True):
        field = _spread(field, _basis(field.shape[axis], size), axis)
    return field


def _spread(field: NDArray[np.float32], basis: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Control points along one axis become voxels; a sum of few terms, which threads of a matrix product would slow."""
    trailing = (1,) * (-axis - 1)
    points = np.split(field, field.shape[axis], axis=axis)
    voxels: NDArray[np.float32] = points[0] * basis[:, 0].reshape(-1, *trailing)
    for index, point in enumerate(points[1:], 1):
        voxels += point * basis[:, index].reshape(-1, *trailing)
    return voxels


@lru_cache(maxsize=64)
def _basis(points: int, size: int) -> NDArray[np.float32]:
    """Weight of each control point in each voxel, (size, points)."""
    if points == 1:
        return np.ones((size, 1), dtype=np.float32)
    if points < FEWEST_POINTS:
        raise ValueError(f"a spline takes 1 or at least {FEWEST_POINTS} control points along an axis, not {points}")
    position = np.linspace(0, points - 3, size)
    first = np.minimum(position.astype(int), points - 4)
    t = position - first
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    basis = np.zeros((size, points), dtype=np.float32)
    np.put_along_axis(basis, first[:, None] + np.arange(4), weights.astype(np.float32), axis=1)
    return basis
