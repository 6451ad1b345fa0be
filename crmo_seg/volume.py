"""Voxels and where they lie: an array never travels without its geometry.

Coordinates are RAS+ millimetres: x grows to the patient's right, y to the front, z to the head; voxel
centres at integer indices, as in NIfTI.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Float64Array: TypeAlias = NDArray[np.float64]

SMALLEST_SPACING_MM = 0.05
LARGEST_SPACING_MM = 50.0
SAME_GRID_TOLERANCE_MM = 0.01
PLANES = ("sagittal", "coronal", "axial")
"""Of slices, by the world axis (0 right, 1 anterior, 2 superior) across them."""

_ALLOWED_DTYPES = (np.bool_, np.uint8, np.int32, np.float32)
_AXIS_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))


class GeometryError(ValueError):
    """An affine, a shape or a pair of grids that cannot be worked with."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """A voxel grid in the scanner's space.

    Attributes:
        affine: (4, 4) voxel index -> RAS+ mm.
        shape: voxels along the three array axes.
        frame_of_reference_uid: DICOM PS3.3 C.7.4.1, where it is known.

    Raises:
        GeometryError: where the affine is not finite or not invertible, or a voxel is absurdly small or large.

    >>> Geometry(np.diag([1.5, 1.5, 6.0, 1.0]), (10, 20, 5)).voxel_volume_ml
    0.0135
    """

    affine: Float64Array
    shape: tuple[int, int, int]
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        _check_shape(self.shape)
        _check_affine(affine)

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxel centres along each array axis."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @cached_property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel, shear included."""
        return float(round(abs(np.linalg.det(self.affine[:3, :3])) / 1000.0, 12))

    @cached_property
    def world_axes(self) -> tuple[int, int, int]:
        """The world axis (0 right, 1 anterior, 2 superior) that each array axis runs closest to, one to one."""
        cosines = np.abs(self.affine[:3, :3]) / np.array(self.spacing_mm)

        def closeness(order: tuple[int, ...]) -> float:
            return float(sum(cosines[world, axis] for axis, world in enumerate(order)))

        first, second, third = max(permutations((0, 1, 2)), key=closeness)
        return first, second, third

    @property
    def axis_signs(self) -> tuple[int, int, int]:
        """+1 where an array axis runs along its world axis, -1 where against it."""
        x, y, z = (1 if self.affine[world, axis] >= 0 else -1 for axis, world in enumerate(self.world_axes))
        return x, y, z

    @property
    def orientation(self) -> str:
        """Letters of the directions that the array axes point to, for example ``RAS`` or ``LSP``."""
        pairs = zip(self.world_axes, self.axis_signs, strict=True)
        return "".join(_AXIS_LETTERS[world][sign > 0] for world, sign in pairs)

    def to_world_mm(self, indices: Array) -> Float64Array:
        """RAS+ mm of voxel indices, shape (..., 3) in and out."""
        points: Float64Array = np.asarray(indices, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return points

    def to_index(self, points_mm: Array) -> Float64Array:
        """Voxel indices (not rounded) of RAS+ mm points, shape (..., 3) in and out."""
        inverse = np.linalg.inv(self.affine)
        indices: Float64Array = np.asarray(points_mm, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
        return indices

    def same_grid(self, other: Geometry, tolerance_mm: float = SAME_GRID_TOLERANCE_MM) -> bool:
        """Whether both grids have the same shape and no corner lies further apart than the tolerance."""
        return self.shape == other.shape and self.largest_corner_shift_mm(other) <= tolerance_mm

    def largest_corner_shift_mm(self, other: Geometry) -> float:
        """Largest distance between corners of the same index in both grids."""
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape])).reshape(3, -1).T
        return float(np.linalg.norm(self.to_world_mm(corners) - other.to_world_mm(corners), axis=1).max())

    def transposed(self, axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Geometry:
        """The same grid with its array axes in another order, then flipped where ``flips`` says so."""
        shape = (self.shape[axes[0]], self.shape[axes[1]], self.shape[axes[2]])
        step = np.zeros((4, 4))
        step[3, 3] = 1.0
        for new, (old, flip) in enumerate(zip(axes, flips, strict=True)):
            step[old, new] = -1.0 if flip else 1.0
            step[old, 3] = shape[new] - 1 if flip else 0.0
        return replace(self, affine=self.affine @ step, shape=shape)


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3D array on its grid: masks bool or uint8, labels uint8 or int32, signal and probability float32.

    Raises:
        GeometryError: where the array is not 3D, has another dtype, or another shape than its geometry.
    """

    array: Array
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.array.dtype not in _ALLOWED_DTYPES:
            names = ", ".join(np.dtype(kind).name for kind in _ALLOWED_DTYPES)
            raise GeometryError(f"a volume holds one of {names}, not {self.array.dtype}")
        if self.array.shape != self.geometry.shape:
            raise GeometryError(f"array of shape {self.array.shape} on a grid of shape {self.geometry.shape}")

    def with_array(self, array: Array) -> Volume:
        """Another array on the same grid."""
        return Volume(array, self.geometry)

    def transposed(self, axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Volume:
        """The same voxels with the array axes in another order, then flipped; a view, nothing is copied."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
        return Volume(self.array.transpose(axes)[steps], self.geometry.transposed(axes, flips))

    def canonical(self) -> Volume:
        """The same voxels in the axis order and direction closest to RAS+."""
        x, y, z = (int(axis) for axis in np.argsort(self.geometry.world_axes))
        right, anterior, superior = (self.geometry.axis_signs[axis] < 0 for axis in (x, y, z))
        return self.transposed((x, y, z), (right, anterior, superior))

    def __repr__(self) -> str:
        spacing = " x ".join(f"{mm:.3g}" for mm in self.geometry.spacing_mm)
        shape = " x ".join(str(n) for n in self.geometry.shape)
        return f"Volume({shape}, {spacing} mm, {self.geometry.orientation}, {self.array.dtype})"


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) != 3 or min(shape) < 1:
        raise GeometryError(f"a grid has three axes of at least one voxel, not shape {shape}")


def _check_affine(affine: Float64Array) -> None:
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        raise GeometryError("the affine is not a finite 4 x 4 matrix")
    if not np.allclose(affine[3], (0, 0, 0, 1)):
        raise GeometryError(f"the last row of the affine is {affine[3].tolist()}, not [0, 0, 0, 1]")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if spacing.min() < SMALLEST_SPACING_MM or spacing.max() > LARGEST_SPACING_MM:
        text = " x ".join(f"{mm:.4g}" for mm in spacing)
        raise GeometryError(f"the spacing {text} mm is outside {SMALLEST_SPACING_MM}-{LARGEST_SPACING_MM} mm")
    if abs(np.linalg.det(affine[:3, :3] / spacing)) < 1e-3:
        raise GeometryError("the affine squeezes the volume flat: two axes point the same way")
