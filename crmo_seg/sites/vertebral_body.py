"""The body of one vertebra: the front, thick part of its mask, as columns along the spine from end plate to end plate.

A mask may hold the arch too, or the body alone. In the middle of the vertebra the spinal canal parts them: the body is
the first stretch of bone from the front. Beside the middle pedicles join the body, so that columns are taken from the
middle half of its width only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.volume import Array, Float64Array, Geometry, Volume

COLUMN_STEP_MM: Final = 1.0
"""Between columns, to the front and to the right."""
SAMPLE_STEP_MM: Final = 0.5
"""Along a column."""
FRONT_PART_MM: Final = 8.0
"""So far behind the foremost voxels of a vertebra all is body, even in the neck of a small child."""
MIDDLE_SHARE: Final = 0.5
"""Of the half width of the body: columns further to the side are left out."""
WALL_SHARE: Final = 0.3
"""The same for the search of the walls, within the width of the canal."""
DEEPEST: Final = 1.5
"""Depth of a body over its width; what seems deeper runs on into the arch."""
SHALLOWEST_MM: Final = 4.0
"""A shorter stretch of bone from the front to the back is no body."""
LARGEST_MM: Final = 80.0
"""No body is so wide or high, whatever a mask says: columns reach no further."""


@dataclass(frozen=True, eq=False)
class Vertebra:
    """The largest piece of one vertebra, its holes filled.

    Attributes:
        label: its fine label.
        inside: its box with an empty voxel around, float32, shape (x, y, z).
        start: index in the scan of the box's first voxel, shape (3,).
        geometry: of the scan.
        points_mm: its voxels, RAS+ mm, shape (n, 3).
        at_border: which of them lie at the border of the scan, shape (n,).
    """

    label: int
    inside: NDArray[np.float32]
    start: NDArray[np.int64]
    geometry: Geometry
    points_mm: Float64Array
    at_border: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Columns:
    """A body in columns along the spine, in the middle of its width.

    Attributes:
        origin_mm: where height, depth and width are zero, RAS+ mm.
        axes: unit vectors up, to the front and to the right as rows, shape (3, 3).
        depths_mm: of the columns along the second axis, shape (d,).
        widths_mm: along the third axis, shape (w,); zero is the middle of the body.
        half_width_mm: of the body.
        lengths_mm: of bone in each column, shape (d, w).
        middles_mm: height of its middle; 0 without bone, shape (d, w).
        present: whether it meets any bone, shape (d, w).
    """

    origin_mm: Float64Array
    axes: Float64Array
    depths_mm: Float64Array
    widths_mm: Float64Array
    half_width_mm: float
    lengths_mm: Float64Array
    middles_mm: Float64Array
    present: NDArray[np.bool_]


def cut_out(labels: Volume, label: int, box: tuple[slice, ...]) -> Vertebra:
    """The largest piece of a label, by faces, edges and corners.

    Args:
        labels: fine labels.
        label: of the vertebra.
        box: that holds all its voxels.
    """
    pieces, count = ndimage.label(labels.array[box] == label, np.ones((3, 3, 3)))
    largest = int(np.bincount(pieces.ravel(), minlength=count + 1)[1:].argmax()) + 1
    outside, _ = ndimage.label(np.pad(pieces != largest, 1, constant_values=True))
    inside = outside != outside[0, 0, 0]
    start = np.array([part.start for part in box], dtype=np.int64) - 1
    indices = np.argwhere(inside) + start
    last = np.array(labels.array.shape) - 1
    at_border = ((indices == 0) | (indices == last)).any(axis=1)
    points = labels.geometry.to_world_mm(indices)
    return Vertebra(label, inside.astype(np.float32), start, labels.geometry, points, at_border)


def axes_along(up: Array) -> Float64Array:
    """Unit vectors up, to the patient's front at right angles to it, and to the right, as rows.

    >>> axes_along(np.array([0.0, 0.0, 2.0])).tolist()
    [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    up = np.asarray(up, dtype=np.float64) / np.linalg.norm(up)
    front = np.array([0.0, 1.0, 0.0]) - up[1] * up
    front /= max(float(np.linalg.norm(front)), 1e-9)
    return np.stack([up, front, np.cross(front, up)])


def width_of_voxel(geometry: Geometry, direction: Float64Array) -> float:
    """How far a voxel reaches along a direction, corner to corner, mm."""
    return float(np.abs(direction @ geometry.affine[:3, :3]).sum())


def way_through_voxel(geometry: Geometry, direction: Float64Array) -> float:
    """How far a line along a direction runs through a voxel, mm: the resolution of lengths along it.

    >>> way_through_voxel(Geometry(np.diag([1.5, 1.5, 6.0, 1.0]), (9, 9, 9)), np.array([0.0, 0.0, 1.0]))
    6.0
    """
    return float(1.0 / np.abs(np.linalg.inv(geometry.affine[:3, :3]) @ direction).max())


def front_part(vertebra: Vertebra, axes: Float64Array) -> NDArray[np.bool_]:
    """Voxels near the foremost ones, where there is no arch, shape (n,)."""
    depths = vertebra.points_mm @ axes[1]
    reach = max(FRONT_PART_MM, 1.5 * width_of_voxel(vertebra.geometry, axes[1]))
    chosen: NDArray[np.bool_] = depths >= np.percentile(depths, 99.5) - reach
    return chosen


def columns_of(vertebra: Vertebra, axes: Float64Array) -> Columns:
    """Columns through the middle of a vertebra, deep enough to leave its body at the back."""
    front = vertebra.points_mm[front_part(vertebra, axes)]
    low, high = np.percentile(front @ axes[2], (1, 99))
    half_width = min(float(high - low + width_of_voxel(vertebra.geometry, axes[2])), LARGEST_MM) / 2
    origin = front.mean(axis=0)
    origin = origin + ((low + high) / 2 - origin @ axes[2]) * axes[2]
    local = (vertebra.points_mm - origin) @ axes.T
    beyond_up, beyond_front = (width_of_voxel(vertebra.geometry, axis) / 2 + COLUMN_STEP_MM for axis in axes[:2])
    foremost = float(local[:, 1].max()) + beyond_front
    deepest = foremost - 2 * DEEPEST * half_width - 2 * beyond_front
    here = local[(local[:, 1] >= deepest) & (np.abs(local[:, 2]) <= half_width), 0]
    ends = np.clip([here.min(initial=0.0), here.max(initial=0.0)], -LARGEST_MM / 2, LARGEST_MM / 2)
    heights = np.arange(ends[0] - beyond_up, ends[1] + beyond_up, SAMPLE_STEP_MM)
    depths = np.arange(deepest, foremost + COLUMN_STEP_MM, COLUMN_STEP_MM)
    sides = max(round(MIDDLE_SHARE * half_width / COLUMN_STEP_MM), 1)
    widths = np.linspace(-MIDDLE_SHARE * half_width, MIDDLE_SHARE * half_width, 2 * sides + 1)
    samples = _sampled(vertebra, origin, axes, (heights, depths, widths))
    bone = samples.sum(axis=0)
    middles = np.tensordot(heights, samples, 1) / np.maximum(bone, 1e-6)
    present = samples.max(axis=0) >= 0.5
    return Columns(origin, axes, depths, widths, half_width, bone * SAMPLE_STEP_MM, middles, present)


def _sampled(
    vertebra: Vertebra,
    origin_mm: Float64Array,
    axes: Float64Array,
    grid_mm: tuple[Float64Array, Float64Array, Float64Array],
) -> Float64Array:
    """The mask between its voxels, linearly, so that the length of bone in a column is not a number of voxels."""
    steps = np.linalg.inv(vertebra.geometry.affine)[:3, :3] @ axes.T  # index per mm of height, depth, width
    first = vertebra.geometry.to_index(origin_mm) - vertebra.start
    up, front, right = (
        steps[:, axis][:, None, None, None] * along.reshape([-1 if axis == other else 1 for other in range(3)])
        for axis, along in enumerate(grid_mm)
    )
    found: Float64Array = ndimage.map_coordinates(
        vertebra.inside, first[:, None, None, None] + up + front + right, order=1, mode="constant", output=np.float64
    )
    return found


def walls_of(columns: Columns, voxel_mm: float) -> tuple[float, float] | None:
    """Depths of back and front wall; None where no body is seen, or its back wall is not.

    A column at a wall that cuts through voxels is half as long as those inside of it.

    Args:
        columns: of one vertebra.
        voxel_mm: from front to back.
    """
    middle = np.abs(columns.widths_mm) <= WALL_SHARE * columns.half_width_mm
    stretch = _first_stretch(columns.present[:, middle].mean(axis=1) >= 0.5)
    if stretch is None:
        return None
    here = slice(max(stretch.start - 1, 0), stretch.stop + 1)
    depths, lengths = columns.depths_mm[here], np.median(columns.lengths_mm[here, middle], axis=1)
    inner = (depths >= depths[0] + voxel_mm) & (depths <= depths[-1] - voxel_mm)
    usual = np.full(len(depths), lengths.max())
    if np.count_nonzero(inner) > 1:
        line = np.polyfit(depths[inner], lengths[inner], 1)
        usual = np.maximum(np.polyval(line, depths), 0.25 * lengths[inner].mean())
    back, front = _crossings(depths, lengths - usual / 2)
    return (back, front) if SHALLOWEST_MM <= front - back <= 2 * DEEPEST * columns.half_width_mm else None


def _first_stretch(bony: NDArray[np.bool_]) -> slice | None:
    """The foremost one that is no speck; depths grow to the front."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bony.astype(np.int8), [0]])))
    starts, stops = edges[::2], edges[1::2]
    long_enough = np.flatnonzero((stops - starts) * COLUMN_STEP_MM >= SHALLOWEST_MM)
    return slice(int(starts[long_enough[-1]]), int(stops[long_enough[-1]])) if len(long_enough) else None


def _crossings(places: Float64Array, values: Float64Array) -> tuple[float, float]:
    """Where values rise above zero for the first time and fall below it for the last."""
    above = np.flatnonzero(values > 0)
    if not len(above):
        return 0.0, 0.0
    low = _zero_between(places, values, int(above[0]) - 1, int(above[0]))
    return low, _zero_between(places, values, int(above[-1]) + 1, int(above[-1]))


def _zero_between(places: Float64Array, values: Float64Array, out: int, within: int) -> float:
    """Where values cross zero between a place without and one within; the latter where there is none without."""
    if not 0 <= out < len(places):
        return float(places[within])
    return float(np.interp(0.0, values[[out, within]], places[[out, within]]))
