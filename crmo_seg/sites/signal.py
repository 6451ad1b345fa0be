"""Signal of lesions and of the soft tissue beside them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.volume import Array, Volume

SOFT_TISSUE_MM: Final = (3.0, 10.0)
"""Outside the bone, beside a lesion: where inflamed soft tissue is looked for."""


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


def _distance_mm(mask: NDArray[np.bool_], spacing: list[float] | tuple[float, ...]) -> Array:
    """From voxels of a mask, infinite without any."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    distance: Array = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return distance
