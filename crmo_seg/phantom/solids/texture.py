"""Smooth random fields in a box of the grid: random coefficients on a coarse lattice, cubic B-splines between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.phantom.solids.grid import Box, Grid
from crmo_seg.phantom.solids.shapes import FloatArray

Lengths: TypeAlias = tuple[float, float, float]

_SPLINE_REACH: Final = 2
"""A cubic B-spline is zero beyond two lattice steps."""
_DEVIATION_ALONG_AXIS: Final = float(np.sqrt(151 / 315))
"""Root mean square over all phases of a sum of unit random coefficients times cubic B-splines, along one axis."""


@dataclass(frozen=True, eq=False)
class Texture:
    """A field of mean 0 and standard deviation 1 over a whole grid, evaluated only where it is asked for.

    Attributes:
        grid: on whose voxels it is given.
        step_mm: of the lattice along x, y and z; the field keeps its sign over about this length.
        coefficients: float32, one for each lattice point.
    """

    grid: Grid
    step_mm: Lengths
    coefficients: FloatArray

    def within(self, box: Box) -> FloatArray:
        """The field in a box, shape (X, Y, Z) of the box, float32."""
        (i, along_x), (j, along_y), (k, along_z) = (self._weights(axis, part) for axis, part in enumerate(box))
        lattice = self.coefficients[i, j, k]
        rows, (_, columns) = lattice.shape[0], along_x.shape
        sheets: FloatArray = (along_x.T @ lattice.reshape(rows, -1)).reshape(columns, *lattice.shape[1:])
        field: FloatArray = along_y.T @ (sheets @ along_z)
        return field

    def _weights(self, axis: int, part: slice) -> tuple[slice, FloatArray]:
        """The lattice points that count for the voxels of a part, and their weights, (lattice, voxels)."""
        if part.stop <= part.start:
            return slice(0, 1), np.zeros((1, 0), np.float32)
        step = self.grid.geometry.spacing_mm[axis] / self.step_mm[axis]
        first, last = int(part.start * step), int((part.stop - 1) * step) + 2 * _SPLINE_REACH
        return slice(first, last + 1), self._splines[axis][first : last + 1, part]

    @cached_property
    def _splines(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weight of each lattice point for each voxel along x, y and z."""
        x, y, z = (
            _spline_weights(lattice, voxels, mm / step)
            for lattice, voxels, mm, step in zip(
                self.coefficients.shape,
                self.grid.geometry.shape,
                self.grid.geometry.spacing_mm,
                self.step_mm,
                strict=True,
            )
        )
        return x, y, z


def draw_texture(rng: np.random.Generator, grid: Grid, step_mm: Lengths) -> Texture:
    """A random field whose features are about ``step_mm`` long; a step is never shorter than a voxel."""
    spacing, shape = grid.geometry.spacing_mm, grid.geometry.shape
    x, y, z = (max(step, mm) for step, mm in zip(step_mm, spacing, strict=True))
    counts = [int(n * mm / step) + 2 * _SPLINE_REACH + 2 for n, mm, step in zip(shape, spacing, (x, y, z), strict=True)]
    return Texture(grid, (x, y, z), rng.standard_normal(counts, dtype=np.float32))


def _spline_weights(lattice: int, voxels: int, step: float) -> FloatArray:
    """(lattice, voxels); voxel 0 lies at lattice point ``_SPLINE_REACH``, so that two lie before it."""
    positions = np.arange(voxels) * step + _SPLINE_REACH
    distance = np.abs(positions[None, :] - np.arange(lattice)[:, None])
    return (_cubic_spline(distance) / _DEVIATION_ALONG_AXIS).astype(np.float32)


def _cubic_spline(distance: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> FloatArray:
    """The cardinal cubic B-spline at distances in lattice steps (Unser 1999, doi:10.1109/79.799930)."""
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.maximum(2 - distance, 0) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)
