"""Rotation, scaling, bending and mirroring: they change where a patch is cut, and read nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from crmo_seg.data.augment.base import RandSometimesd
from crmo_seg.data.augment.fields import FEWEST_POINTS
from crmo_seg.data.augment.window import WINDOW, Window
from crmo_seg.data.sample import Sample
from crmo_seg.volume import Float64Array

_SLICE_AXIS = 2


class RandWindowd(RandSometimesd):
    """A transform of the window; runs between placing a patch and cutting it."""

    def act(self, sample: Sample) -> Sample:
        """Change the window."""
        return sample | {WINDOW: self.turned(sample[WINDOW])}

    def turned(self, window: Window) -> Window:
        """The changed window."""
        raise NotImplementedError


class RandRotated(RandWindowd):
    """Rotation about each axis by an angle drawn evenly.

    Thick slices are rotated in plane only. Else the angles out of plane are divided by the ratio of the spacings, as
    voxels reach far between slices. nnU-Net: 30 degrees with probability 0.2 (``nnUNetTrainer``).

    Args:
        prob: of acting on a patch.
        degrees: largest angle in plane, either way.
    """

    def __init__(self, prob: float, degrees: float) -> None:
        super().__init__(prob)
        self.degrees = degrees

    def turned(self, window: Window) -> Window:
        """Rotated about the anchor."""
        x, y, z = np.radians(self.R.uniform(-self.degrees, self.degrees, size=3))
        out_of_plane = 0.0 if window.in_plane_only else 1 / max(window.slice_ratio, 1.0)
        millimetres = np.array([1.0, 1.0, window.slice_ratio])
        rotation = rotation_matrix(x * out_of_plane, y * out_of_plane, z)
        return replace(window, matrix=window.matrix @ (rotation * millimetres / millimetres[:, None]))


class RandScaled(RandWindowd):
    """Larger or smaller, alike along all axes; in thick slices in plane only.

    nnU-Net: 0.7 to 1.4 with probability 0.2; its factor, as this one, is the step in the case, so 1.4 shrinks.

    Args:
        prob: of acting on a patch.
        steps: smallest and largest step in the case for one voxel of the patch.
    """

    def __init__(self, prob: float, steps: Sequence[float]) -> None:
        super().__init__(prob)
        self.steps = steps

    def turned(self, window: Window) -> Window:
        """Scaled about the anchor."""
        step = self.between(*self.steps)
        return replace(window, matrix=window.matrix * (step, step, 1.0 if window.in_plane_only else step))


class RandBendd(RandWindowd):
    """A smooth displacement that differs from place to place (elastic deformation).

    Args:
        prob: of acting on a patch.
        voxels: standard deviation of the control points' displacement in plane, in voxels.
        points: control points along each axis, at least 4.
    """

    def __init__(self, prob: float, voxels: float, points: int = FEWEST_POINTS + 1) -> None:
        super().__init__(prob)
        self.voxels = voxels
        self.points = points

    def turned(self, window: Window) -> Window:
        """Bent about the anchor; across slices less, as they are thicker."""
        through = 1 if window.in_plane_only else self.points
        control = self.R.normal(0, self.voxels, size=(3, self.points, self.points, through))
        control[_SLICE_AXIS] *= 0.0 if window.in_plane_only else 1 / max(window.slice_ratio, 1.0)
        return replace(window, control=control)


class RandMirrord(RandWindowd):
    """Each axis by itself is mirrored in half of the patches, which costs nothing.

    Args:
        axes: of the model grid; only those along which a head's classes are unsided.
    """

    def __init__(self, axes: Sequence[int]) -> None:
        super().__init__(prob=1.0)
        self.axes = tuple(axes)

    def turned(self, window: Window) -> Window:
        """Mirrored."""
        drawn = [axis in self.axes and bool(self.R.rand() < 0.5) for axis in range(3)]
        return replace(window, flips=(drawn[0], drawn[1], drawn[2]))


def rotation_matrix(x: float, y: float, z: float) -> Float64Array:
    """About the first axis, then the second, then the third; radians.

    >>> rotation_matrix(0, 0, np.pi / 2).round(12) @ [1, 0, 0]
    array([0., 1., 0.])
    """
    matrix: Float64Array = np.eye(3)
    for (first, second), angle in (((1, 2), x), ((2, 0), y), ((0, 1), z)):
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[second, first], turn[first, second] = np.sin(angle), -np.sin(angle)
        matrix = turn @ matrix
    return matrix


def is_of_window(transform: Any) -> bool:  # noqa: ANN401  (any of MONAI's transforms)
    """Whether it has to run before a patch is cut."""
    return isinstance(transform, RandWindowd)
