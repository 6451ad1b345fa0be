"""Images with more voxels than were acquired: k-space filled with zeros, smoothly or with a sharp edge (Gibbs).

Frequencies are those of the cosine transform: lines are mirrored at their ends, so that nothing leaks from one end of a
station to the other.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import fft

from crmo_seg.phantom.solids.shapes import FloatArray

ROLL_OFF: Final = 0.5
"""Part of the acquired frequencies over which a smooth filter falls to 0."""


def pass_band(count: int, factor: float, *, sharp: bool) -> FloatArray:
    """How much of each spatial frequency of a line of ``count`` voxels is left: the lowest ``count / factor``.

    >>> pass_band(4, 2.0, sharp=True).tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    frequency = np.arange(count) / count * factor
    window = (frequency < 1).astype(np.float32)
    if not sharp:
        window *= (0.5 + 0.5 * np.cos(np.pi * np.clip((frequency - 1 + ROLL_OFF) / ROLL_OFF, 0, 1))).astype(np.float32)
    window[0] = 1
    return window


def noise_left(window: FloatArray) -> float:
    """Standard deviation of white noise of 1 after the filter, over the line."""
    return float(np.sqrt(np.square(window, dtype=np.float64).mean()))


def band_limited(image: FloatArray, window: FloatArray, axis: int) -> FloatArray:
    """Every line of an image along an axis with its frequencies weighted by the window."""
    spectrum = fft.dct(image, axis=axis, norm="ortho")
    spectrum *= np.expand_dims(window, [other for other in range(image.ndim) if other != axis])
    limited: FloatArray = fft.idct(spectrum, axis=axis, norm="ortho", overwrite_x=True)
    return limited
