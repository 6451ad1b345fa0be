"""Bent tubes: smooth curves through points, as chains of rods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import CubicSpline

from crmo_seg.phantom.body.solid_bone import chain
from crmo_seg.phantom.solids.shapes import Capsule, Vector


def smooth_curve(points: Sequence[Vector], count: int) -> list[Vector]:
    """``count`` points on a cubic spline through the given ones.

    >>> smooth_curve([np.zeros(3), np.ones(3)], 3)[1].tolist()
    [0.5, 0.5, 0.5]
    """
    corners = np.array(points)
    steps = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.maximum(steps, 1e-6))])
    kind = "natural" if len(corners) > 2 else "not-a-knot"
    spline = CubicSpline(along, corners, bc_type=kind)
    return list(spline(np.linspace(0, along[-1], count)))


def tube(points: Sequence[Vector], radii: Sequence[float], count: int) -> tuple[Capsule, ...]:
    """A bent tube of ``count`` points; the radii are given at equal steps from start to end."""
    along = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(radii)), radii)
    return chain(smooth_curve(points, count), along.tolist())
