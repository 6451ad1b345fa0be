"""The sliding window: windows along one axis, how they are weighted, how an image is padded. Needs numpy only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import ceil, prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.plan import Triple
from crmo_seg.volume import Array

Float32Array: TypeAlias = NDArray[np.float32]
RunWindow: TypeAlias = Callable[[Float32Array], Mapping[str, Float32Array]]
"""(1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z)."""

GAUSSIAN_SIGMA = 1 / 8
"""Of the window's side, as in nnU-Net (doi:10.1038/s41592-020-01008-z)."""

_SMALLEST_WEIGHT = 1e-3


def window_starts(size: int, window: int, overlap: float) -> tuple[int, ...]:
    """Starts along one axis: evenly spread, the first and last window flush with the edges.

    >>> window_starts(10, 4, 0.5), window_starts(3, 4, 0.5)
    ((0, 2, 4, 6), (0,))
    """
    count = count_windows(size, window, overlap)
    return tuple(int(start) for start in np.linspace(0, max(0, size - window), count).round())


def count_windows(size: int, window: int, overlap: float) -> int:
    """How many windows one axis takes.

    >>> count_windows(10, 4, 0.5), count_windows(3, 4, 0.5)
    (4, 1)
    """
    stride = max(1.0, window * (1 - overlap))
    return ceil(max(0, size - window) / stride - 1e-9) + 1


def gaussian_weight(window: Triple) -> Float32Array:
    """Weight of a window's voxels, 1 in the middle, falling to the faces, where a network sees least context."""
    profiles = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n * GAUSSIAN_SIGMA)) ** 2) for n in window]
    weight = profiles[0][:, None, None] * profiles[1][None, :, None] * profiles[2][None, None, :]
    result: Float32Array = np.maximum(weight / weight.max(), _SMALLEST_WEIGHT).astype(np.float32)
    return result


def windows_without_body(shape: tuple[int, ...], window: Triple, overlap: float) -> int:
    """How many windows an image of this shape takes where none is spared.

    >>> windows_without_body((100, 12, 300), (80, 12, 64), 0.25)
    12
    """
    return prod(count_windows(size, side, overlap) for size, side in zip(shape, window, strict=True))


def pad_with_air(image: Float32Array, window: Triple) -> Float32Array:
    """Append voxels until the image is as large as a window; each sequence's smallest value, which is air.

    Args:
        image: (sequence, X, Y, Z).
        window: sides of a window.
    """
    shape = tuple(max(size, side) for size, side in zip(image.shape[1:], window, strict=True))
    if shape == image.shape[1:]:
        return image
    padded = np.broadcast_to(image.min(axis=(1, 2, 3), keepdims=True), (len(image), *shape)).copy()
    x, y, z = image.shape[1:]
    padded[:, :x, :y, :z] = image
    return padded


def mean_of(members: Iterable[Mapping[str, Float32Array]]) -> dict[str, Float32Array]:
    """The mean of what members say of a window, head by head; one after the other, so that only one is held.

    >>> mean_of([{"edema": np.float32([0.0, 1.0])}, {"edema": np.float32([1.0, 1.0])}])
    {'edema': array([0.5, 1. ], dtype=float32)}
    """
    total: dict[str, Float32Array] = {}
    count = 0
    for outputs in members:
        total = {head: part + total[head] for head, part in outputs.items()} if total else dict(outputs)
        count += 1
    return {head: part / np.float32(count) for head, part in total.items()} if count > 1 else total


def classes_of(probability: Array) -> NDArray[np.uint8]:
    """(channel, X, Y, Z) of a softmax head -> the most probable class of each voxel, 0 is background."""
    classes: NDArray[np.uint8] = probability.argmax(axis=0).astype(np.uint8)
    return classes
