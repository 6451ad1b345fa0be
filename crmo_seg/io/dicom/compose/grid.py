"""One grid for several stations, and each station on it. Frames of reference are not looked at: positions count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, TypeAlias

import numpy as np
from scipy import ndimage

from crmo_seg.volume import Array, Float64Array, Geometry, Volume

SAME_LATTICE_VOXELS: Final = 0.02
"""Voxel centres that agree up to this are the same: scanners write positions with few digits."""

Box: TypeAlias = tuple[slice, slice, slice]
_Mapping: TypeAlias = tuple[Float64Array, Float64Array]
"""Matrix (3, 3) and offset (3,): index in a box of the common grid -> index of the station."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A station on the common grid.

    Attributes:
        box: the part of the common grid in which the station lies.
        signal: float32, shape of the box.
        inside_mm: float32, can be broadcast to the box: distance to the station's nearer end along its main axis;
            0 where a voxel lies outside of the station.
    """

    box: Box
    signal: Array
    inside_mm: Array


def union_grid(grids: Sequence[Geometry]) -> Geometry:
    """The lattice of the largest grid, continued over all of them.

    >>> first, second = (Geometry(np.diag([1.0, 1, 1, 1]), (4, 4, n)) for n in (8, 3))
    >>> moved = replace(second, affine=second.affine + np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 7], [0] * 4]))
    >>> union_grid([first, moved]).shape
    (4, 4, 10)
    """
    reference = max(grids, key=lambda grid: np.prod(grid.shape) * grid.voxel_volume_ml)
    spans = np.array([_span(reference, grid) for grid in grids])
    first, last = spans[:, 0].min(axis=0), spans[:, 1].max(axis=0)
    affine = reference.affine.copy()
    affine[:3, 3] = reference.to_world_mm(first)
    x, y, z = (last - first + 1).tolist()
    return replace(reference, affine=affine, shape=(x, y, z))


def main_axis(grid: Geometry, stations: Sequence[Geometry]) -> int:
    """The axis of a grid along which stations follow each other; of one station its longest."""
    if len(stations) == 1:
        return int(np.argmax(np.array(stations[0].shape) * stations[0].spacing_mm))
    centres = [grid.to_index(station.to_world_mm((np.array(station.shape) - 1) / 2)) for station in stations]
    return int(np.argmax(np.ptp(np.array(centres), axis=0) * grid.spacing_mm))


def place(station: Volume, grid: Geometry, axis: int) -> Placed:
    """A station on a grid, by linear interpolation; exact where both have the same voxel centres.

    Args:
        station: signal, float32.
        grid: of any direction.
        axis: of the grid, along which stations follow each other.
    """
    first, last = _span(grid, station.geometry)
    start, stop = np.clip(first, 0, grid.shape), np.clip(last + 1, 0, grid.shape)
    x, y, z = (slice(*ends) for ends in zip(start.tolist(), stop.tolist(), strict=True))
    to_station = np.linalg.inv(station.geometry.affine) @ grid.affine
    offset = to_station[:3, :3] @ start + to_station[:3, 3]
    mapping = _snapped(to_station[:3, :3], offset, stop - start)
    shape = tuple((stop - start).tolist())
    return Placed(
        (x, y, z), _resampled(station.array, mapping, shape), _inside_mm(station.geometry, mapping, shape, axis)
    )


def _span(grid: Geometry, other: Geometry) -> tuple[Array, Array]:
    """First and last index of the grid whose voxel centres lie between the outer faces of the other one."""
    faces = np.array(list(product(*[(-0.5, count - 0.5) for count in other.shape])))
    indices = grid.to_index(other.to_world_mm(faces))
    first = np.ceil(indices.min(axis=0) - SAME_LATTICE_VOXELS).astype(int)
    return first, np.floor(indices.max(axis=0) + SAME_LATTICE_VOXELS).astype(int)


def _snapped(matrix: Float64Array, offset: Float64Array, shape: Array) -> _Mapping:
    """The map in whole numbers, where it is one up to rounding in the headers."""
    whole_matrix, whole_offset = np.rint(matrix), np.rint(offset)
    drift = np.abs(matrix - whole_matrix) @ shape + np.abs(offset - whole_offset)
    return (whole_matrix, whole_offset) if drift.max() <= SAME_LATTICE_VOXELS else (matrix, offset)


def _resampled(array: Array, mapping: _Mapping, shape: tuple[int, ...]) -> Array:
    matrix, offset = mapping
    start = np.rint(offset).astype(int)
    if np.array_equal(matrix, np.eye(3)) and np.array_equal(offset, start) and (start >= 0).all():
        part = array[tuple(slice(low, low + count) for low, count in zip(start, shape, strict=True))]
        if part.shape == shape:
            return part
    # Voxels reach past the outermost centres: "nearest" continues them to the faces.
    resampled: Array = ndimage.affine_transform(array, matrix, offset, output_shape=shape, order=1, mode="nearest")
    return resampled


def _inside_mm(station: Geometry, mapping: _Mapping, shape: tuple[int, ...], axis: int) -> Array:
    own_axis = int(np.argmax(np.abs(mapping[0][:, axis] * station.spacing_mm)))
    inside: Array = np.ones((1, 1, 1), dtype=bool)
    for each, count in enumerate(station.shape):
        index = _index_along(mapping, each, shape)
        to_face = np.minimum(index, count - 1 - index) + 0.5
        inside = inside & (to_face >= -SAME_LATTICE_VOXELS)
        if each == own_axis:
            distance = np.maximum(to_face, SAME_LATTICE_VOXELS) * station.spacing_mm[each]
    inside_mm: Array = np.where(inside, distance, 0).astype(np.float32)
    return inside_mm


def _index_along(mapping: _Mapping, axis: int, shape: tuple[int, ...]) -> Float64Array:
    """Index along one axis of the station; of shape (1, 1, n) and the like where grids share their directions."""
    matrix, offset = mapping
    index = np.full((1, 1, 1), offset[axis])
    for each, count in enumerate(shape):
        if abs(matrix[axis, each]) * count > SAME_LATTICE_VOXELS / 10:
            steps = [1, 1, 1]
            steps[each] = count
            index = index + (matrix[axis, each] * np.arange(count)).reshape(steps)
    return index
