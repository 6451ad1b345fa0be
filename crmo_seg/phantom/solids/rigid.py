"""Rigid motions, and solids moved by them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmo_seg.phantom.solids.combined import Both, Half, Without, Wrinkled
from crmo_seg.phantom.solids.shapes import Capsule, Drum, Ellipsoid, Grown, Plate, Shape, Vector, unit


@dataclass(frozen=True, eq=False)
class Rigid:
    """A point p goes to ``rotation @ p + shift``, RAS+ mm."""

    rotation: Vector
    shift: Vector

    def point(self, point: Vector) -> Vector:
        """Where a point goes."""
        moved: Vector = self.rotation @ point + self.shift
        return moved

    def direction(self, direction: Vector) -> Vector:
        """Where a direction goes, or the rows of a frame of directions."""
        turned: Vector = direction @ self.rotation.T
        return turned

    def after(self, first: Rigid) -> Rigid:
        """The motion that does ``first``, then this."""
        return Rigid(self.rotation @ first.rotation, self.point(first.shift))


STILL: Final = Rigid(np.eye(3), np.zeros(3))
"""The motion that moves nothing."""


def turn(axis: Vector, angle_deg: float, centre: Vector) -> Rigid:
    """Rotation about an axis through a point, right-handed.

    >>> moved = turn(np.array([0.0, 0, 1]), 90, np.array([1.0, 0, 0])).point(np.array([2.0, 0, 0]))
    >>> moved.round(6).tolist()
    [1.0, 1.0, 0.0]
    """
    i, j, k = unit(axis).tolist()
    cross = np.array([[0, -k, j], [k, 0, -i], [-j, i, 0]])
    angle = np.deg2rad(angle_deg)
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return Rigid(rotation, centre - rotation @ centre)


def moved(shape: Shape, motion: Rigid) -> Shape:
    """The solid in its new place.

    Raises:
        TypeError: for a solid that cannot be turned, such as a ``Profile``.
    """
    return shape if motion is STILL else _moved_simple(shape, motion)


def _moved_simple(shape: Shape, motion: Rigid) -> Shape:
    match shape:
        case Capsule():
            return replace(shape, start=motion.point(shape.start), end=motion.point(shape.end))
        case Ellipsoid() | Drum():
            axes = np.eye(3) if shape.axes is None else shape.axes
            return replace(shape, centre=motion.point(shape.centre), axes=motion.direction(axes))
        case Plate():
            a, b, c = (motion.point(corner) for corner in shape.corners)
            return replace(shape, corners=(a, b, c))
    return _moved_compound(shape, motion)


def _moved_compound(shape: Shape, motion: Rigid) -> Shape:
    match shape:
        case Grown():
            return replace(shape, shape=moved(shape.shape, motion))
        case Both():
            return Both(moved(shape.first, motion), moved(shape.second, motion))
        case Without():
            return Without(moved(shape.solid, motion), moved(shape.hole, motion))
        case Half():
            return Half(motion.point(shape.point), motion.direction(shape.inward))
        case Wrinkled():  # its waves stay along the axes of the grid
            ripple = replace(shape.ripple, origin=motion.point(shape.ripple.origin))
            return Wrinkled(moved(shape.shape, motion), ripple)
    message = f"a {type(shape).__name__} cannot be turned"
    raise TypeError(message)
