"""From solids to voxels: evaluates distances in the box of each solid only, and paints them softly.

Grids are axis-aligned RAS+: array axes (X, Y, Z) = (right, anterior, superior). One of them, the thick axis, may be
much coarser than the other two: Y of coronal slices, X of sagittal ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

import numpy as np

from crmo_seg.phantom.solids.boxes import Box as Box
from crmo_seg.phantom.solids.boxes import Boxes, boxes_of
from crmo_seg.phantom.solids.many import small_distances
from crmo_seg.phantom.solids.shapes import Bounds, FloatArray, Shape, Vector, smooth_minimum
from crmo_seg.volume import Geometry

FAR_MM: Final = 1000.0
"""Distance given where no part of a solid was evaluated."""
_NOTHING: Final[FloatArray] = np.zeros((0, 0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxel centres of an axis-aligned RAS+ geometry."""

    geometry: Geometry

    @cached_property
    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """World coordinates of the voxel centres along x, y and z, mm."""
        origin, spacing = self.geometry.affine[:3, 3], self.geometry.spacing_mm
        x, y, z = (
            (first + step * np.arange(n)).astype(np.float32)
            for first, step, n in zip(origin, spacing, self.geometry.shape, strict=True)
        )
        return x, y, z

    @cached_property
    def _rows(self) -> tuple[tuple[float, float, int], ...]:
        """First coordinate, step and count along each axis."""
        geometry = self.geometry
        return tuple(zip(geometry.affine[:3, 3].tolist(), geometry.spacing_mm, geometry.shape, strict=True))

    @cached_property
    def margin_mm(self) -> float:
        """How far a voxel whose centre lies outside a solid can still hold some of it."""
        return float(np.linalg.norm(self.geometry.spacing_mm) / 2)

    def box(self, bounds: Bounds, margin_mm: float) -> Box:
        """Voxels whose centres lie within the bounds, widened by a margin; may be empty."""
        low, high = bounds[0].tolist(), bounds[1].tolist()
        x, y, z = (
            _inside(math.ceil((a - margin_mm - first) / step), math.floor((b + margin_mm - first) / step) + 1, n)
            for a, b, (first, step, n) in zip(low, high, self._rows, strict=True)
        )
        return x, y, z

    @cached_property
    def whole(self) -> Boxes:
        """The box of all voxels, once."""
        return Boxes(np.zeros((1, 3), np.int64), np.array([self.geometry.shape]))

    def boxes(self, groups: Sequence[tuple[Sequence[Shape], float]]) -> Boxes:
        """``box`` of each solid of some groups widened by a margin of its group; not cut off at the end of the grid."""
        bounds = np.array([solid.bounds() for solids, _ in groups for solid in solids]).reshape(-1, 2, 3)
        margins = np.repeat([self.margin_mm + margin for _, margin in groups], [len(solids) for solids, _ in groups])
        return boxes_of(bounds, margins, self.geometry.affine[:3, 3], np.array(self.geometry.spacing_mm))

    def open_axes(self, box: Box) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Coordinates within a box, shaped (X, 1, 1), (1, Y, 1), (1, 1, Z)."""
        x, y, z = (axis[part] for axis, part in zip(self.axes, box, strict=True))
        return x[:, None, None], y[None, :, None], z[None, None, :]


@dataclass(frozen=True, eq=False)
class Patch:
    """Signed distance in a box of the grid, shape (X, Y, Z) of the box, mm."""

    box: Box
    distance_mm: FloatArray

    def part(self, box: Box) -> FloatArray:
        """The values in a box inside this one, a view."""
        x, y, z = box
        i, j, k = (own.start for own in self.box)
        return self.distance_mm[x.start - i : x.stop - i, y.start - j : y.stop - j, z.start - k : z.stop - k]


@dataclass(frozen=True, eq=False)
class Union:
    """Solids that make one, less others.

    Attributes:
        shapes: one or more.
        blend_mm: creases between the shapes are filled over this length.
        holes: cut out.
        reach_mm: how far outside distances are wanted.
    """

    shapes: Sequence[Shape]
    blend_mm: float = 0.0
    holes: Sequence[Shape] = ()
    reach_mm: float = 0.0


def grid_around(bounds: Bounds, spacing_mm: tuple[float, float, float], margin_mm: float) -> Grid:
    """The smallest grid of a spacing that holds the bounds and a margin of air."""
    spacing: Vector = np.array(spacing_mm)
    size = bounds[1] - bounds[0] + 2 * margin_mm
    shape = np.ceil(size / spacing).astype(int)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (bounds[0] + bounds[1]) / 2 - (shape - 1) * spacing / 2
    return Grid(Geometry(affine, (int(shape[0]), int(shape[1]), int(shape[2]))))


def bounds_of(shapes: Sequence[Shape]) -> Bounds:
    """The box around several solids, mm."""
    boxes = [shape.bounds() for shape in shapes]
    return np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)


def rasterise(
    grid: Grid, shapes: Sequence[Shape], *, blend_mm: float = 0.0, holes: Sequence[Shape] = (), reach_mm: float = 0.0
) -> Patch:
    """Distance of the union of shapes less the holes; ``FAR_MM`` beyond the reach of every shape and a voxel more."""
    return next(rasterise_all(grid, [Union(shapes, blend_mm, holes, reach_mm)]))


def rasterise_all(grid: Grid, unions: Sequence[Union]) -> Iterator[Patch]:
    """The same for many unions, one after another; their small solids are evaluated together."""
    boxes = grid.boxes([(one.shapes, one.blend_mm + one.reach_mm) for one in unions])
    frames = boxes.around([len(one.shapes) for one in unions]).within(grid.whole)
    shapes = _pieces(grid, [one.shapes for one in unions], boxes, frames)
    hole_boxes = grid.boxes([(one.holes, one.reach_mm) for one in unions])
    holes = _pieces(grid, [one.holes for one in unions], hole_boxes, frames)
    for one, frame in zip(unions, frames.slices(), strict=True):
        patch = _empty_patch(frame)
        for box, distance in islice(shapes, len(one.shapes)):
            _unite(patch, box, distance, one.blend_mm)
        for box, distance in islice(holes, len(one.holes)):
            _cut(patch, box, distance)
        yield patch


def rasterise_layers(
    grid: Grid, shapes: Sequence[Shape], insets_mm: Sequence[float], *, blend_mm: float
) -> tuple[Patch, Patch]:
    """Distance of the union of shapes, and of the union of the same shapes each shrunk by its inset."""
    boxes = grid.boxes([(shapes, blend_mm)])
    frame = boxes.around([len(shapes)]).within(grid.whole)
    outer, inner = (_empty_patch(box) for box in frame.slices() * 2)
    for (box, distance), inset_mm in zip(_pieces(grid, [shapes], boxes, frame), insets_mm, strict=True):
        _unite(outer, box, distance, blend_mm)
        _unite(inner, box, distance + np.float32(inset_mm), blend_mm)
    return outer, inner


def overlap(box: Box, patch: Patch) -> tuple[Box, FloatArray]:
    """The part of a box that lies in a patch, in grid indices, and the patch's own values there (a view)."""
    x, y, z = (
        slice(low := min(max(a.start, b.start), b.stop), max(min(a.stop, b.stop), low))
        for a, b in zip(box, patch.box, strict=True)
    )
    return (x, y, z), patch.part((x, y, z))


def occupied_fraction(distance_mm: FloatArray, spacing_mm: tuple[float, float, float]) -> FloatArray:
    """Share of each voxel inside the solid, 0 to 1, from the distance at the centres.

    A voxel is as wide as it reaches along the normal of the surface; the slope along the thick axis tells how far that
    axis counts, so that a slanting surface is blurred through the slice as in a real scan.

    >>> occupied_fraction(np.float32([[[-2.0, -0.25, 2.0]]]), (1.0, 6.0, 1.0)).tolist()
    [[[1.0, 0.75, 0.0]]]
    """
    thick, width = int(np.argmax(spacing_mm)), min(spacing_mm)
    fraction: FloatArray = distance_mm * np.float32(-1 / width)
    if distance_mm.shape[thick] > 2:
        before, middle, after = (_along(thick, part) for part in (slice(None, -2), slice(1, -1), slice(2, None)))
        rise = distance_mm[after] - distance_mm[before]
        rise *= np.float32(0.5)
        np.square(rise, out=rise)
        np.minimum(rise, np.float32(spacing_mm[thick] ** 2), out=rise)
        rise += np.float32(width**2)
        np.sqrt(rise, out=rise)
        np.divide(distance_mm[middle], rise, out=rise)
        np.negative(rise, out=fraction[middle])
    fraction += np.float32(0.5)
    np.maximum(fraction, 0, out=fraction)
    return np.minimum(fraction, 1, out=fraction)


def paint(signal: FloatArray, fraction: FloatArray, value: float | FloatArray) -> None:
    """Mix ``value`` into ``signal`` by the fraction, in place."""
    change = value - signal
    change *= fraction
    signal += change


def _pieces(
    grid: Grid, groups: Sequence[Sequence[Shape]], boxes: Boxes, frames: Boxes
) -> Iterator[tuple[Box, FloatArray]]:
    """Box and distance of each solid in turn, within the frame of its group; empty where nothing of it lies there."""
    solids = [solid for group in groups for solid in group]
    boxes = boxes.within(frames.chosen(np.repeat(np.arange(len(groups)), [len(group) for group in groups])))
    small = small_distances(solids, boxes, grid.axes)
    for index, (solid, box, voxels) in enumerate(zip(solids, boxes.slices(), boxes.voxels.tolist(), strict=True)):
        if voxels == 0:
            yield box, _NOTHING
        else:
            yield box, small.pop(index) if index in small else solid.distance(*grid.open_axes(box))


def _unite(patch: Patch, box: Box, distance_mm: FloatArray, blend_mm: float) -> None:
    if distance_mm.size:
        view = patch.part(box)
        if blend_mm > 0:
            view[...] = smooth_minimum(view, distance_mm, blend_mm)
        else:
            np.minimum(view, distance_mm, out=view)


def _cut(patch: Patch, box: Box, distance_mm: FloatArray) -> None:
    if distance_mm.size:
        view = patch.part(box)
        np.maximum(view, -distance_mm, out=view)


def _empty_patch(box: Box) -> Patch:
    return Patch(box, np.full([part.stop - part.start for part in box], FAR_MM, dtype=np.float32))


def _along(axis: int, part: slice) -> Box:
    """The part along one axis, everything along the others."""
    x, y, z = (part if axis == i else slice(None) for i in range(3))
    return x, y, z


def _inside(first: int, stop: int, count: int) -> slice:
    """Indices from first to stop, as far as they exist."""
    low = min(max(first, 0), count)
    return slice(low, max(min(stop, count), low))
