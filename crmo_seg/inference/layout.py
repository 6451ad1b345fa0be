"""Where the windows of a study lie: over the body, not over the image. Needs numpy only.

The axis along which the body is longest in windows is walked in rows; each row spans the body only where the body is
in that row, and so on for the other two axes: no window between the legs. All windows of a study have one shape, so
that a backend may compile it once; it is chosen for the body so that little is computed twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.inference.windows import count_windows, window_starts
from crmo_seg.plan import Triple

Mask: TypeAlias = NDArray[np.bool_]
Box: TypeAlias = tuple[slice, slice, slice]
Run: TypeAlias = tuple[int, int]
"""First voxel of a part of an axis, and the one behind its last."""

FEWEST_STEPS = 2
"""A window is at least this many of the network's divisors long: its coarsest stage normalises over its voxels."""

_SIDES_TRIED = 4
"""Between the patch and the largest window."""


@dataclass(frozen=True)
class WindowLayout:
    """Where the windows of a study lie, on the model grid.

    Attributes:
        window: sides of each of them.
        long_axis: the axis that is walked in rows.
        starts: first voxel of each window, in order along ``long_axis``. Along an axis on which the image is shorter
            than the window, the window starts at 0 and reaches past the image.
    """

    window: Triple
    long_axis: int
    starts: tuple[Triple, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The voxels of each window."""
        return tuple(box_at(start, self.window) for start in self.starts)

    @property
    def voxels(self) -> int:
        """How many voxels a network computes for one pass over all windows."""
        return len(self.starts) * prod(self.window)


def box_at(start: Triple, window: Triple) -> Box:
    """The voxels of one window."""
    x, y, z = (slice(first, first + side) for first, side in zip(start, window, strict=True))
    return x, y, z


def with_axis(values: Triple, axis: int, value: int) -> Triple:
    """The same three values with another one for this axis."""
    x, y, z = (value if other == axis else kept for other, kept in enumerate(values))
    return x, y, z


def choose_window(body: Mask, patch: Triple, divisors: Triple, overlap: float, largest: float) -> Triple:
    """The one shape of all windows of a study: the one with the fewest voxels to compute.

    At least a patch: normalisation over a window's voxels would act differently in smaller ones than in training. Along
    an axis where the body is longer, up to ``largest`` patches, so that one a little longer is not covered twice.

    Args:
        body: (X, Y, Z).
        patch: a multiple of the divisors.
        divisors: a window must be a multiple of these.
        overlap: as for ``lay_windows``.
        largest: side of a window in patches, at most.

    >>> body = np.zeros((100, 12, 300), dtype=bool)
    >>> body[10:85, 2:11, :] = True  # 75 x 9 x 300 voxels
    >>> choose_window(body, (64, 16, 64), (8, 4, 8), 0.25, 1.5), choose_window(body, (64, 16, 64), (8, 4, 8), 0.25, 1.0)
    ((80, 16, 64), (64, 16, 64))
    """
    if not body.any():
        return patch
    extents = [stop - first for first, stop in body_extents(body)]
    sides = [_sides_to_try(*each, largest) for each in zip(extents, patch, divisors, strict=True)]
    # Shapes are compared on blocks of half a divisor, which every side is a multiple of.
    blocks = [divisor // 2 if divisor % 2 == 0 else divisor for divisor in divisors]
    coarse = _coarse(body, blocks)

    def cost(window: Triple) -> tuple[int, int]:
        x, y, z = (side // block for side, block in zip(window, blocks, strict=True))
        return lay_windows(coarse, (x, y, z), overlap).voxels, prod(window)

    return min(product(sides[0], sides[1], sides[2]), key=cost)


def body_extents(body: Mask) -> list[Run]:
    """First voxel and the one behind the last along each axis; (0, 0) where there is no body."""
    runs = [_runs(_profile(body, axis)) for axis in range(body.ndim)]
    return [(parts[0][0], parts[-1][1]) if parts else (0, 0) for parts in runs]


def lay_windows(body: Mask, window: Triple, overlap: float) -> WindowLayout:
    """Windows that cover every voxel of the body; none without any body.

    Args:
        body: (X, Y, Z); an image without any gets no window.
        window: sides of the windows.
        overlap: share of a window that neighbours have in common, at least, where no air is between them.
    """
    in_windows = [(stop - first) / side for (first, stop), side in zip(body_extents(body), window, strict=True)]
    axes = sorted(range(3), key=lambda axis: -in_windows[axis])
    everything = (slice(None), slice(None), slice(None))
    return WindowLayout(window, axes[0], tuple(_starts(body, everything, window, overlap, axes)))


def _starts(body: Mask, box: Box, window: Triple, overlap: float, axes: Sequence[int]) -> Iterator[Triple]:
    """Starts along the first of the axes, and for each of them, over what of the body is there, along the others."""
    if not axes:
        yield box[0].start, box[1].start, box[2].start
        return
    axis, *others = axes
    for start in _starts_along(_profile(body[box], axis), window[axis], overlap):
        narrower = list(box)
        narrower[axis] = slice(start, start + window[axis])
        yield from _starts(body, (narrower[0], narrower[1], narrower[2]), window, overlap, others)


def _starts_along(profile: Mask, side: int, overlap: float) -> list[int]:
    """Starts over the True parts of one axis, as few as possible."""
    starts: list[int] = []
    for first, stop in _joined(_runs(profile), side, overlap):
        spare = side - (stop - first)
        if spare >= 0:  # in the middle of a longer window, as far as the image goes
            starts.append(min(max(first - spare // 2, 0), max(len(profile) - side, 0)))
        else:
            starts += [first + start for start in window_starts(stop - first, side, overlap)]
    return starts


def _joined(runs: Sequence[Run], side: int, overlap: float) -> list[Run]:
    """Neighbouring runs joined to parts, air between them included, where that takes no more windows.

    >>> _joined([(0, 4), (5, 8), (30, 40)], 10, 0.25)
    [(0, 8), (30, 40)]
    """
    best: list[tuple[int, list[Run]]] = [(0, [])]  # of the runs from the last one back: windows, parts
    for index in reversed(range(len(runs))):
        options = []
        for taken, (windows, parts) in enumerate(reversed(best)):
            part = (runs[index][0], runs[index + taken][1])
            options.append((windows + count_windows(part[1] - part[0], side, overlap), [part, *parts]))
        best.append(min(options, key=lambda option: (option[0], len(option[1]))))
    return best[-1][1]


def _sides_to_try(extent: int, patch: int, divisor: int, largest: float) -> list[int]:
    covering = max(-(-extent // divisor) * divisor, patch)
    longest = max(int(patch * largest) // divisor * divisor, patch)
    step = -(-(longest - patch) // (_SIDES_TRIED * divisor)) * divisor
    sides = {*range(patch, longest + 1, step or divisor), covering}
    return sorted(side for side in sides if side <= min(covering, longest))


def _coarse(body: Mask, blocks: Sequence[int]) -> Mask:
    """Whether a block holds any body."""
    for axis, block in enumerate(blocks):
        firsts = np.arange(0, body.shape[axis], block)
        body = np.logical_or.reduceat(body, firsts, axis=axis)
    return body


def _profile(body: Mask, axis: int) -> Mask:
    inside: Mask = np.logical_or.reduce(body, axis=tuple(other for other in range(body.ndim) if other != axis))
    return inside


def _runs(profile: Mask) -> list[Run]:
    """The True parts of one axis.

    >>> _runs(np.array([True, True, False, False, True]))
    [(0, 2), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(profile.astype(np.int8), prepend=0, append=0)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
