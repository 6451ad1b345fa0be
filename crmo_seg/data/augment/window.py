"""Where a patch lies in a case: placed, turned and scaled before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import DTypeLike

from crmo_seg.data.augment.fields import smooth_field
from crmo_seg.plan import Plan, Triple
from crmo_seg.volume import Array, Float64Array

WINDOW: Final = "window"
"""The key of a patch's ``Window`` while it goes through the transforms."""

THICK_SLICES: Final = 3.0
"""Beyond this ratio patches are turned and scaled in plane only, as nnU-Net does (ANISO_THRESHOLD)."""


@dataclass(frozen=True, eq=False)
class Window:
    """Patch voxel ``i`` shows the case at voxel ``point + matrix @ (i - anchor)``, bent and flipped after that.

    Attributes:
        shape: voxels of the patch.
        anchor: voxel of the patch that shows ``point``, whatever the other attributes are.
        point: voxel of the case; a foreground voxel where the patch is to hold one.
        matrix: (3, 3), steps in the case for one step in the patch.
        slice_ratio: spacing of slices over spacing in plane.
        in_plane_only: whether slices are so thick that they are not mixed.
        control: None, or control points (3, a, b, c) of a smooth displacement in voxels of the case.
        bend: that displacement, (3, X, Y, Z), less the anchor's own; from ``settled``. In plane only, Z is 1.
        flips: axes that are mirrored.
    """

    shape: Triple
    anchor: Float64Array
    point: Float64Array
    matrix: Float64Array
    slice_ratio: float = 1.0
    in_plane_only: bool = False
    control: Array | None = None
    bend: Array | None = None
    flips: tuple[bool, bool, bool] = (False, False, False)

    @property
    def is_plain(self) -> bool:
        """Whether voxels are copied, not interpolated."""
        return self.control is None and np.array_equal(self.matrix, np.eye(3))

    @property
    def origin(self) -> Float64Array:
        """What the patch's first voxel shows, unless it is bent."""
        return self.point - self.matrix @ self.anchor

    def settled(self, case_shape: Sequence[int]) -> Window:
        """Shifted so that it looks past the border of the case as little as possible, and ready to cut.

        ``point`` stays in the patch. The borders of the patch before its rotation count. A plain window ends up inside
        a case that is large enough; where the case is smaller than the patch, it starts at the case's first voxel.
        """
        moved = replace(self, anchor=self._anchor_inside(case_shape))
        return moved if self.control is None else replace(moved, bend=moved._bend(self.control))

    def _anchor_inside(self, case_shape: Sequence[int]) -> Float64Array:
        stretch = np.linalg.norm(self.matrix, axis=0)
        half = (np.array(self.shape) - 1) / 2
        centre = self.point + self.matrix @ (half - self.anchor)
        highest = np.maximum(np.array(case_shape) - 1 - half * stretch, half * stretch)
        wanted = np.linalg.solve(self.matrix, np.clip(centre, half * stretch, highest) - centre)
        inside: Float64Array = np.round(np.clip(self.anchor - wanted, 0, np.array(self.shape) - 1))
        return inside

    def _bend(self, control: Array) -> Array:
        shape = (*self.shape[:2], 1) if self.in_plane_only else self.shape
        field = smooth_field(control, shape)
        x, y, z = (int(index) for index in self.anchor)
        return field - field[:, x, y, 0 if self.in_plane_only else z][:, None, None, None]


def slice_ratio(plan: Plan) -> float:
    """Spacing of slices over spacing in plane, for slices in the middle of the plan's range."""
    thin, thick = plan.grid.slice_spacing_range_mm
    return float(np.sqrt(thin * thick)) / plan.grid.in_plane_spacing_mm


def in_plane_only(plan: Plan) -> bool:
    """Whether slices are thick, or patches flat: nnU-Net's rule (``do_dummy_2d_data_aug``) and that of the spacing."""
    return max(slice_ratio(plan), max(plan.patch[:2]) / plan.patch[2]) > THICK_SLICES


def read_window(array: Array, start: Sequence[int], shape: Sequence[int], fill: Array, dtype: DTypeLike) -> Array:
    """A box of a case, read without the rest of it; what lies outside the case is filled.

    Args:
        array: (channel, X, Y, Z), may be a memory map; never written to.
        start: first voxel, may be negative.
        shape: voxels of the box.
        fill: value of each channel outside the case, (channel,).
        dtype: of the result.

    >>> case = np.arange(4).reshape(1, 4, 1, 1)
    >>> read_window(case, (2, 0, 0), (4, 1, 1), np.array([9]), np.uint8).ravel()
    array([2, 3, 9, 9], dtype=uint8)
    """
    low = [max(0, -first) for first in start]
    high = [min(side, size - first) for first, side, size in zip(start, shape, array.shape[1:], strict=True)]
    source = tuple(slice(max(0, first), max(0, first + stop)) for first, stop in zip(start, high, strict=True))
    if not any(low) and tuple(high) == tuple(shape):
        return np.array(array[:, *source], dtype=dtype, order="C")
    box = np.empty((len(array), *shape), dtype=dtype)
    box[:] = np.reshape(fill, (-1, 1, 1, 1))
    if all(stop > first for first, stop in zip(low, high, strict=True)):
        box[:, *(slice(first, stop) for first, stop in zip(low, high, strict=True))] = array[:, *source]
    return box
