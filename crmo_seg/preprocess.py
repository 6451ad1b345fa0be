"""From a scan to the model grid and back: one definition for training and for inference.

The axes are brought into one order (in plane, in plane, slice; directions as in RAS+), resampled separately along
each axis, and the signal is normalised by the body. Every step is a permutation or a scaling of the input's own
axes, so the way back is exact in geometry, oblique scans included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.plan import GridPlan
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

CLIP_PERCENTILES = (0.5, 99.5)
_EQUAL_SPACING = 1.01
_CORONAL_NORMAL = 1


@dataclass(frozen=True, eq=False)
class ModelGrid:
    """A scan's axes in the model's order and spacing, and how to return.

    Attributes:
        source: the scan's own grid.
        axes: which source axis each model axis is.
        flips: whether it is flipped.
        geometry: the model grid.
    """

    source: Geometry
    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    geometry: Geometry

    def resample(self, volume: Volume) -> Volume:
        """A scan's signal (float32) on the model grid, smoothed first along axes that lose resolution."""
        ordered = volume.transposed(self.axes, self.flips)
        factors = np.array(self.geometry.spacing_mm) / ordered.geometry.spacing_mm
        array = _smooth(ordered.array.astype(np.float32), factors)
        return Volume(_interpolate(array, ordered.geometry, self.geometry, order=1), self.geometry)

    def resample_labels(self, volume: Volume) -> Volume:
        """Labels on the model grid: the class with the largest share of each voxel, background included."""
        ordered = volume.transposed(self.axes, self.flips)
        if ordered.geometry.same_grid(self.geometry):
            return Volume(np.ascontiguousarray(ordered.array), self.geometry)
        return Volume(_majority(ordered, self.geometry), self.geometry)

    def restore(self, volume: Volume) -> Volume:
        """A volume on the model grid brought to the scan's own grid, linearly."""
        ordered = self.source.transposed(self.axes, self.flips)
        array = _interpolate(volume.array.astype(np.float32, copy=False), volume.geometry, ordered, order=1)
        return self._unordered(Volume(array, ordered))

    def restore_labels(self, volume: Volume) -> Volume:
        """Labels on the model grid brought to the scan's own grid: the nearest voxel's."""
        ordered = self.source.transposed(self.axes, self.flips)
        return self._unordered(Volume(_interpolate(volume.array, volume.geometry, ordered, order=0), ordered))

    def _unordered(self, ordered: Volume) -> Volume:
        x, y, z = (int(axis) for axis in np.argsort(self.axes))
        flips = (self.flips[x], self.flips[y], self.flips[z])
        array = ordered.transposed((x, y, z), flips).array
        return Volume(np.ascontiguousarray(array), self.source)


def model_grid(source: Geometry, plan: GridPlan) -> ModelGrid:
    """The grid on which a network sees a scan.

    The slice axis is the one with the largest spacing; where no spacing stands out, the one closest to the
    anterior direction, as in a coronal scan. In-plane axes follow in the order right, anterior, superior.
    """
    slice_axis = _slice_axis(source)
    in_plane = sorted((axis for axis in range(3) if axis != slice_axis), key=lambda axis: source.world_axes[axis])
    axes = (in_plane[0], in_plane[1], slice_axis)
    flips = (source.axis_signs[axes[0]] < 0, source.axis_signs[axes[1]] < 0, source.axis_signs[axes[2]] < 0)
    ordered = source.transposed(axes, flips)
    thin, thick = plan.slice_spacing_range_mm
    slice_spacing = min(max(ordered.spacing_mm[2], thin), thick)
    spacing = (plan.in_plane_spacing_mm, plan.in_plane_spacing_mm, slice_spacing)
    return ModelGrid(source, axes, flips, _with_spacing(ordered, spacing))


def body_mask(image: Volume) -> NDArray[np.bool_]:
    """Voxels that are probably not air, by Otsu's threshold of the square root of the signal.

    The square root keeps the few very bright voxels (fluid) from pulling the threshold above the muscle.
    Otsu 1979, doi:10.1109/TSMC.1979.4310076. All True for an image of one value.
    """
    signal = np.sqrt(np.clip(image.array - image.array.min(), 0, None))
    if signal.max() == 0:
        return np.ones(signal.shape, dtype=bool)
    mask: NDArray[np.bool_] = signal > _otsu_threshold(signal)
    return mask


def normalise(image: Volume) -> Volume:
    """Signal with mean 0 and standard deviation 1 inside the body, clipped at its percentiles.

    An image of one value becomes zero.
    """
    inside = image.array[body_mask(image)]
    low, high = np.percentile(inside, CLIP_PERCENTILES)
    clipped = np.clip(inside, low, high)
    deviation = float(clipped.std())
    array = (np.clip(image.array, image.array.min(), high) - float(clipped.mean())) / max(deviation, 1e-6)
    return image.with_array(array.astype(np.float32) if deviation > 1e-6 else np.zeros_like(image.array))


def pad_to(array: Array, minimum: tuple[int, ...], *, value: float) -> Array:
    """Append voxels of one value to the last axes until they have at least ``minimum`` voxels.

    Args:
        array: (..., X, Y, Z).
        minimum: sides of a window, one for each of the last axes.
        value: of the appended voxels; for images their minimum, which is air.

    >>> pad_to(np.ones((1, 2, 3)), (2, 3), value=0).shape, pad_to(np.ones((1, 2, 3)), (4, 2), value=0).shape
    ((1, 2, 3), (1, 4, 3))
    """
    missing = [max(0, side - have) for side, have in zip(minimum, array.shape[-len(minimum) :], strict=True)]
    if not any(missing):
        return array
    widths = [(0, 0)] * (array.ndim - len(minimum)) + [(0, count) for count in missing]
    return np.pad(array, widths, constant_values=value)


def preprocess(images: Sequence[Volume], plan: GridPlan) -> tuple[NDArray[np.float32], ModelGrid]:
    """A scan as a network sees it, and the way back.

    Args:
        images: its sequences, all on one grid.
        plan: the grid of the network's input.

    Returns:
        Normalised signal (sequence, X, Y, Z) on the model grid, and that grid.
    """
    grid = model_grid(images[0].geometry, plan)
    return np.stack([normalise(grid.resample(image)).array for image in images]), grid


def _slice_axis(source: Geometry) -> int:
    by_spacing = np.argsort(source.spacing_mm)
    largest, second = source.spacing_mm[by_spacing[2]], source.spacing_mm[by_spacing[1]]
    if largest > second * _EQUAL_SPACING:
        return int(by_spacing[2])
    thickest = [axis for axis in range(3) if source.spacing_mm[axis] * _EQUAL_SPACING >= largest]
    return min(thickest, key=lambda axis: (source.world_axes[axis] != _CORONAL_NORMAL, source.world_axes[axis]))


def _with_spacing(ordered: Geometry, spacing_mm: tuple[float, float, float]) -> Geometry:
    """The same field of view about the same centre with another spacing."""
    extent = np.array(ordered.shape) * ordered.spacing_mm
    shape = np.maximum(np.round(extent / spacing_mm), 1).astype(int)
    affine = np.array(ordered.affine)
    affine[:3, :3] *= np.array(spacing_mm) / ordered.spacing_mm
    centre = ordered.to_world_mm((np.array(ordered.shape) - 1) / 2)
    affine[:3, 3] = centre - affine[:3, :3] @ ((shape - 1) / 2)
    x, y, z = (int(size) for size in shape)
    return Geometry(affine, (x, y, z), ordered.frame_of_reference_uid)


def _scale_and_offset(source: Geometry, target: Geometry) -> tuple[Float64Array, Float64Array]:
    """Source index = scale * target index + offset along each axis; both grids share their directions."""
    scale = np.array(target.spacing_mm) / source.spacing_mm
    return scale, source.to_index(target.affine[:3, 3])


def _interpolate(array: Array, source: Geometry, target: Geometry, *, order: int) -> Array:
    if source.same_grid(target):
        return np.ascontiguousarray(array)
    scale, offset = _scale_and_offset(source, target)
    # Voxels of thick slices reach past the outermost centres: "nearest" continues them to the edge.
    resampled: Array = ndimage.affine_transform(
        array, scale, offset, output_shape=target.shape, order=order, mode="nearest", prefilter=False
    )
    return resampled


def _smooth(array: Array, factors: Float64Array) -> Array:
    """Gaussian against aliasing where voxels grow; sigma as in scikit-image's ``resize``, half the excess factor."""
    sigma = np.maximum((factors - 1) / 2, 0)
    if not sigma.any():
        return array
    smooth: Array = ndimage.gaussian_filter(array, sigma, mode="nearest", truncate=3)
    return smooth


def _majority(ordered: Volume, target: Geometry) -> Array:
    """Each class is smoothed and interpolated in its own box only: bones are many and small."""
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
    scale, offset = _scale_and_offset(ordered.geometry, target)
    margin = np.ceil(np.maximum(scale - 1, 0) * 1.5).astype(int) + 2  # the Gaussian reaches three sigma
    first = np.maximum([part.start for part in box] - margin, 0)
    last = np.minimum([part.stop for part in box] + margin, ordered.array.shape)
    start = np.clip(np.floor((first - offset) / scale).astype(int), 0, np.array(target.shape) - 1)
    stop = np.clip(np.ceil((last - offset) / scale).astype(int) + 1, start + 1, target.shape)
    wide = tuple(slice(low, high) for low, high in zip(first, last, strict=True))
    smooth = _smooth((ordered.array[wide] == value).astype(np.float32), scale)
    share: Array = ndimage.affine_transform(
        smooth, scale, scale * start + offset - first, output_shape=tuple(stop - start), order=1, mode="nearest"
    )
    return share, tuple(slice(low, high) for low, high in zip(start, stop, strict=True))


def _otsu_threshold(signal: Array) -> float:
    counts, edges = np.histogram(signal, bins=256)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sum_below = np.cumsum(counts * centres)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * (sum_below / below - (sum_below[-1] - sum_below) / above) ** 2
    return float(centres[int(np.nanargmax(between[:-1]))])
