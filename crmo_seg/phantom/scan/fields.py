"""Smooth fields: drawn on a coarse grid of control points, evaluated as cubic B-splines a few columns at a time.

A field of a whole body is never held in memory. Weights are in double precision, so that values do not depend on how
many threads multiply the matrices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.phantom.solids.shapes import FloatArray, Vector

Axes: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
Bases: TypeAlias = tuple[Vector, Vector, Vector]

COLUMNS: Final = 16
"""Voxels along x that are worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class ControlGrid:
    """Control points around a box of voxels.

    Attributes:
        points: mm along x, y, z, float32 in open form (a, 1, 1), (1, b, 1), (1, 1, c).
        bases: weights of the control points at the voxels: (X, a), (Y, b), (Z, c); rows sum to 1.
    """

    points: Axes
    bases: Bases

    def field(self, coefficients: FloatArray) -> SmoothField:
        """The field with these values (a, b, c) at the control points; it never leaves their range."""
        return SmoothField(np.ascontiguousarray(coefficients, dtype=np.float32), self.bases)

    def mean(self, coefficients: FloatArray) -> float:
        """Mean over the voxels of the field with these values at the control points."""
        a, b, c = (basis.mean(axis=0) for basis in self.bases)
        return float(np.einsum("a,b,c,abc", a, b, c, coefficients))


@dataclass(frozen=True, eq=False)
class SmoothField:
    """A cubic B-spline over the voxels of an image (X, Y, Z)."""

    coefficients: FloatArray
    bases: Bases

    def columns(self, part: slice) -> FloatArray:
        """Values at some of the voxels along x, shape (part, Y, Z)."""
        along_x, along_y, along_z = self.bases
        values = np.tensordot(along_x[part], self.coefficients, axes=1)
        field: FloatArray = np.matmul(np.matmul(along_y, values), along_z.T).astype(np.float32)
        return field

    def whole(self) -> FloatArray:
        """Values at all voxels, for pictures and tests."""
        return self.columns(slice(None))


def control_grid(axes: tuple[FloatArray, ...], step_mm: float) -> ControlGrid:
    """Control points every ``step_mm`` around voxels at these coordinates (rising, mm) along x, y, z."""
    (x, a), (y, b), (z, c) = (_one_axis(axis, step_mm) for axis in axes)
    return ControlGrid((x[:, None, None], y[None, :, None], z[None, None, :]), (a, b, c))


def columns(count: int) -> Iterator[slice]:
    """Pieces of an axis, ``COLUMNS`` long."""
    return (slice(first, min(first + COLUMNS, count)) for first in range(0, count, COLUMNS))


def multiply(image: FloatArray, field: SmoothField) -> None:
    """Scale an image by a field, in place."""
    for part in columns(image.shape[0]):
        image[part] *= field.columns(part)


def waves(axes: Axes, rng: np.random.Generator, wavelength_mm: tuple[float, float], terms: int = 6) -> FloatArray:
    """Smooth noise of unit variance at open axes: plane waves in drawn directions."""
    x, y, z = axes
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
    for _ in range(terms):
        direction = rng.standard_normal(3)
        direction *= 2 * np.pi / (np.linalg.norm(direction) * rng.uniform(*wavelength_mm))
        i, j, k = direction.tolist()
        total += np.cos(x * i + y * j + z * k + float(rng.uniform(0, 2 * np.pi)))
    total *= np.float32(math.sqrt(2 / terms))
    return total


def _one_axis(axis: FloatArray, step_mm: float) -> tuple[FloatArray, Vector]:
    """Coordinates of the control points, and their weights at the voxels."""
    position: Vector = (axis - axis[0]).astype(np.float64) / step_mm
    count = math.floor(position[-1]) + 4
    offset = np.abs(position[:, None] - (np.arange(count) - 1))
    near, far = 2 / 3 - offset**2 + offset**3 / 2, np.clip(2 - offset, 0, None) ** 3 / 6
    weights: Vector = np.where(offset < 1, near, far)
    points = (float(axis[0]) + (np.arange(count) - 1) * step_mm).astype(np.float32)
    return points, weights
