"""Lesion ids brought from the grid that was analysed to the voxels of one station."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.volume import Array, Float64Array, Geometry, Volume

_ROUNDING_DIGITS = 5
"""Of voxel indices: rounding of affines must not decide which of two voxels is nearer."""


def labels_on(labels: Volume, target: Geometry) -> NDArray[np.uint16]:
    """The label of the nearest voxel, 0 outside; exact where the grids coincide.

    Args:
        labels: lesion ids, in any orientation.
        target: grid of the station, (X, Y, Z).

    Returns:
        Array of the target's shape.

    >>> grid = Geometry(np.diag([2.0, 2.0, 6.0, 1.0]), (2, 2, 1))
    >>> labels_on(Volume(np.array([[[0], [3]], [[0], [0]]], dtype=np.int32), grid), grid).tolist()
    [[[0], [3]], [[0], [0]]]
    """
    to_source: Float64Array = np.linalg.inv(labels.geometry.affine) @ target.affine
    to_target = np.linalg.inv(to_source).astype(np.float64)
    found = np.zeros(target.shape, dtype=np.uint16)
    for box in ndimage.find_objects(labels.array):  # around each lesion only: they are small, the station is not
        if box is not None:
            part = _part_of(target, to_target, box)
            found[part] = _looked_up(labels.array, to_source, part)
    return found


def _part_of(target: Geometry, to_target: Float64Array, box: tuple[slice, ...]) -> tuple[slice, ...]:
    """The voxels of the target that a box of the source reaches; an affine keeps them between its corners."""
    corners = np.array(list(product(*[(side.start - 0.5, side.stop - 0.5) for side in box])))
    reached = corners @ to_target[:3, :3].T + to_target[:3, 3]
    first = np.clip(np.floor(reached.min(axis=0)), 0, target.shape).astype(int)
    last = np.clip(np.ceil(reached.max(axis=0)) + 1, 0, target.shape).astype(int)
    return tuple(slice(int(start), int(stop)) for start, stop in zip(first, last, strict=True))


def _looked_up(labels: Array, to_source: Float64Array, part: tuple[slice, ...]) -> Array:
    x, y, z = np.ogrid[part]
    nearest = [_nearest(line[0] * x + line[1] * y + line[2] * z + line[3]) for line in to_source[:3]]
    inside = np.ones(nearest[0].shape, dtype=bool)
    for position, size in zip(nearest, labels.shape, strict=True):
        inside &= (position >= 0) & (position < size)
    found = np.zeros(inside.shape, dtype=np.uint16)
    found[inside] = labels[tuple(position[inside] for position in nearest)]
    return found


def _nearest(indices: Float64Array) -> NDArray[np.int64]:
    return np.floor(np.round(indices, _ROUNDING_DIGITS) + 0.5).astype(np.int64)
