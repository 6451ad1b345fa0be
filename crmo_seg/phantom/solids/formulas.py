"""Signed distances as formulas of coordinates and numbers, so that they serve one solid and many alike.

Coordinates are float32: open axes (X, 1, 1), (1, Y, 1), (1, 1, Z) of a box, or points (n,) each. A number of a solid is
a float, or for points that belong to several solids a float32 (n,); both give the same bits. The formulas follow
I. Quilez, "Distance functions" (https://iquilezles.org/articles/distfunctions).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float32]
Vector: TypeAlias = NDArray[np.float64]
Floats: TypeAlias = tuple[float, ...]
Coordinates: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
Number: TypeAlias = "float | FloatArray"
Numbers: TypeAlias = Iterable[Number]


def segment_numbers(start: Vector, end: Vector) -> Floats:
    """What ``to_segment`` takes: start, way to the end, its squared length and the inverse of that."""
    i, j, k = (end - start).tolist()
    square_length = max(i * i + j * j + k * k, 1e-9)
    return *start.tolist(), i, j, k, square_length, 1.0 / square_length


def to_segment(xyz: Coordinates, numbers: Numbers) -> tuple[FloatArray, FloatArray]:
    """Squared distance to a segment, and where on it the nearest point is, 0 to 1."""
    start_x, start_y, start_z, i, j, k, square_length, inverse = numbers
    x, y, z = xyz[0] - start_x, xyz[1] - start_y, xyz[2] - start_z
    along = (x * i + y * j) + z * k
    square = (x * x + y * y) + z * z
    share: FloatArray = along * inverse
    _limit(share, 0, 1)
    along *= 2
    square += share * (share * square_length - along)
    return square, share


def rod(xyz: Coordinates, numbers: Numbers) -> FloatArray:
    """Distance to a segment less a radius that changes evenly along it; the last two numbers: first radius, change."""
    *segment, radius, change = numbers
    square, share = to_segment(xyz, segment)
    share *= change
    np.maximum(square, 0, out=square)  # below 0 by rounding only
    distance: FloatArray = np.sqrt(square, out=square)
    distance -= share
    distance -= radius
    return distance


def frame_numbers(centre: Vector, axes: Vector | None) -> Floats:
    """What ``local`` takes: the centre, then the three directions, which are left out where they are x, y and z."""
    return *centre.tolist(), *(() if axes is None else axes.ravel().tolist())


def local(xyz: Coordinates, numbers: Numbers) -> Coordinates:
    """Coordinates in a frame."""
    centre_x, centre_y, centre_z, *axes = numbers
    x, y, z = xyz[0] - centre_x, xyz[1] - centre_y, xyz[2] - centre_z
    if not axes:
        return x, y, z
    a, b, c, d, e, f, g, h, i = axes
    return (x * a + y * b) + z * c, (x * d + y * e) + z * f, (x * g + y * h) + z * i


def radius_numbers(radii: Vector) -> Floats:
    """What ``elliptic`` takes: inverse radii, the smallest radius, the largest."""
    listed = radii.tolist()
    return *(1 / radius for radius in listed), min(listed), max(listed)


def elliptic(coordinates: Sequence[FloatArray], numbers: Numbers) -> FloatArray:
    """First-order distance to an ellipse or an ellipsoid around the origin; exact for a ball."""
    *inverses, least, most = numbers
    scaled = [axis * inverse for axis, inverse in zip(coordinates, inverses, strict=True)]
    k0 = _length(scaled)
    ratio = _length([axis * inverse for axis, inverse in zip(scaled, inverses, strict=True)])
    np.maximum(ratio, 1e-6, out=ratio)
    np.divide(k0, ratio, out=ratio)
    # The ratio lies between the radii; the limits only matter at the very centre, where it is 0 / 0.
    _limit(ratio, least, most)
    k0 -= 1
    k0 *= ratio
    return k0


def above_plane(xyz: Coordinates, point: Vector, normal: Vector) -> FloatArray:
    """Height above the plane through a point across a unit normal."""
    i, j, k = normal.tolist()
    x, y, z = xyz
    height: FloatArray = (x * i + y * j) + (z * k - float(point @ normal))
    return height


def _length(axes: Sequence[FloatArray]) -> FloatArray:
    total: FloatArray = axes[0] * axes[0]
    for axis in axes[1:]:
        total = total + axis * axis
    return np.sqrt(total, out=total)


def _limit(values: FloatArray, low: Number, high: Number) -> None:
    """In place, and for small arrays several times as fast as ``numpy.clip``."""
    np.maximum(values, low, out=values)
    np.minimum(values, high, out=values)
