"""Where a body may be: what of a scan is worth a window of the network.

Conservative, as what it leaves out is never looked at: every doubt is decided for the body.
"""

from __future__ import annotations

from itertools import product
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.preprocess.signal import otsu_threshold

BODY_MARGIN_MM: Final = 15.0
"""Air that is kept around what looks like tissue, at least."""

_BLOCK_MM: Final = 4.0  # means of blocks have less noise than voxels, and there are fewer of them
_LOWERED: Final = 0.3  # of the way from air to Otsu's threshold, for the dim ends of uneven coils
_NO_AIR: Final = 0.6  # median of the darker class over that of the brighter; with noise alone about 0.8
_LARGEST_SPECK_ML: Final = 5.0

Float32Array: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]


def body_region(signal: Float32Array, spacing_mm: tuple[float, float, float]) -> Mask:
    """Voxels that are tissue, lie inside it, or closer to it than 15 mm.

    The threshold is well below that between air and tissue (``otsu_threshold`` of the square root of the signal).
    What exceeds the lower threshold alone is left out as noise where it is smaller than 5 ml and apart. All True where
    no sequence parts into air and tissue, as with noise or one value only, or a field of view inside the body.

    Args:
        signal: (sequence, X, Y, Z), normalised or not.
        spacing_mm: of its voxels along X, Y, Z.

    Returns:
        (X, Y, Z); what any sequence shows.
    """
    block = np.maximum(np.round(_BLOCK_MM / np.array(spacing_mm)), 1).astype(int)
    block_mm = block * np.array(spacing_mm)
    tissues = [_tissue(_block_means(sequence, block), block_mm) for sequence in signal]
    found = [tissue for tissue in tissues if tissue is not None]
    if not found:
        return np.ones(signal.shape[1:], dtype=bool)
    margin_mm = BODY_MARGIN_MM + float(np.linalg.norm(block_mm))  # between centres, which lie further apart than edges
    near = ndimage.distance_transform_edt(~np.logical_or.reduce(found), sampling=block_mm) <= margin_mm
    return _spread(ndimage.binary_fill_holes(near), block, signal.shape[1:])


def _block_means(signal: Float32Array, block: NDArray[np.int_]) -> Float32Array:
    """Mean of each block of voxels; the outermost values go on where a block reaches past the volume."""
    missing = [(0, -size % step) for size, step in zip(signal.shape, block, strict=True)]
    padded = np.pad(signal, missing, mode="edge") if np.any(missing) else signal
    means = np.zeros([size // step for size, step in zip(padded.shape, block, strict=True)], dtype=np.float32)
    for x, y, z in product(*(range(step) for step in block)):
        means += padded[x :: block[0], y :: block[1], z :: block[2]]
    means /= np.float32(block.prod())
    return means


def _tissue(means: Float32Array, block_mm: NDArray[np.float64]) -> Mask | None:
    """Blocks that are not air; None where there is no contrast of air and tissue."""
    root = np.sqrt(means - means.min())
    if root.max() == 0:
        return None
    threshold = otsu_threshold(root)
    bright = root > threshold
    air, tissue = float(np.median(root[~bright])), float(np.median(root[bright]))
    if air > _NO_AIR * tissue:
        return None
    weak = root > air + _LOWERED * (threshold - air)
    return _without_specks(weak, bright, float(block_mm.prod()) / 1000)


def _without_specks(weak: Mask, bright: Mask, block_ml: float) -> Mask:
    """Connected blocks of ``weak`` that hold a bright one, or are large (hysteresis; Canny 1986)."""
    parts, count = ndimage.label(weak, structure=np.ones((3, 3, 3)))
    large = np.bincount(parts.ravel(), minlength=count + 1) * block_ml >= _LARGEST_SPECK_ML
    large[parts[bright]] = True
    large[0] = False
    kept: Mask = large[parts]
    return kept


def _spread(mask: Mask, block: NDArray[np.int_], shape: tuple[int, ...]) -> Mask:
    """Each block as the voxels that it stands for."""
    for axis, step in enumerate(block):
        mask = mask.repeat(step, axis)
    return np.ascontiguousarray(mask[tuple(slice(size) for size in shape)])
