"""The signal of a scan: where the body is, and its normalisation.

What ``normalise`` computes is part of every trained model and of every cache of prepared cases: the bits must not
change.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Array, Volume

CLIP_PERCENTILES: Final = (0.5, 99.5)
_OTSU_BINS: Final = 256
_NO_CONTRAST: Final = 1e-6


def body_mask(image: Volume) -> NDArray[np.bool_]:
    """Voxels that are probably not air, by Otsu's threshold of the square root of the signal.

    The square root keeps the few very bright voxels (fluid) from pulling the threshold above the muscle.
    All True for an image of one value.
    """
    signal = np.sqrt(np.clip(image.array - image.array.min(), 0, None))
    if signal.max() == 0:
        return np.ones(signal.shape, dtype=bool)
    mask: NDArray[np.bool_] = signal > otsu_threshold(signal)
    return mask


def normalise(image: Volume) -> Volume:
    """Signal with mean 0 and standard deviation 1 inside the body, clipped at its percentiles.

    An image of one value becomes zero.
    """
    inside = image.array[body_mask(image)]
    low, high = np.percentile(inside, CLIP_PERCENTILES)
    clipped = np.clip(inside, low, high)
    mean, deviation, lowest = float(clipped.mean()), float(clipped.std()), image.array.min()
    if deviation <= _NO_CONTRAST:
        return image.with_array(np.zeros_like(image.array))
    array = np.empty(image.array.shape, dtype=np.float32)
    for plane, normalised in zip(image.array, array, strict=True):  # in float64, but never the whole volume
        normalised[...] = (np.clip(plane, lowest, high) - mean) / deviation
    return image.with_array(array)


def otsu_threshold(signal: Array) -> float:
    """The value that parts a signal into two classes of the largest variance between them.

    Otsu 1979, doi:10.1109/TSMC.1979.4310076; from a histogram of 256 bins.

    Args:
        signal: of any shape, with two values or more.
    """
    counts, edges = np.histogram(signal, bins=_OTSU_BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sum_below = np.cumsum(counts * centres)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * (sum_below / below - (sum_below[-1] - sum_below) / above) ** 2
    return float(centres[int(np.nanargmax(between[:-1]))])
