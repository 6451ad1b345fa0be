"""The rows of a sliding window that are still open: sums of weighted probabilities, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

from crmo_seg.inference.layout import WindowLayout, box_at, with_axis
from crmo_seg.inference.windows import Float32Array, gaussian_weight
from crmo_seg.plan import Head, Triple
from crmo_seg.volume import Array


class Slab:
    """As many rows along the long axis as a window is long, over the cross-section of all windows.

    Windows come in the order of the layout. Rows that no later window touches are closed: heads of one channel become
    the weighted mean of their probabilities, heads of more the class with the largest.

    Args:
        layout: where the windows lie.
        heads: what each window is predicted for.
        results: head -> (X, Y, Z), zeros, where closed rows are written; float32 for heads of one channel, else uint8.
    """

    def __init__(self, layout: WindowLayout, heads: Sequence[Head], results: Mapping[str, Array]) -> None:
        self._window = layout.window
        self._axis = layout.long_axis
        self._results = results
        self._first, shape = _place(layout)
        self._weight = gaussian_weight(layout.window)
        self._weighted = np.empty_like(self._weight)
        self._total = np.zeros(shape, dtype=np.float32)
        self._sums = {head.name: np.zeros((head.channels, *shape), dtype=np.float32) for head in heads}

    def add(self, outputs: Mapping[str, Float32Array], start: Triple, mirrored_axes: tuple[int, ...] = ()) -> None:
        """One pass over a window.

        Args:
            outputs: head -> probabilities (1, channel, x, y, z) of the mirrored window.
            start: first voxel of the window; no earlier along the long axis than that of the window before.
            mirrored_axes: along which the window was mirrored. The weight is the same, mirrored or not.
        """
        self._close_rows_before(start[self._axis])
        x, y, z = (voxel - first for voxel, first in zip(start, self._first, strict=True))
        box = box_at((x, y, z), self._window)
        self._total[box] += self._weight
        for head, sums in self._sums.items():
            upright = np.flip(outputs[head][0], tuple(axis + 1 for axis in mirrored_axes))
            for probability, channel in zip(upright, sums, strict=True):
                np.multiply(probability, self._weight, out=self._weighted)
                open_voxels = channel[box]
                np.add(open_voxels, self._weighted, out=open_voxels)

    def close(self) -> None:
        """Write the rows that are still open; the slab is used up."""
        self._write_rows(self._total.shape[self._axis])

    def _close_rows_before(self, row: int) -> None:
        count = min(row - self._first[self._axis], self._total.shape[self._axis])
        if count == 0:
            return
        self._write_rows(count)
        for array in self._arrays():
            _advance(array, self._axis, count)
        self._first = with_axis(self._first, self._axis, row)

    def _arrays(self) -> Iterator[Float32Array]:
        yield self._total
        for sums in self._sums.values():
            yield from sums

    def _write_rows(self, count: int) -> None:
        width, height, depth = self._total.shape
        box = box_at(self._first, with_axis((width, height, depth), self._axis, count))
        for head, sums in self._sums.items():
            part = self._results[head][box]  # shorter than the slab where that reaches past the image
            inside = tuple(slice(0, size) for size in part.shape)
            if len(sums) == 1:
                total = self._total[inside]
                np.divide(sums[0][inside], total, out=part, where=total > 0)
            else:
                largest_channel(sums[(slice(None), *inside)], out=part)


def largest_channel(channels: Float32Array, out: NDArray[np.uint8]) -> None:
    """The channel with the largest value of each voxel, the first of equal ones, without numpy's slow ``argmax``.

    Args:
        channels: (channel, X, Y, Z).
        out: (X, Y, Z), overwritten.

    >>> best = np.zeros((1, 1, 2), dtype=np.uint8)
    >>> largest_channel(np.array([[[[0.2, 0.5]]], [[[0.2, 0.1]]], [[[0.6, 0.4]]]], dtype=np.float32), best)
    >>> best.tolist()
    [[[2, 0]]]
    """
    best = channels[0].copy()
    larger = np.empty(best.shape, dtype=np.bool_)
    out[...] = 0
    for index, channel in enumerate(channels[1:], 1):
        np.greater(channel, best, out=larger)
        if larger.any():
            np.copyto(out, np.uint8(index), where=larger)
            np.maximum(best, channel, out=best)


def _place(layout: WindowLayout) -> tuple[Triple, Triple]:
    """First voxel and shape of the slab before its first row of windows."""
    spans = [_span(layout, axis) for axis in range(3)]
    (x, width), (y, height), (z, depth) = spans
    return (x, y, z), (width, height, depth)


def _span(layout: WindowLayout, axis: int) -> tuple[int, int]:
    starts = [start[axis] for start in layout.starts] or [0]
    side = layout.window[axis]
    return min(starts), side if axis == layout.long_axis else max(starts) + side - min(starts)


def _advance(array: Float32Array, axis: int, count: int) -> None:
    """Drop the first rows of one channel, in place, and append as many zeros."""
    kept = array.shape[axis] - count
    array[_rows(axis, 0, kept)] = array[_rows(axis, count, None)]
    array[_rows(axis, kept, None)] = 0


def _rows(axis: int, first: int, stop: int | None) -> tuple[EllipsisType | slice, ...]:
    return (slice(None),) * axis + (slice(first, stop), ...)
