"""Where fat suppression fails: smooth fields of 0 (suppressed) to 1 (not at all)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from crmo_seg.phantom.scan.fields import Axes, SmoothField, columns, control_grid, waves
from crmo_seg.phantom.scan.protocol import Artefacts, SuppressionFailure
from crmo_seg.phantom.solids.shapes import FloatArray

STEP_MM: Final = 20.0
END_MM: Final = 70.0
"""How far failures reach from a station's end."""
EDGE_MM: Final = 50.0
"""How far failures reach from the left and right edge of the field."""
IRREGULARITY: Final = 0.35
_WAVELENGTH_MM: Final = (90.0, 260.0)


def failure_field(axes: tuple[FloatArray, ...], artefacts: Artefacts, rng: np.random.Generator) -> SmoothField | None:
    """Failure over one station; None where there is none. Stations differ: each has its own shim."""
    grid = control_grid(axes, STEP_MM)
    failures: list[FloatArray] = [*_places(artefacts.suppression_failures, grid.points, axes, rng)]
    for strength, axis, reach_mm in ((artefacts.end_failure, 2, END_MM), (artefacts.edge_failure, 0, EDGE_MM)):
        level = _rim(grid.points[axis], axes[axis], reach_mm) + IRREGULARITY * waves(grid.points, rng, _WAVELENGTH_MM)
        failures += [np.float32(strength) * np.clip(level, 0, 1)] if strength else []
    return grid.field(np.max(failures, axis=0)) if failures else None


def add_unsuppressed(image: FloatArray, fat_leak: FloatArray, failure: SmoothField) -> None:
    """Add the signal of fat where suppression fails, in place."""
    for part in columns(image.shape[0]):
        share = failure.columns(part)
        share *= fat_leak[part]
        image[part] += share


def _places(
    places: tuple[SuppressionFailure, ...], points: Axes, axes: tuple[FloatArray, ...], rng: np.random.Generator
) -> Iterator[FloatArray]:
    for place in places:
        texture = waves(points, rng, _WAVELENGTH_MM)
        if _near(place, axes):
            squared = [((p - c) / r) ** 2 for p, c, r in zip(points, place.centre_mm, place.radii_mm, strict=True)]
            distance = np.sqrt(squared[0] + squared[1] + squared[2])
            yield place.strength * np.clip(2 * (1 - distance) + IRREGULARITY * texture, 0, 1)


def _near(place: SuppressionFailure, axes: tuple[FloatArray, ...]) -> bool:
    """Whether any of it can lie in the station."""
    reach = zip(axes, place.centre_mm, place.radii_mm, strict=True)
    return all(axis[0] <= centre + 2 * radius and axis[-1] >= centre - 2 * radius for axis, centre, radius in reach)


def _rim(points: FloatArray, axis: FloatArray, reach_mm: float) -> FloatArray:
    """1 at both ends of an axis, 0 from ``reach_mm`` on, below 0 in the middle so that irregularities stay near."""
    inside = np.minimum(points - axis[0], axis[-1] - points)
    level: FloatArray = np.clip(1 - inside / np.float32(reach_mm), -2, 1)
    return level
