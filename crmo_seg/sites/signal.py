"""Signal of lesions and of the soft tissue beside them, over that of muscle.

Muscle is found without a mask of muscle: around the bones of limbs and pelvis it is what there is most of. In
fluid-sensitive images with fat suppression fat is much darker, fluid and vessels are much brighter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.anatomy import BONES_TABLE
from crmo_seg.volume import Array, Volume

AROUND: Final = frozenset({"femur", "tibia", "humerus", "pelvis"})
"""Head classes of bones that lie in muscle."""
MUSCLE_SHELL_MM: Final = (5.0, 20.0)
"""Distance from those bones at which muscle prevails (an assumption): beyond cortex and its partial volumes, within the
thinnest thigh."""
SOFT_TISSUE_MM: Final = (3.0, 10.0)
"""Outside the bone, beside a lesion: where inflamed soft tissue is looked for."""
LEAST_SAMPLES: Final = 200
DARK, BRIGHT = 0.5, 1.8
"""Of the median: darker is fat or air, brighter is fluid."""

_SAMPLE_MM: Final = 5.0
_ROUNDS: Final = 5


def muscle_signal(image: Volume, bones: Volume, lesions: Volume | None = None) -> float | None:
    """Median signal of muscle; None where too little soft tissue lies around bones.

    The median of the shell around the bones of ``AROUND``, else around all bones, is taken again and again of what is
    neither much darker nor much brighter than it; it begins above the dark half, which may be fat.

    Args:
        image: signal.
        bones: fine labels on the same grid.
        lesions: voxels to leave out, where not 0.
    """
    steps = tuple(slice(None, None, max(1, round(_SAMPLE_MM / mm))) for mm in image.geometry.spacing_mm)
    labels, signal = bones.array[steps], image.array[steps]
    if not labels.any():
        return None
    spacing = [mm * (step.step or 1) for mm, step in zip(image.geometry.spacing_mm, steps, strict=True)]
    distance, nearest = ndimage.distance_transform_edt(labels == 0, sampling=spacing, return_indices=True)
    shell = (distance >= MUSCLE_SHELL_MM[0]) & (distance <= MUSCLE_SHELL_MM[1])
    if lesions is not None:
        shell &= lesions.array[steps] == 0
    in_muscle = _in_muscle()[labels[tuple(nearest[:, shell])]]
    values = signal[shell]
    values = values[in_muscle] if np.count_nonzero(in_muscle) >= LEAST_SAMPLES else values
    return _usual(values) if values.size >= LEAST_SAMPLES else None


def lesion_signal(image: Volume, lesion: NDArray[np.bool_], box: tuple[slice, ...]) -> float:
    """Mean signal of a lesion, a mask in a box of the image."""
    return float(image.array[box][lesion].mean())


def soft_tissue_signal(image: Volume, bones: Volume, lesion: NDArray[np.bool_], box: tuple[slice, ...]) -> float | None:
    """Mean signal beside a lesion, ``SOFT_TISSUE_MM`` outside of all bones; None where nothing lies there.

    Args:
        image: signal.
        bones: labels on the same grid.
        lesion: mask in the box.
        box: of the lesion.
    """
    spacing = image.geometry.spacing_mm
    margins = [int(np.ceil(SOFT_TISSUE_MM[1] / mm)) for mm in spacing]
    pads = [(min(part.start, m), min(size - part.stop, m))
            for part, m, size in zip(box, margins, image.array.shape, strict=True)]  # fmt: skip
    wide = tuple(slice(part.start - low, part.stop + high) for part, (low, high) in zip(box, pads, strict=True))
    marked = np.pad(lesion, pads)
    from_bone = _distance_mm((bones.array[wide] > 0) | marked, spacing)
    beside = (from_bone >= SOFT_TISSUE_MM[0]) & (_distance_mm(marked, spacing) <= SOFT_TISSUE_MM[1])
    return float(image.array[wide][beside].mean()) if beside.any() else None


def _usual(values: Array) -> float | None:
    """Median of the tissue that there is most of, above the dark half."""
    middle = float(np.percentile(values, 60))
    for _ in range(_ROUNDS):
        middle = float(np.median(values[(values >= DARK * middle) & (values <= BRIGHT * middle)]))
    return middle if middle > 0 else None


def _in_muscle() -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[[bone.label for bone in BONES_TABLE if bone.head_class in AROUND]] = True
    return table


def _distance_mm(mask: NDArray[np.bool_], spacing: list[float] | tuple[float, ...]) -> Array:
    """From voxels of a mask, infinite without any."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    distance: Array = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return distance
