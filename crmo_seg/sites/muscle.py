"""Signal of muscle, in the whole picture and near one place.

Muscle is found without a mask of muscle: around the bones of limbs and pelvis it is what there is most of. In
fluid-sensitive images with fat suppression fat is much darker, fluid and vessels are much brighter.

Receive coils shade a picture of the body: over some decimetres the same muscle may be half as bright. A lesion is
therefore compared with muscle in its part of the body, as a reader compares it. Near hands, feet and chest there is
little muscle and much that looks like it, so a wide neighbourhood is better than a narrow one (reasoned, and chosen on
phantoms: docs/sites.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.anatomy import BONES_TABLE
from crmo_seg.volume import Array, Float64Array, Volume

AROUND: Final = frozenset({"femur", "tibia", "humerus", "pelvis"})
"""Head classes of bones that lie in muscle."""
MUSCLE_SHELL_MM: Final = (5.0, 20.0)
"""Distance from those bones at which muscle prevails (an assumption): beyond cortex and its partial volumes, within the
thinnest thigh."""
LEAST_SAMPLES: Final = 200
NEAR_MM: Final = 150.0
"""Standard deviation of the weight by which muscle near a lesion counts more than that further off."""
FAR_WEIGHT: Final = 1e-4
"""Of muscle anywhere, so that it counts where there is none near."""
DARK, BRIGHT = 0.5, 1.8
"""Of the median: darker is fat or air, brighter is fluid."""
DARKER, BRIGHTER = 0.7, 1.4
"""The same near a lesion, where shading widens the range no more."""

_SAMPLE_MM: Final = 5.0
_ROUNDS: Final = 5


@dataclass(frozen=True, eq=False)
class Muscle:
    """Soft tissue around bones, and the signal that muscle usually has in it.

    Attributes:
        usual: median signal of muscle in the whole picture.
        points_mm: samples of the tissue, RAS+ mm, shape (n, 3).
        values: their signal, shape (n,).
        in_muscle: which of them lie around bones that lie in muscle, shape (n,).
    """

    usual: float
    points_mm: Float64Array
    values: Array
    in_muscle: NDArray[np.bool_]

    def near(self, point_mm: Float64Array) -> float:
        """Median signal of muscle in a part of the body, by weights that fall with the distance from a point.

        As ``muscle_signal`` it is taken again and again of what is like it, beginning with ``usual``.
        """
        is_enough = np.count_nonzero(self.in_muscle) >= LEAST_SAMPLES
        chosen = self.in_muscle if is_enough else np.ones_like(self.in_muscle)
        values, distance_mm = self.values[chosen], np.linalg.norm(self.points_mm[chosen] - point_mm, axis=1)
        weights = np.exp(-((distance_mm / NEAR_MM) ** 2) / 2) + FAR_WEIGHT
        signal = self.usual
        for _ in range(_ROUNDS):
            alike = (values >= DARKER * signal) & (values <= BRIGHTER * signal)
            signal = _weighted_median(values[alike], weights[alike]) if alike.any() else self.usual
        return signal


def find_muscle(image: Volume, bones: Volume, lesions: Volume | None = None) -> Muscle | None:
    """Soft tissue 5 to 20 mm around bones and the signal of muscle in it; None where there is too little.

    Args:
        image: signal.
        bones: fine labels on the same grid.
        lesions: voxels to leave out, where not 0.
    """
    steps = tuple(slice(None, None, max(1, round(_SAMPLE_MM / mm))) for mm in image.geometry.spacing_mm)
    labels, signal = bones.array[steps], image.array[steps]
    if not labels.any():
        return None
    strides = np.array([step.step for step in steps])
    spacing = (np.array(image.geometry.spacing_mm) * strides).tolist()
    distance, nearest = ndimage.distance_transform_edt(labels == 0, sampling=spacing, return_indices=True)
    shell = (distance >= MUSCLE_SHELL_MM[0]) & (distance <= MUSCLE_SHELL_MM[1])
    if lesions is not None:
        shell &= lesions.array[steps] == 0
    values, in_muscle = signal[shell], _lies_in_muscle()[labels[tuple(nearest[:, shell])]]
    chosen = values[in_muscle] if np.count_nonzero(in_muscle) >= LEAST_SAMPLES else values
    usual = usual_signal(chosen, _brighter_half(chosen)) if chosen.size >= LEAST_SAMPLES else None
    points_mm = image.geometry.to_world_mm(np.argwhere(shell) * strides)
    return None if usual is None else Muscle(usual, points_mm, values, in_muscle)


def muscle_signal(image: Volume, bones: Volume, lesions: Volume | None = None) -> float | None:
    """Median signal of muscle in the whole picture; None where too little soft tissue lies around bones.

    The median of the shell around the bones of ``AROUND``, else around all bones, is taken again and again of what is
    neither much darker nor much brighter than it; it begins above the dark half, which may be fat.

    Args:
        image: signal.
        bones: fine labels on the same grid.
        lesions: voxels to leave out, where not 0.
    """
    muscle = find_muscle(image, bones, lesions)
    return None if muscle is None else muscle.usual


def usual_signal(values: Array, start: float) -> float | None:
    """Median of the tissue that there is most of around a signal to start from; None where that is not positive.

    >>> usual_signal(np.array([10.0, 11.0, 100.0, 104.0, 108.0, 900.0]), 120.0)
    104.0
    """
    middle = start
    for _ in range(_ROUNDS):
        alike = values[(values >= DARK * middle) & (values <= BRIGHT * middle)]
        if not alike.size:
            return None
        middle = float(np.median(alike))
    return middle if middle > 0 else None


def _weighted_median(values: Array, weights: Float64Array) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def _brighter_half(values: Array) -> float:
    return float(np.percentile(values, 60))


def _lies_in_muscle() -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[[bone.label for bone in BONES_TABLE if bone.head_class in AROUND]] = True
    return table
