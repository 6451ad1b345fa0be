"""Solids made of two solids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmo_seg.phantom.solids.kept import kept
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import Bounds, FloatArray, Shape, Vector


@dataclass(frozen=True, eq=False)
class Both:
    """What lies in two solids at once; with two grown bones, the space between them."""

    first: Shape
    second: Shape

    @kept
    def bounds(self) -> Bounds:
        """Common part of both boxes; empty solids give a box turned inside out."""
        (low, high), (other_low, other_high) = self.first.bounds(), self.second.bounds()
        return np.maximum(low, other_low), np.minimum(high, other_high)

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The larger of both distances."""
        larger: FloatArray = np.maximum(self.first.distance(x, y, z), self.second.distance(x, y, z))
        return larger


@dataclass(frozen=True, eq=False)
class Without:
    """A solid less another one."""

    solid: Shape
    hole: Shape

    @kept
    def bounds(self) -> Bounds:
        """Those of the solid."""
        return self.solid.bounds()

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The larger of the distance to the solid and the depth in the hole."""
        larger: FloatArray = np.maximum(self.solid.distance(x, y, z), -self.hole.distance(x, y, z))
        return larger


@dataclass(frozen=True, eq=False)
class Half:
    """Everything on one side of a plane; only of use together with a bounded solid in ``Both``.

    Attributes:
        point: on the plane.
        inward: unit direction into the solid.
    """

    point: Vector
    inward: Vector

    @kept
    def bounds(self) -> Bounds:
        """Without limit."""
        return np.full(3, -np.inf), np.full(3, np.inf)

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Depth below the plane."""
        i, j, k = (-self.inward).tolist()
        height: FloatArray = (x * i + y * j) + (z * k + float(self.inward @ self.point))
        return height


@dataclass(frozen=True, eq=False)
class Wrinkled:
    """A solid with an uneven surface."""

    shape: Shape
    ripple: Ripple

    @kept
    def bounds(self) -> Bounds:
        """The shape's, widened by what the surface can move."""
        low, high = self.shape.bounds()
        return low - self.ripple.reach_mm, high + self.ripple.reach_mm

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The shape's and the ripple."""
        uneven: FloatArray = self.shape.distance(x, y, z) + self.ripple.at(x, y, z)
        return uneven
