"""Whether the numbers in an image can be what a scanner measured: not clipped, not wrapped, not constant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from crmo_seg.inference.quality.wording import image_name
from crmo_seg.prediction import QualityFlag
from crmo_seg.preprocess import CLIP_PERCENTILES, body_mask
from crmo_seg.volume import Array, Geometry, Volume

LARGEST_CLIPPED_SHARE: Final = 2 * (1 - CLIP_PERCENTILES[1] / 100)
"""Of the body's voxels at the largest value: preprocessing clips half as many itself, so that fewer change little."""

FEWEST_VALUES: Final = 16
"""Of an image, an assumption: four bits tell no lesion from marrow; masks given for an image have fewer."""

LEAST_CONTRAST: Final = 0.05
"""Range of the signal over its size, both between ``CLIP_PERCENTILES``, an assumption: noise alone spreads more."""

WRAPPED_DEPTH: Final = 0.5
"""An overflow of a 16-bit number turns the brightest voxels into about minus the largest number; half of that (an
assumption) is more than the undershoot of interpolation (0.06 in a resampled body MR)."""

LARGEST_WRAPPED_SHARE: Final = 0.25
"""With more negative voxels (an assumption) it is rather a phase image or a normalised one."""

_SAMPLED_VOXELS: Final = 1_000_000


def signal_flags(name: str, image: Volume) -> Iterator[QualityFlag]:
    """Warnings for what is wrong with the numbers of one sequence.

    Args:
        name: of the sequence, for the sentence.
        image: finite signal, float32.
    """
    thinned = _thinned(image)
    contrast, values = relative_contrast(thinned.array), len(np.unique(thinned.array))
    if contrast < LEAST_CONTRAST:
        text = f"The {image_name(name)} is nearly constant, so nothing can be told from it."
        yield QualityFlag("nearly_constant", "warning", text, round(contrast, 4))
        return
    if values < FEWEST_VALUES:
        text = f"The {image_name(name)} has {values} different values only, as a mask has."
        yield QualityFlag("few_values", "warning", text, float(values))
        return
    clipped, wrapped = clipped_share(thinned, float(image.array.max())), wrapped_share(image.array)
    if clipped > LARGEST_CLIPPED_SHARE:
        text = f"The {image_name(name)} is clipped: {clipped:.1%} of the body has its largest value."
        yield QualityFlag("clipped", "warning", text, round(clipped, 4))
    if wrapped:
        text = f"The {image_name(name)} has strongly negative voxels, as after an overflow; bright areas may show dark."
        yield QualityFlag("wrapped", "warning", text, round(wrapped, 6))


def relative_contrast(signal: Array) -> float:
    """Distance of the low and the high percentile over the larger of their sizes; 0 for an image of one value.

    >>> relative_contrast(np.array([0.0] * 50 + [100.0] * 50)), relative_contrast(np.full(9, 7.0))
    (1.0, 0.0)
    """
    low, high = (float(value) for value in np.percentile(signal, CLIP_PERCENTILES))
    size = max(abs(low), abs(high))
    return (high - low) / size if size else 0.0


def clipped_share(image: Volume, highest: float) -> float:
    """Share of the body's voxels that have a value, the largest one of the image."""
    inside = image.array[body_mask(image)]
    return float(np.mean(inside >= highest)) if inside.size else 0.0


def wrapped_share(signal: Array) -> float:
    """Share of voxels below 0 where it looks like the overflow of an integer, else 0.

    >>> wrapped_share(np.array([0, 10, 30000, -30000, 20, 5, 8, 9])), wrapped_share(np.array([-1.0, 40, 100, 30]))
    (0.125, 0.0)
    """
    lowest, highest = float(signal.min()), float(signal.max())
    if lowest >= 0 or -lowest < WRAPPED_DEPTH * highest:
        return 0.0
    share = float(np.mean(signal < 0))
    return share if share <= LARGEST_WRAPPED_SHARE else 0.0


def _thinned(image: Volume) -> Volume:
    """Voxels taken evenly, enough of them for shares and percentiles."""
    step = max(1, round((image.array.size / _SAMPLED_VOXELS) ** (1 / 3)))
    array = np.ascontiguousarray(image.array[::step, ::step, ::step])
    affine = image.geometry.affine @ np.diag([step, step, step, 1.0])
    return Volume(array, Geometry(affine, array.shape))
