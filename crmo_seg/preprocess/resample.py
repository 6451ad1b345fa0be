"""From a scan's grid to the model's: signal linearly, labels by the largest share.

What these compute is part of every trained model and of every cache of prepared cases: the bits must not change.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from crmo_seg.volume import Array, Float64Array, Geometry, Volume


def scale_and_offset(source: Geometry, target: Geometry) -> tuple[Float64Array, Float64Array]:
    """Source index = scale * target index + offset along each axis; both grids share their directions."""
    scale = np.array(target.spacing_mm) / source.spacing_mm
    return scale, source.to_index(target.affine[:3, 3])


def interpolate(array: Array, source: Geometry, target: Geometry) -> Array:
    """An array on ``source`` linearly on ``target``, a grid of the same directions."""
    if source.same_grid(target):
        return np.ascontiguousarray(array)
    scale, offset = scale_and_offset(source, target)
    # Voxels of thick slices reach past the outermost centres: "nearest" continues them to the edge.
    resampled: Array = ndimage.affine_transform(
        array, scale, offset, output_shape=target.shape, order=1, mode="nearest", prefilter=False
    )
    return resampled


def smooth(array: Array, factors: Float64Array) -> Array:
    """Gaussian against aliasing where voxels grow; sigma as in scikit-image's ``resize``, half the excess factor."""
    sigma = np.maximum((factors - 1) / 2, 0)
    if not sigma.any():
        return array
    smoothed: Array = ndimage.gaussian_filter(array, sigma, mode="nearest", truncate=3)
    return smoothed


def majority(ordered: Volume, target: Geometry) -> Array:
    """Label with the largest share of each voxel of ``target``, background included; uint8.

    Each class is smoothed and interpolated in its own box only: bones are many and small.
    """
    best = np.zeros(target.shape, dtype=np.uint8)
    best_share = np.zeros(target.shape, dtype=np.float32)
    total_share = np.zeros(target.shape, dtype=np.float32)
    for value, box in enumerate(ndimage.find_objects(ordered.array.astype(np.uint8, copy=False)), 1):
        if box is not None:
            share, at = _share_of_class(ordered, value, box, target)
            total_share[at] += share
            wins = share > best_share[at]
            best[at][wins], best_share[at][wins] = value, share[wins]
    best[best_share <= 1 - total_share] = 0
    return best


def _share_of_class(
    ordered: Volume, value: int, box: tuple[slice, ...], target: Geometry
) -> tuple[Array, tuple[slice, ...]]:
    """Share of one class in each target voxel near its box, and where these voxels are."""
    scale, offset = scale_and_offset(ordered.geometry, target)
    margin = np.ceil(np.maximum(scale - 1, 0) * 1.5).astype(int) + 2  # the Gaussian reaches three sigma
    first = np.maximum([part.start for part in box] - margin, 0)
    last = np.minimum([part.stop for part in box] + margin, ordered.array.shape)
    start = np.clip(np.floor((first - offset) / scale).astype(int), 0, np.array(target.shape) - 1)
    stop = np.clip(np.ceil((last - offset) / scale).astype(int) + 1, start + 1, target.shape)
    wide = tuple(slice(low, high) for low, high in zip(first, last, strict=True))
    smoothed = smooth((ordered.array[wide] == value).astype(np.float32), scale)
    share: Array = ndimage.affine_transform(
        smoothed, scale, scale * start + offset - first, output_shape=tuple(stop - start), order=1, mode="nearest"
    )
    return share, tuple(slice(low, high) for low, high in zip(start, stop, strict=True))
