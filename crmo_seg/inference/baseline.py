"""Edema without a trained detector: marrow that is much brighter than muscle and than the other marrow of its bone.

What a reader with one threshold would mark. It needs a mask of the bones, and is the number that a trained model has
to beat. Look-alikes of healthy children are as bright as lesions, so it marks many of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.errors import InputError
from crmo_seg.lesions import find_lesions
from crmo_seg.sites import head_classes_of, muscle_signal
from crmo_seg.volume import Array, Float64Array, GeometryError, Volume

DARK_PERCENTILES: Final = (5.0, 25.0)
"""Of a bone's marrow: healthy marrow is described by its darker part, as lesions can only be brighter. So up to three
quarters of a bone may be ill."""
DARK_DEVIATIONS: Final = (-1.6449, -0.6745)
"""Where these percentiles lie in a normal distribution, in standard deviations from its mean."""
FEWEST_VOXELS: Final = 50
"""Of marrow from which a bone's own limit is taken; bones with less are held to the ratio alone."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class BaselineSettings:
    """Thresholds; the defaults are the best of those tried on 12 phantoms of the training preset (F1 0.46).

    The smallest lesion is that of eight volumes from 0.1 to 1 ml with the highest F1 on 16 further phantoms, in true
    bones (0.39; 0.28 with 0.1 ml) and in those that a model found.

    Attributes:
        least_ratio: signal over muscle.
        least_deviations: over the healthy marrow of its own class of bone, in standard deviations.
        eroded_voxels: bones lose so many in plane, since cortex and joint fluid share their outermost voxels.
        minimum_lesion_ml: smaller components (26-connected) are dropped.

    Raises:
        InputError: for a negative number.
    """

    least_ratio: float = 4.5
    least_deviations: float = 6.0
    eroded_voxels: int = 1
    minimum_lesion_ml: float = 0.5

    def __post_init__(self) -> None:
        for name in ("least_ratio", "least_deviations", "eroded_voxels", "minimum_lesion_ml"):
            if not getattr(self, name) >= 0:
                raise InputError(name, f"is {getattr(self, name)}", "give a number of 0 or more")


DEFAULT_SETTINGS: Final = BaselineSettings()


def bright_marrow(image: Volume, bones: Volume, settings: BaselineSettings = DEFAULT_SETTINGS) -> Volume:
    """Voxels of marrow that stand out.

    Args:
        image: a fluid-sensitive, fat-suppressed signal.
        bones: fine labels on the image's grid, 0 elsewhere.
        settings: thresholds.

    Returns:
        bool, on the same grid; specks are still in it. Nothing where too little soft tissue shows the signal of muscle.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    if not image.geometry.same_grid(bones.geometry):
        raise GeometryError(f"bones {bones} are not on the grid of the image {image}")
    classes = head_classes_of(bones).array
    marrow = _eroded(classes > 0, image, settings.eroded_voxels)
    ratio = image.array / np.float32(muscle_signal(image, bones) or np.inf)
    limits = _limits(ratio[marrow], classes[marrow], settings)
    found = np.zeros(marrow.shape, dtype=bool)
    found[marrow] = ratio[marrow] > limits[classes[marrow]]
    return image.with_array(found)


def mark_outliers(image: Volume, bones: Volume, settings: BaselineSettings = DEFAULT_SETTINGS) -> Volume:
    """As ``bright_marrow``, without its specks."""
    lesions = find_lesions(bright_marrow(image, bones, settings), minimum_ml=settings.minimum_lesion_ml).labels
    return lesions.with_array(lesions.array > 0)


def _eroded(is_bone: Mask, image: Volume, voxels: int) -> Mask:
    """Without its outermost voxels in plane; slices are too thick to lose one."""
    across = int(np.argmax(image.geometry.spacing_mm))
    cross = ndimage.generate_binary_structure(3, 1)
    cross[tuple(slice(None) if axis != across else (0, 2) for axis in range(3))] = False
    return ndimage.binary_erosion(is_bone, cross, iterations=voxels) if voxels else is_bone


def _limits(ratio: Array, classes: Array, settings: BaselineSettings) -> Float64Array:
    """Lowest ratio of an outlier, for each value of a class."""
    limits: Float64Array = np.full(int(classes.max(initial=0)) + 1, settings.least_ratio, dtype=np.float64)
    for value in np.unique(classes):
        own = ratio[classes == value]
        if len(own) >= FEWEST_VOXELS:
            limits[value] = max(settings.least_ratio, _healthy(own).at(settings.least_deviations))
    return limits


@dataclass(frozen=True)
class _Healthy:
    """Ratio of healthy marrow, as a normal distribution."""

    mean: float
    deviation: float

    def at(self, deviations: float) -> float:
        return self.mean + deviations * self.deviation


def _healthy(ratio: Array) -> _Healthy:
    low, high = (float(value) for value in np.percentile(ratio, DARK_PERCENTILES))
    deviation = (high - low) / (DARK_DEVIATIONS[1] - DARK_DEVIATIONS[0])
    return _Healthy(high - DARK_DEVIATIONS[1] * deviation, deviation)
