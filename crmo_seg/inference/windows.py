"""The sliding window: where windows lie, how they are weighted, how they are put together. Needs numpy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.plan import Triple
from crmo_seg.preprocess import pad_to
from crmo_seg.volume import Array

Float32Array: TypeAlias = NDArray[np.float32]
RunWindow: TypeAlias = Callable[[Float32Array], Mapping[str, Float32Array]]
"""(1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z)."""

DEFAULT_OVERLAP = 0.25
GAUSSIAN_SIGMA = 1 / 8
"""Of the window's side, as in nnU-Net (doi:10.1038/s41592-020-01008-z)."""

_SMALLEST_WEIGHT = 1e-3


def window_starts(size: int, window: int, overlap: float) -> tuple[int, ...]:
    """Starts along one axis: evenly spread, the first and last window flush with the edges.

    >>> window_starts(10, 4, 0.5), window_starts(3, 4, 0.5)
    ((0, 2, 4, 6), (0,))
    """
    if size <= window:
        return (0,)
    stride = max(1.0, window * (1 - overlap))
    count = int(np.ceil((size - window) / stride - 1e-9)) + 1
    return tuple(int(start) for start in np.linspace(0, size - window, count).round())


def gaussian_weight(window: Triple) -> Float32Array:
    """Weight of a window's voxels, 1 in the middle, falling to the faces, where a network sees least context."""
    profiles = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n * GAUSSIAN_SIGMA)) ** 2) for n in window]
    weight = profiles[0][:, None, None] * profiles[1][None, :, None] * profiles[2][None, None, :]
    result: Float32Array = np.maximum(weight / weight.max(), _SMALLEST_WEIGHT).astype(np.float32)
    return result


def predict_windows(
    image: Float32Array,
    run: RunWindow,
    window: Triple,
    overlap: float = DEFAULT_OVERLAP,
    on_window: Callable[[int, int], None] | None = None,
) -> dict[str, Float32Array]:
    """Weighted mean of the windows' probabilities.

    Args:
        image: (sequence, X, Y, Z) on the model grid; where it is smaller than a window it is padded with air.
        run: the network.
        window: its sides.
        overlap: share of a window that neighbouring windows have in common, at least.
        on_window: called with windows done and windows in all.

    Returns:
        head -> (channel, X, Y, Z).
    """
    padded = pad_to(image, window, value=float(image.min()))
    weight = gaussian_weight(window)
    total = np.zeros(padded.shape[1:], dtype=np.float32)
    sums: dict[str, Float32Array] = {}
    boxes = _boxes(padded.shape[1:], window, overlap)
    for done, box in enumerate(boxes, 1):
        for head, probability in run(np.ascontiguousarray(padded[(slice(None), *box)])[None]).items():
            if head not in sums:
                sums[head] = np.zeros((probability.shape[1], *padded.shape[1:]), dtype=np.float32)
            sums[head][(slice(None), *box)] += probability[0] * weight
        total[box] += weight
        if on_window is not None:
            on_window(done, len(boxes))
    inside = tuple(slice(0, side) for side in image.shape[1:])
    return {head: _mean(part, total)[(slice(None), *inside)] for head, part in sums.items()}


def _mean(part: Float32Array, total: Float32Array) -> Float32Array:
    part /= total
    return part


def _boxes(shape: tuple[int, ...], window: Triple, overlap: float) -> list[tuple[slice, slice, slice]]:
    starts = [window_starts(size, side, overlap) for size, side in zip(shape, window, strict=True)]
    return [(slice(x, x + window[0]), slice(y, y + window[1]), slice(z, z + window[2])) for x, y, z in product(*starts)]


def classes_of(probability: Array) -> NDArray[np.uint8]:
    """(channel, X, Y, Z) of a softmax head -> the most probable class of each voxel, 0 is background."""
    classes: NDArray[np.uint8] = probability.argmax(axis=0).astype(np.uint8)
    return classes
