"""The grid on which a network sees a scan, and both ways between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.plan import GridPlan
from crmo_seg.preprocess.resample import interpolate, majority, smooth
from crmo_seg.preprocess.restore import RESTORE_FLOOR, linear_axes, restore_classes, restore_signal
from crmo_seg.volume import Array, Geometry, Volume

_EQUAL_SPACING: Final = 1.01
_CORONAL_NORMAL: Final = 1


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
        array = smooth(ordered.array.astype(np.float32, copy=False), factors)
        return Volume(interpolate(array, ordered.geometry, self.geometry), self.geometry)

    def resample_labels(self, volume: Volume) -> Volume:
        """Labels on the model grid: the class with the largest share of each voxel, background included."""
        ordered = volume.transposed(self.axes, self.flips)
        if ordered.geometry.same_grid(self.geometry):
            return Volume(np.ascontiguousarray(ordered.array), self.geometry)
        return Volume(majority(ordered, self.geometry), self.geometry)

    def restore(self, volume: Volume) -> Volume:
        """A volume on the model grid brought to the scan's own grid, linearly; float32."""
        restored, ordered = self._empty(np.dtype(np.float32))
        array = volume.array.astype(np.float32, copy=False)
        restore_signal(array, linear_axes(volume.geometry, ordered.geometry), ordered.array)
        return restored

    def restore_probability(self, volume: Volume, floor: float = RESTORE_FLOOR) -> Volume:
        """As ``restore``, but only in blocks that voxels of ``floor`` or more reach into; zero elsewhere.

        Every voxel for which ``restore`` gives the floor or more is the same to the bit. Blocks of zeros are never
        written to, so that on most systems they take no memory.
        """
        restored, ordered = self._empty(np.dtype(np.float32))
        array = volume.array.astype(np.float32, copy=False)
        restore_signal(array, linear_axes(volume.geometry, ordered.geometry), ordered.array, floor)
        return restored

    def restore_labels(self, volume: Volume) -> Volume:
        """Labels on the model grid brought to the scan's own: the class with the largest share, background included.

        Each class is interpolated linearly, so that outlines are smooth where the model's voxels are larger.
        """
        restored, ordered = self._empty(volume.array.dtype)
        restore_classes(volume.array, linear_axes(volume.geometry, ordered.geometry), ordered.array)
        return restored

    def _empty(self, dtype: np.dtype[np.generic]) -> tuple[Volume, Volume]:
        """Zeros on the scan's own grid, and the same memory with the model's axes."""
        array: Array = np.zeros(self.source.shape, dtype)
        restored = Volume(array, self.source)
        return restored, restored.transposed(self.axes, self.flips)


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
