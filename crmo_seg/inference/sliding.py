"""The windows of a study run one after the other and put together in a slab. Needs numpy only.

Beside the image and one array for each head, memory is classes x window length x cross-section of the body; it does
not grow with the body's length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmo_seg.errors import InputError
from crmo_seg.inference.layout import (
    FEWEST_STEPS,
    Mask,
    WindowLayout,
    box_at,
    choose_window,
    lay_windows,
    with_axis,
)
from crmo_seg.inference.modes import Mode
from crmo_seg.inference.slab import Slab
from crmo_seg.inference.windows import Float32Array, RunWindow, pad_with_air, windows_without_body
from crmo_seg.plan import Head, Plan, Triple
from crmo_seg.volume import Array

OnWindow = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class WindowOutputs:
    """What the network says of a study, on the model grid.

    Attributes:
        probabilities: heads of one channel: (X, Y, Z) float32, 0 where no window was.
        classes: heads of more: (X, Y, Z) uint8, the most probable class, 0 where no window was.
        windows_run: windows that the network saw, each ``Mode.passes`` times.
        windows_in_all: windows of the same shape that the whole image, air included, would have taken.
        window: sides of the windows as run, smaller than planned where memory was short.
    """

    probabilities: Mapping[str, Float32Array]
    classes: Mapping[str, NDArray[np.uint8]]
    windows_run: int
    windows_in_all: int
    window: Triple


def predict_windows(
    image: Float32Array, body: Mask, run: RunWindow, plan: Plan, mode: Mode, on_window: OnWindow | None = None
) -> WindowOutputs:
    """Run the windows of a study; where memory does not suffice, again with smaller ones.

    Args:
        image: (sequence, X, Y, Z), normalised, on the model grid.
        body: (X, Y, Z); every voxel of it is predicted.
        run: the network; a ``MemoryError`` of it halves the window.
        plan: patch, divisors and heads.
        mode: overlap and mirroring.
        on_window: called with windows done and windows in all; starts again at 1 when the window was halved.

    Raises:
        InputError: where memory does not even suffice for the smallest window.
    """
    window = choose_window(body, plan.patch, plan.network.divisors, mode.overlap, mode.largest_window)
    while True:
        layout = lay_windows(body, window, mode.overlap)
        with suppress(MemoryError):
            return _run_layout(image, run, plan.heads, mode, layout, on_window)
        # Not in an except clause: there the traceback would keep the arrays of the failed run alive.
        window = smaller_window(window, plan.network.divisors)


def smaller_window(window: Triple, divisors: Triple) -> Triple:
    """The window with its longest side halved, rounded up to a divisor.

    Raises:
        InputError: where every side is as short as a network allows.

    >>> smaller_window((96, 128, 24), (16, 16, 4)), smaller_window((32, 32, 24), (16, 16, 4))
    ((96, 64, 24), (32, 32, 12))
    """
    for axis in sorted(range(3), key=lambda axis: -window[axis]):
        step = divisors[axis]
        half = max(-(-window[axis] // (2 * step)), FEWEST_STEPS) * step
        if half < window[axis]:
            return with_axis(window, axis, half)
    problem = "is the smallest that the model can run, and memory does not suffice for it"
    remedy = "close other programs, choose --device cpu where this was a GPU, or take a machine with more memory"
    raise InputError(f"a window of {' x '.join(map(str, window))} voxels", problem, remedy)


def _run_layout(
    image: Float32Array,
    run: RunWindow,
    heads: tuple[Head, ...],
    mode: Mode,
    layout: WindowLayout,
    on_window: OnWindow | None,
) -> WindowOutputs:
    results: dict[str, Array] = {
        head.name: np.zeros(image.shape[1:], np.float32 if head.channels == 1 else np.uint8) for head in heads
    }
    slab = Slab(layout, heads, results)
    padded = pad_with_air(image, layout.window)
    for done, start in enumerate(layout.starts, 1):
        part = padded[(slice(None), *box_at(start, layout.window))]
        for axes in mode.mirrored_axes:
            slab.add(run(_mirrored(part, axes)), start, axes)
        if on_window is not None:
            on_window(done, len(layout.starts))
    slab.close()
    return WindowOutputs(
        probabilities={head.name: results[head.name] for head in heads if head.channels == 1},
        classes={head.name: results[head.name] for head in heads if head.channels > 1},
        windows_run=len(layout.starts),
        windows_in_all=windows_without_body(image.shape[1:], layout.window, mode.overlap),
        window=layout.window,
    )


def _mirrored(part: Float32Array, axes: tuple[int, ...]) -> Float32Array:
    """A window (sequence, x, y, z) as the network takes it: (1, sequence, x, y, z), contiguous."""
    return np.ascontiguousarray(np.flip(part, tuple(axis + 1 for axis in axes)))[None]
