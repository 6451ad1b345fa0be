"""From the model grid back to the scan's: linearly, in small blocks, and only in those that hold something.

A block of the scan's grid needs the few model voxels about it only. Most blocks are empty, or hold one class: so the
cost grows with the outlines and not with the classes, and no array of the scan's size is needed but the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.preprocess.resample import scale_and_offset
from crmo_seg.volume import Array, Geometry

RESTORE_FLOOR: Final = 0.01
"""Probability below which nothing is shown or counted."""

_BLOCK_VOXELS: Final = 32
_SAME_POSITION: Final = 1e-6  # of a voxel: more than the rounding of an affine, less than what float32 shows
_ROUNDING: Final = 1 - 1e-6  # a weighted mean of float32 may come out this little above its largest value

Float32Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LinearAxis:
    """Linear interpolation along one axis.

    Attributes:
        below: for each target index, the source index before it.
        above: the one after it, or the same at the end.
        weight: of ``above``, 0 to below 1; float32.
    """

    below: NDArray[np.intp]
    above: NDArray[np.intp]
    weight: Float32Array

    @classmethod
    def between(cls, sources: int, targets: int, scale: float, offset: float) -> LinearAxis:
        """Of so many source and target voxels; source index = scale * target index + offset.

        Past the outermost centres the outermost value goes on.

        >>> axis = LinearAxis.between(2, 4, 0.5, -0.25)
        >>> axis.below.tolist(), axis.above.tolist(), axis.weight.tolist()
        ([0, 0, 0, 1], [1, 1, 1, 1], [0.0, 0.25, 0.75, 0.0])
        """
        position = np.clip(scale * np.arange(targets) + offset, 0, sources - 1)
        whole = np.round(position)
        position = np.where(np.abs(position - whole) < _SAME_POSITION, whole, position)
        below = np.floor(position).astype(np.intp)
        return cls(below, np.minimum(below + 1, sources - 1), (position - below).astype(np.float32))

    def parts(self, voxels: int) -> Iterator[_AxisPart]:
        """Pieces of so many target voxels, each with the source voxels that it needs."""
        for start in range(0, len(self.below), voxels):
            at = slice(start, min(start + voxels, len(self.below)))
            first, last = int(self.below[at][0]), int(self.above[at][-1])
            piece = LinearAxis(self.below[at] - first, self.above[at] - first, self.weight[at])
            yield _AxisPart(at, slice(first, last + 1), piece)


@dataclass(frozen=True, eq=False)
class _AxisPart:
    target: slice
    source: slice
    axis: LinearAxis


LinearAxes: TypeAlias = tuple[LinearAxis, LinearAxis, LinearAxis]
_Box: TypeAlias = tuple[slice, slice, slice]


def linear_axes(source: Geometry, target: Geometry) -> LinearAxes:
    """Interpolation from ``source`` to ``target``, a grid of the same directions."""
    scale, offset = scale_and_offset(source, target)
    x, y, z = (
        LinearAxis.between(source.shape[axis], target.shape[axis], float(scale[axis]), float(offset[axis]))
        for axis in range(3)
    )
    return x, y, z


def restore_signal(array: Float32Array, axes: LinearAxes, out: Float32Array, floor: float | None = None) -> None:
    """Interpolate into ``out``, which holds zeros; with a floor only where values of it or more have a part.

    Args:
        array: (X, Y, Z) on the model grid.
        axes: from the model grid to that of ``out``.
        out: written to; may be a view with other strides.
        floor: None for everywhere.
    """
    for target, source, piece in _blocks(axes):
        block = array[source]
        if floor is None or block.max() >= floor * _ROUNDING:
            out[target] = _interpolated(block, piece)


def restore_classes(labels: Array, axes: LinearAxes, out: Array) -> None:
    """Write the label with the largest share of each voxel into ``out``, which holds zeros; ties go to the lowest.

    Args:
        labels: (X, Y, Z) on the model grid.
        axes: from the model grid to that of ``out``.
        out: written to; may be a view with other strides.
    """
    for target, source, piece in _blocks(axes):
        block = labels[source]
        values = np.unique(block)
        if len(values) > 1:
            out[target] = _largest_share(block, values, piece)
        elif values[0]:
            out[target] = values[0]


def _blocks(axes: LinearAxes) -> Iterator[tuple[_Box, _Box, LinearAxes]]:
    """Target voxels, the source voxels that they need, and how to interpolate these."""
    for x, y, z in product(*(tuple(axis.parts(_BLOCK_VOXELS)) for axis in axes)):
        yield (x.target, y.target, z.target), (x.source, y.source, z.source), (x.axis, y.axis, z.axis)


def _interpolated(block: Float32Array, axes: LinearAxes) -> Float32Array:
    for number, axis in enumerate(axes):
        block = _along(block, number, axis)
    return block


def _along(block: Float32Array, number: int, axis: LinearAxis) -> Float32Array:
    below = block.take(axis.below, number)
    if axis.weight.any():
        step = block.take(axis.above, number)
        step -= below
        step *= np.expand_dims(axis.weight, tuple(other for other in range(3) if other != number))
        below += step
    return below


def _largest_share(block: Array, values: Array, axes: LinearAxes) -> Array:
    best = np.full([len(axis.below) for axis in axes], values[0])
    best_share = _interpolated((block == values[0]).astype(np.float32), axes)
    for value in values[1:]:
        share = _interpolated((block == value).astype(np.float32), axes)
        np.copyto(best, value, where=share > best_share)
        np.maximum(best_share, share, out=best_share)
    return best
