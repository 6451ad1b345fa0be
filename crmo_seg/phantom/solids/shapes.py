"""Signed distances of simple solids in millimetres: negative inside, positive outside.

A shape is evaluated on the open axes of a box of voxels: ``x`` of shape (X, 1, 1), ``y`` (1, Y, 1), ``z`` (1, 1, Z),
float32, which gives (X, Y, Z). The formulas follow I. Quilez, "Distance functions"
(https://iquilezles.org/articles/distfunctions); all are exact or first-order correct at the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float32]
Vector: TypeAlias = NDArray[np.float64]
Bounds: TypeAlias = tuple[Vector, Vector]
Floats: TypeAlias = tuple[float, ...]


class Shape(Protocol):
    """A solid with a signed distance."""

    def bounds(self) -> Bounds:
        """Lowest and highest corner of a box around the solid, mm."""
        ...

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Signed distance at the open axes, mm."""
        ...


def vector(x: float, y: float, z: float) -> Vector:
    """A point or direction in RAS+ mm."""
    return np.array((x, y, z), dtype=np.float64)


def unit(direction: Vector) -> Vector:
    """The direction with length 1."""
    scaled: Vector = direction / np.linalg.norm(direction)
    return scaled


def cross(first: Vector, second: Vector) -> Vector:
    """Cross product of two vectors; for single ones several times as fast as ``numpy.cross``.

    >>> cross(vector(1, 0, 0), vector(0, 1, 0)).tolist()
    [0.0, 0.0, 1.0]
    """
    (a, b, c), (d, e, f) = first.tolist(), second.tolist()
    return vector(b * f - c * e, c * d - a * f, a * e - b * d)


def axes_along(direction: Vector, hint: Vector) -> Vector:
    """Rows of a right-handed frame: the third runs along ``direction``, the second close to ``hint``.

    >>> axes_along(vector(0, 0, 2), hint=vector(0, 1, 0)).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    third = unit(direction)
    second = unit(hint - third * float(hint @ third))
    return np.stack([cross(second, third), second, third])


def smooth_minimum(first: FloatArray, second: FloatArray, blend_mm: float) -> FloatArray:
    """Union of two solids whose crease is filled over ``blend_mm`` (quadratic polynomial minimum).

    >>> smooth_minimum(np.float32([5.0]), np.float32([1.0]), 2.0).tolist()
    [1.0]
    """
    lowest: FloatArray = np.minimum(first, second)
    if blend_mm > 0:
        overlap = np.maximum(blend_mm - np.abs(first - second), 0)
        lowest -= overlap * overlap * (0.25 / blend_mm)
    return lowest


@dataclass(frozen=True, eq=False)
class Capsule:
    """A straight rod with round ends whose radius changes evenly from start to end."""

    start: Vector
    end: Vector
    radius_start: float
    radius_end: float

    def bounds(self) -> Bounds:
        """Box around both end balls."""
        low = np.minimum(self.start - self.radius_start, self.end - self.radius_end)
        return low, np.maximum(self.start + self.radius_start, self.end + self.radius_end)

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Distance to the axis less the radius there."""
        along, square, length_2 = _along_segment(self.start, self.end, (x, y, z))
        t = np.clip(along * (1.0 / length_2), 0, 1)
        square += t * (t * length_2 - 2 * along)
        radius: FloatArray = np.sqrt(np.maximum(square, 0)) - t * float(self.radius_end - self.radius_start)
        radius -= float(self.radius_start)
        return radius


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid; ``axes`` has the directions of the three radii as rows."""

    centre: Vector
    radii: Vector
    axes: Vector | None = None

    def bounds(self) -> Bounds:
        """The tight box."""
        axes = np.eye(3) if self.axes is None else self.axes
        half = np.sqrt(((axes * self.radii[:, None]) ** 2).sum(axis=0))
        return self.centre - half, self.centre + half

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """First-order distance, exact for a ball."""
        return _elliptic(_local(self.centre, self.axes, (x, y, z)), self.radii.tolist())


@dataclass(frozen=True, eq=False)
class Drum:
    """A cylinder of elliptic section: two radii across, half its height along the third axis."""

    centre: Vector
    radii: Vector
    half_height: float
    axes: Vector | None = None

    def bounds(self) -> Bounds:
        """A box around the box around the drum."""
        axes = np.eye(3) if self.axes is None else self.axes
        half = np.abs(axes * np.array([*self.radii, self.half_height])[:, None]).sum(axis=0)
        return self.centre - half, self.centre + half

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The larger of the distances to the mantle and to the lids."""
        u, v, w = _local(self.centre, self.axes, (x, y, z))
        wall: FloatArray = np.maximum(_elliptic((u, v), self.radii.tolist()), np.abs(w) - float(self.half_height))
        return wall


@dataclass(frozen=True, eq=False)
class Plate:
    """A triangle with a round rim, everywhere ``2 * half_thickness`` thick."""

    corners: tuple[Vector, Vector, Vector]
    half_thickness: float

    def bounds(self) -> Bounds:
        """Box around the corners, widened by the half thickness."""
        points = np.stack(self.corners)
        return points.min(axis=0) - self.half_thickness, points.max(axis=0) + self.half_thickness

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Distance to the plane above the triangle, to the nearest edge beside it."""
        a, b, c = self.corners
        normal = unit(cross(b - a, c - a))
        height = _plane(a, normal, (x, y, z))
        nearest, inside = _edge((a, b), normal, (x, y, z))
        for edge in ((b, c), (c, a)):
            square, within = _edge(edge, normal, (x, y, z))
            nearest, inside = np.minimum(nearest, square), inside & within
        squared: FloatArray = np.where(inside, height * height, nearest)
        return np.sqrt(np.maximum(squared, 0)) - np.float32(self.half_thickness)


@dataclass(frozen=True, eq=False)
class Profile:
    """A column of ellipses: half width, half depth and centre in y given at heights ``z`` (rising), between linear."""

    z: Floats
    half_width: Floats
    half_depth: Floats
    centre_y: Floats
    centre_x: float = 0.0

    def bounds(self) -> Bounds:
        """Box around all ellipses."""
        width, depth, y = max(self.half_width), np.array(self.half_depth), np.array(self.centre_y)
        low = vector(self.centre_x - width, float((y - depth).min()), self.z[0])
        return low, vector(self.centre_x + width, float((y + depth).max()), self.z[-1])

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Distance within each height, cut off at both ends."""
        width, depth, centre_y = (
            np.interp(z, self.z, knots).astype(np.float32)
            for knots in (self.half_width, self.half_depth, self.centre_y)
        )
        u, v = (x - float(self.centre_x)) / width, (y - centre_y) / depth
        k0 = np.sqrt(u * u + v * v)
        k1 = np.sqrt((u / width) ** 2 + (v / depth) ** 2)
        ratio = np.clip(k0 / np.maximum(k1, 1e-6), np.minimum(width, depth), np.maximum(width, depth))
        cut: FloatArray = np.maximum((k0 - 1) * ratio, np.maximum(self.z[0] - z, z - self.z[-1]))
        return cut


@dataclass(frozen=True, eq=False)
class Grown:
    """A shape with a layer of some mm around it."""

    shape: Shape
    layer_mm: float

    def bounds(self) -> Bounds:
        """The shape's, widened."""
        low, high = self.shape.bounds()
        return low - self.layer_mm, high + self.layer_mm

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The shape's, less the layer."""
        return self.shape.distance(x, y, z) - np.float32(self.layer_mm)


def _local(
    centre: Vector, axes: Vector | None, xyz: tuple[FloatArray, ...]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, y, z = (axis - offset for axis, offset in zip(xyz, centre.tolist(), strict=True))
    if axes is None:
        return x, y, z
    u, v, w = ((x * i + y * j) + z * k for i, j, k in axes.tolist())
    return u, v, w


def _elliptic(coordinates: tuple[FloatArray, ...], radii: list[float]) -> FloatArray:
    scaled = [axis * (1 / radius) for axis, radius in zip(coordinates, radii, strict=True)]
    k0 = np.sqrt(_sum_of_squares(scaled))
    k1 = np.sqrt(_sum_of_squares([axis * (1 / radius) for axis, radius in zip(scaled, radii, strict=True)]))
    # The ratio lies between the radii; the clip only matters at the very centre, where it is 0 / 0.
    ratio: FloatArray = np.clip(k0 / np.maximum(k1, 1e-6), min(radii), max(radii))
    return (k0 - 1) * ratio


def _sum_of_squares(axes: list[FloatArray]) -> FloatArray:
    total = axes[0] * axes[0]
    for axis in axes[1:]:
        total = total + axis * axis
    return total


def _along_segment(start: Vector, end: Vector, xyz: tuple[FloatArray, ...]) -> tuple[FloatArray, FloatArray, float]:
    x, y, z = (axis - offset for axis, offset in zip(xyz, start.tolist(), strict=True))
    i, j, k = (end - start).tolist()
    along = (x * i + y * j) + z * k
    square = (x * x + y * y) + z * z
    return along, square, max(i * i + j * j + k * k, 1e-9)


def _plane(point: Vector, normal: Vector, xyz: tuple[FloatArray, ...]) -> FloatArray:
    i, j, k = normal.tolist()
    x, y, z = xyz
    height: FloatArray = (x * i + y * j) + (z * k - float(point @ normal))
    return height


def _edge(
    edge: tuple[Vector, Vector], normal: Vector, xyz: tuple[FloatArray, ...]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Squared distance to an edge, and whether the point is on the inner side of it."""
    along, square, length_2 = _along_segment(*edge, xyz)
    t = np.clip(along * (1.0 / length_2), 0, 1)
    square += t * (t * length_2 - 2 * along)
    return square, _plane(edge[0], cross(normal, edge[1] - edge[0]), xyz) >= 0
