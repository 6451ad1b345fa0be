"""Signed distances of simple solids in millimetres: negative inside, positive outside.

A shape is evaluated on the open axes of a box of voxels: ``x`` of shape (X, 1, 1), ``y`` (1, Y, 1), ``z`` (1, 1, Z),
float32, which gives (X, Y, Z). All are exact or first-order correct at the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crmo_seg.phantom.solids.formulas import (
    Coordinates,
    above_plane,
    elliptic,
    frame_numbers,
    local,
    radius_numbers,
    rod,
    segment_numbers,
    to_segment,
)
from crmo_seg.phantom.solids.formulas import FloatArray as FloatArray
from crmo_seg.phantom.solids.formulas import Floats as Floats
from crmo_seg.phantom.solids.formulas import Vector as Vector
from crmo_seg.phantom.solids.kept import Bounds as Bounds
from crmo_seg.phantom.solids.kept import kept


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
    """The direction with length 1; for single ones several times as fast as with ``numpy.linalg.norm``."""
    scaled: Vector = direction / np.sqrt(direction.dot(direction))
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
        overlap = first - second
        np.abs(overlap, out=overlap)
        np.subtract(blend_mm, overlap, out=overlap)
        np.maximum(overlap, 0, out=overlap)
        overlap *= overlap
        overlap *= 0.25 / blend_mm
        lowest -= overlap
    return lowest


@dataclass(frozen=True, eq=False)
class Capsule:
    """A straight rod with round ends whose radius changes evenly from start to end."""

    start: Vector
    end: Vector
    radius_start: float
    radius_end: float

    @kept
    def bounds(self) -> Bounds:
        """Box around both end balls."""
        low = np.minimum(self.start - self.radius_start, self.end - self.radius_end)
        return low, np.maximum(self.start + self.radius_start, self.end + self.radius_end)

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Distance to the axis less the radius there."""
        return rod((x, y, z), self.numbers())

    def numbers(self) -> Floats:
        """What ``formulas.rod`` takes."""
        change = float(self.radius_end - self.radius_start)
        return *segment_numbers(self.start, self.end), float(self.radius_start), change


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid; ``axes`` has the directions of the three radii as rows."""

    centre: Vector
    radii: Vector
    axes: Vector | None = None

    @kept
    def bounds(self) -> Bounds:
        """The tight box."""
        axes = np.eye(3) if self.axes is None else self.axes
        half = np.sqrt(((axes * self.radii[:, None]) ** 2).sum(axis=0))
        return self.centre - half, self.centre + half

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """First-order distance, exact for a ball."""
        return elliptic(local((x, y, z), frame_numbers(self.centre, self.axes)), radius_numbers(self.radii))


@dataclass(frozen=True, eq=False)
class Drum:
    """A cylinder of elliptic section: two radii across, half its height along the third axis."""

    centre: Vector
    radii: Vector
    half_height: float
    axes: Vector | None = None

    @kept
    def bounds(self) -> Bounds:
        """A box around the box around the drum."""
        axes = np.eye(3) if self.axes is None else self.axes
        half = np.abs(axes * np.array([*self.radii, self.half_height])[:, None]).sum(axis=0)
        return self.centre - half, self.centre + half

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The larger of the distances to the mantle and to the lids."""
        u, v, w = local((x, y, z), frame_numbers(self.centre, self.axes))
        wall: FloatArray = np.maximum(elliptic((u, v), radius_numbers(self.radii)), np.abs(w) - float(self.half_height))
        return wall


@dataclass(frozen=True, eq=False)
class Plate:
    """A triangle with a round rim, everywhere ``2 * half_thickness`` thick."""

    corners: tuple[Vector, Vector, Vector]
    half_thickness: float

    @kept
    def bounds(self) -> Bounds:
        """Box around the corners, widened by the half thickness."""
        points = np.stack(self.corners)
        return points.min(axis=0) - self.half_thickness, points.max(axis=0) + self.half_thickness

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Distance to the plane above the triangle, to the nearest edge beside it."""
        a, b, c = self.corners
        normal = unit(cross(b - a, c - a))
        height = above_plane((x, y, z), a, normal)
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

    @kept
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

    @kept
    def bounds(self) -> Bounds:
        """The shape's, widened."""
        low, high = self.shape.bounds()
        return low - self.layer_mm, high + self.layer_mm

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The shape's, less the layer."""
        return self.shape.distance(x, y, z) - np.float32(self.layer_mm)


def _edge(edge: tuple[Vector, Vector], normal: Vector, xyz: Coordinates) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Squared distance to an edge, and whether the point is on the inner side of it."""
    square, _ = to_segment(xyz, segment_numbers(*edge))
    return square, above_plane(xyz, edge[0], cross(normal, edge[1] - edge[0])) >= 0
