"""Boxes of voxels of many solids at once, as arrays of indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.phantom.solids.formulas import Coordinates, Vector

Whole: TypeAlias = NDArray[np.int64]
Box: TypeAlias = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of voxels of a grid, one for each of n solids.

    Attributes:
        start: (n, 3) index of the first voxel along x, y and z.
        stop: (n, 3) index after the last one; that of the first one in empty boxes.
    """

    start: Whole
    stop: Whole

    def chosen(self, indices: Sequence[int] | Whole) -> Boxes:
        """Some of them."""
        return Boxes(self.start[indices], self.stop[indices])

    def slices(self) -> list[Box]:
        """Of each box, for indexing."""
        return [
            (slice(a, d), slice(b, e), slice(c, f))
            for (a, b, c), (d, e, f) in zip(self.start.tolist(), self.stop.tolist(), strict=True)
        ]

    @property
    def voxels(self) -> Whole:
        """Of each box, (n,)."""
        voxels: Whole = (self.stop - self.start).prod(axis=1)
        return voxels

    def within(self, others: Boxes) -> Boxes:
        """The part of each that lies in another one, box by box."""
        start = np.minimum(np.maximum(self.start, others.start), others.stop)
        return Boxes(start, np.maximum(np.minimum(self.stop, others.stop), start))

    def around(self, counts: Sequence[int]) -> Boxes:
        """One around each run of so many boxes; no run is empty."""
        firsts = np.cumsum([0, *counts[:-1]])
        return Boxes(np.minimum.reduceat(self.start, firsts), np.maximum.reduceat(self.stop, firsts))

    def coordinates(self, axes: Coordinates) -> Coordinates:
        """Of the voxels of all boxes one after another, (voxels,) each, from those along the axes of the grid."""
        counts, (_, wide, deep) = self.voxels, (self.stop - self.start).T
        ends = np.cumsum(counts)
        index = np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
        index, k = np.divmod(index, np.repeat(deep, counts))
        i, j = np.divmod(index, np.repeat(wide, counts))
        x, y, z = (
            axis[at + np.repeat(start, counts)] for axis, at, start in zip(axes, (i, j, k), self.start.T, strict=True)
        )
        return x, y, z


def boxes_of(bounds: Vector, margin_mm: Vector, origin: Vector, spacing_mm: Vector) -> Boxes:
    """Voxels, there or not, whose centres lie within bounds widened by margins.

    Args:
        bounds: (n, 2, 3) lowest and highest corners, mm.
        margin_mm: (n,).
        origin: (3,) centre of the first voxel of the grid.
        spacing_mm: (3,) of the voxels.

    >>> one = boxes_of(np.array([[[0.0, 0, 0], [4, 4, 4]]]), np.ones(1), np.zeros(3), np.array([1.0, 2, 10]))
    >>> one.start.tolist(), one.stop.tolist()
    ([[-1, 0, 0]], [[6, 3, 1]])
    """
    margin = margin_mm[:, None]
    start = np.ceil((bounds[:, 0] - margin - origin) / spacing_mm).astype(np.int64)
    return Boxes(start, np.floor((bounds[:, 1] + margin - origin) / spacing_mm).astype(np.int64) + 1)
