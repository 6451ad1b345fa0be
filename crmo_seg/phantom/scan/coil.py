"""Sensitivity of surface coils: bright near the elements, darker in the middle, falling off at a station's ends."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.phantom.scan.fields import ControlGrid, SmoothField, control_grid, waves
from crmo_seg.phantom.solids.shapes import FloatArray

STEP_MM: Final = 30.0
ELEMENT_RADIUS_MM: Final = (60.0, 110.0)
ELEMENT_PITCH_MM: Final = 150.0
FALL_OFF_MM: Final = 60.0
"""How far from a station's end its signal begins to drop."""
FALL_OFF: Final = 0.5
"""How much of it is lost at the end without correction."""


def coil_field(axes: tuple[FloatArray, ...], bias: float, rng: np.random.Generator) -> SmoothField | None:
    """Sensitivity over one station, mean 1; None where ``bias`` is 0.

    Elements lie in front of and behind the body. Each has the on-axis sensitivity of a loop of radius R at distance
    d, R^3 / (R^2 + d^2)^(3/2) (Biot-Savart), and they are combined as root sum of squares
    (Roemer 1990, doi:10.1002/mrm.1910160203). ``bias`` is the power that correction leaves of it.
    """
    if bias == 0:
        return None
    grid = control_grid(axes, STEP_MM)
    field = _sum_of_squares(grid, axes, rng)
    field *= 1 + np.float32(0.15) * waves(grid.points, rng, (300, 900))
    np.maximum(field, np.float32(0.05) * field.max(), out=field)
    z = grid.points[2]
    to_end = np.clip(np.minimum(z - axes[2][0], axes[2][-1] - z) / FALL_OFF_MM, 0, 1)
    field = field * (1 - FALL_OFF * (1 - to_end) ** 2).astype(np.float32)
    left = (field / field.max()) ** np.float32(bias)
    return grid.field(left / np.float32(grid.mean(left)))


def _sum_of_squares(grid: ControlGrid, axes: tuple[FloatArray, ...], rng: np.random.Generator) -> FloatArray:
    x, y, z = grid.points
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
    for side in (axes[1][0] - 20, axes[1][-1] + 20):
        for across in _centres(axes[0]):
            for along in _centres(axes[2]):
                i, j, k = (np.array((across, float(side), along)) + rng.normal(0, 15, 3)).tolist()
                radius = float(rng.uniform(*ELEMENT_RADIUS_MM))
                squared = (x - i) ** 2 + (y - j) ** 2 + (z - k) ** 2
                total += float(rng.uniform(0.5, 1.5)) * (radius**2 / (radius**2 + squared)) ** 3
    sensitivity: FloatArray = np.sqrt(total).astype(np.float32)
    return sensitivity


def _centres(axis: FloatArray) -> list[float]:
    """Centres of elements side by side along an axis."""
    low, high = float(axis[0]), float(axis[-1])
    count = max(round((high - low) / ELEMENT_PITCH_MM), 1)
    return [low + (index + 0.5) * (high - low) / count for index in range(count)]
