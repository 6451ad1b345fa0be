"""Boxes and wedges of known heights for vertebral bodies, with or without arches, in any tilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from crmo_seg.anatomy import bone_named
from crmo_seg.volume import Array, Geometry, Volume

HALF_MM = (32.0, 60.0, 56.0)


@dataclass(frozen=True)
class BoxSpine:
    """Three bodies in a row along a straight spine about the origin.

    Attributes:
        spacing_mm: of the grid, whose axes are those of the world.
        back_mm: height at the back wall of all, and at the front wall of the outer ones.
        front_mm: height at the front wall of the one in the middle; None where it is a box.
        depth_mm: from back to front wall.
        disc_mm: between the bodies.
        tilt_degrees: turns the spine about right, front and up.
        offset_mm: by which the grid is shifted against the spine.
        arch: whether the masks hold pedicles, laminae and spinous processes.
        levels: from below upward.
    """

    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    back_mm: float = 18.0
    front_mm: float | None = None
    depth_mm: float = 24.0
    disc_mm: float = 5.0
    tilt_degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    arch: bool = True
    levels: Sequence[str] = ("T9", "T8", "T7")

    @property
    def true_front_mm(self) -> float:
        return self.back_mm if self.front_mm is None else self.front_mm

    @property
    def true_middle_mm(self) -> float:
        return (self.back_mm + self.true_front_mm) / 2

    def draw(self) -> Volume:
        """Fine labels by the centres of voxels."""
        shape = tuple(int(np.ceil(2 * half / mm)) for half, mm in zip(HALF_MM, self.spacing_mm, strict=True))
        affine = np.diag([*self.spacing_mm, 1.0])
        affine[:3, 3] = -np.array(HALF_MM) + self.offset_mm
        geometry = Geometry(affine, (shape[0], shape[1], shape[2]))
        turn = Rotation.from_euler("xyz", self.tilt_degrees, degrees=True).as_matrix()
        world = geometry.to_world_mm(np.moveaxis(np.indices(geometry.shape), 0, -1))
        x, y, z = np.moveaxis(world @ turn, -1, 0)
        labels = np.zeros(geometry.shape, dtype=np.uint8)
        for number, level in enumerate(self.levels):
            up = z - (number - 1) * (self.back_mm + self.disc_mm)
            front = self.true_front_mm if number == 1 else self.back_mm
            labels[self._body(x, y, up, front) | self._arch(x, y, up)] = bone_named(f"vertebra_{level}").label
        return Volume(labels, geometry)

    def _body(self, x: Array, y: Array, up: Array, front_mm: float) -> Array:
        height = front_mm + (self.back_mm - front_mm) * (0.5 - y / self.depth_mm)
        return (np.abs(up) <= height / 2) & (np.abs(y) <= self.depth_mm / 2) & (np.abs(x) <= 0.6 * self.depth_mm)

    def _arch(self, x: Array, y: Array, up: Array) -> Array:
        """Pedicles beside a canal 12 mm deep, laminae behind it, a spinous process that hangs over the disc below."""
        if not self.arch:
            return np.zeros(x.shape, dtype=np.bool_)
        behind = -self.depth_mm / 2 - y  # how far behind the back wall
        pedicles = (np.abs(up - 2) <= 4) & (y < 0) & (behind < 12) & (np.abs(np.abs(x) - 11) <= 3)
        laminae = (np.abs(up) <= 6) & (behind >= 12) & (behind < 18) & (np.abs(x) <= 12)
        spine = (np.abs(up + 0.5 * (behind - 18)) <= 5) & (behind >= 18) & (behind < 35) & (np.abs(x) <= 3)
        return pedicles | laminae | spine
