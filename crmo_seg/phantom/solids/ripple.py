"""Unevenness of a surface: a sum of products of cosines, cheap on open axes because it is separable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmo_seg.phantom.solids.shapes import FloatArray, Vector


@dataclass(frozen=True, eq=False)
class Ripple:
    """Added to the signed distance of a solid, it moves the surface in and out.

    Attributes:
        origin: point that the waves are counted from, RAS+ mm.
        wave_numbers: (n, 3) radians per mm along x, y and z.
        phases: (n, 3) radians.
        amplitudes_mm: (n,) of each product.
    """

    origin: Vector
    wave_numbers: Vector
    phases: Vector
    amplitudes_mm: Vector

    @property
    def reach_mm(self) -> float:
        """The furthest that the surface can move."""
        return float(np.abs(self.amplitudes_mm).sum())

    def at(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Shift at open axes (X, 1, 1), (1, Y, 1), (1, 1, Z), float32 (X, Y, Z), mm; positive makes the solid thinner.

        >>> one = Ripple(np.zeros(3), np.zeros((1, 3)), np.zeros((1, 3)), np.array([0.5]))
        >>> one.at(*(np.zeros((1, 1, 1), np.float32),) * 3).item()
        0.5
        """
        along_x, along_y, along_z = (self._waves(axis.ravel(), i) for i, axis in enumerate((x, y, z)))
        along_x *= self.amplitudes_mm.astype(np.float32)[:, None]
        plane = (along_x[:, :, None] * along_y[:, None, :]).reshape(len(along_x), -1)
        ripple = (plane.T @ along_z).astype(np.float32, copy=False)
        return ripple.reshape(x.size, y.size, z.size)

    def _waves(self, coordinates: FloatArray, axis: int) -> FloatArray:
        """Cosines of each wave along one axis, (n, coordinates)."""
        local = (coordinates - self.origin[axis]).astype(np.float32)
        numbers, phases = self.wave_numbers[:, axis, None], self.phases[:, axis, None]
        waves: FloatArray = np.cos(numbers.astype(np.float32) * local + phases.astype(np.float32))
        return waves
