"""A planned look-alike becomes voxels: its share of each voxel of a box.

A painter mixes it in as ``signal += share * max(strength * muscle - signal, 0)``: a focus never darkens red marrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.normal.finding import Finding
from crmo_seg.phantom.solids.grid import Box, Grid
from crmo_seg.phantom.solids.shapes import Bounds, Capsule, Ellipsoid, FloatArray

Local: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]

PLATE_GAP_MM: Final = 1.0
"""A flame begins this far from the middle of its growth plate."""
ENDOSTEAL_MM: Final = 4.0
"""Specks lie within about this depth below the cortex: "invariably at the endosteal surface" (Shabshin 2006)."""


def finding_box(finding: Finding, grid: Grid) -> Box:
    """The voxels that a look-alike may reach."""
    return grid.box(_bounds(finding), finding.border_mm + grid.margin_mm)


def finding_share(
    finding: Finding, grid: Grid, box: Box, depth_mm: FloatArray | None, texture: FloatArray | None = None
) -> FloatArray:
    """Share of a look-alike in each voxel of a box, 0 to 1, float32 (X, Y, Z).

    Args:
        finding: what to draw.
        grid: of the canvas.
        box: a part of the grid, for example ``finding_box``.
        depth_mm: (X, Y, Z), positive inside the tissue that it is confined to (marrow, or soft tissue): the share is 0
            where it is 0 or less. None: not confined.
        texture: smooth noise of unit variance, (X, Y, Z); makes the edges irregular. None: none.
    """
    noise: FloatArray | np.float32 = np.float32(0) if texture is None else texture
    share = _SHARES[finding.kind](finding, _local(finding.place, grid, box), noise, grid)
    if depth_mm is not None:
        share *= np.clip(depth_mm * np.float32(1 / grid.geometry.spacing_mm[0]), 0, 1)
        if finding.kind == "speckle":
            share *= np.clip(np.float32(1.75) - depth_mm * np.float32(1 / ENDOSTEAL_MM), 0, 1)
    return share


def _bounds(finding: Finding) -> Bounds:
    place = finding.place
    return place.bounds() if isinstance(place, Capsule) else Ellipsoid(place.centre, place.radii, place.axes).bounds()


def _local(place: LesionSite | Capsule, grid: Grid, box: Box) -> Local:
    """Coordinates in the place's own axes, mm; for a vessel the open axes of the grid."""
    if isinstance(place, Capsule):
        return grid.open_axes(box)
    x, y, z = (axis - np.float32(c) for axis, c in zip(grid.open_axes(box), place.centre.tolist(), strict=True))
    u, v, w = ((x * np.float32(i) + y * np.float32(j)) + z * np.float32(k) for i, j, k in place.axes.tolist())
    return u, v, w


def _flame(finding: Finding, local: Local, noise: FloatArray | np.float32, grid: Grid) -> FloatArray:
    """Tongues of unequal length from the plate into the shaft, fading with the distance from it."""
    u, v, w = local
    radii = _site(finding).radii.tolist()
    rim_2 = (u * np.float32(1 / radii[0])) ** 2 + (v * np.float32(1 / radii[1])) ** 2
    streaks = _waves(finding, (u, v, w * np.float32(0.08)))
    reach = (np.float32(0.55) + np.float32(0.28) * streaks + np.float32(0.08) * noise) * (
        1 - 0.55 * np.minimum(rim_2, 1)
    )
    reach *= np.float32(radii[2])
    depth = -w
    along = np.clip(1 - depth / np.maximum(reach, 0.5), 0, 1)
    share: FloatArray = np.sqrt(along) * np.clip(0.72 + 0.30 * streaks, 0, 1)
    share *= np.clip((depth - np.float32(PLATE_GAP_MM)) * np.float32(1 / grid.geometry.spacing_mm[0]) + 0.5, 0, 1)
    share *= np.clip((1 - np.sqrt(rim_2)) * np.float32(radii[0] / finding.border_mm) + 0.5, 0, 1)
    return share


def _patch(finding: Finding, local: Local, noise: FloatArray | np.float32, grid: Grid) -> FloatArray:
    """A cloud without a core: the noise is as large as the fall towards the border."""
    level, radius = _level(finding, local)
    cloud = np.float32(0.6) * _waves(finding, local) + np.float32(0.4) * noise
    envelope = np.clip(0.5 - level * np.float32(radius / finding.border_mm), 0, 1)
    share: FloatArray = envelope * np.clip(0.55 + 0.45 * cloud, 0, 1)
    return share


def _speckle(finding: Finding, local: Local, noise: FloatArray | np.float32, grid: Grid) -> FloatArray:
    """Many small specks."""
    level, radius = _level(finding, local)
    envelope = np.clip(0.5 - level * np.float32(radius / max(2.0, finding.border_mm)), 0, 1)
    share: FloatArray = envelope * np.clip((_waves(finding, local) - np.float32(0.55)) * np.float32(1.6), 0, 1)
    return share


def _cloudy(finding: Finding, local: Local, noise: FloatArray | np.float32, grid: Grid) -> FloatArray:
    """An ellipsoid with soft border and slightly wavy surface: muscle edema, fluid, lymph nodes."""
    level, radius = _level(finding, local)
    level += np.float32(0.06) * _waves(finding, local) + np.float32(0.05) * noise
    border = max(finding.border_mm, grid.geometry.spacing_mm[0])
    share: FloatArray = np.clip(0.5 - level * np.float32(radius / border), 0, 1)
    return share


def _wedge(finding: Finding, local: Local, noise: FloatArray | np.float32, grid: Grid) -> FloatArray:
    """Flat, horizontal, wide at its back and narrow in front."""
    u, v, w = local
    half_width, half_length, half_height = _site(finding).radii.tolist()
    forward = np.clip(v * np.float32(0.5 / half_length) + 0.5, 0, 1)
    inside = np.minimum(half_width * (1.1 - forward) - np.abs(u), half_length - np.abs(v))
    spacing = grid.geometry.spacing_mm
    thin = min(1.0, 2 * half_height / min(spacing))
    flat = np.clip((half_height - np.abs(w)) * np.float32(1 / min(spacing)) + 0.5, 0, thin)
    share: FloatArray = np.clip(inside * np.float32(1 / spacing[0]) + 0.5, 0, 1) * flat
    share *= 1 - np.float32(0.4) * forward
    return share


def _rod(finding: Finding, local: Local, noise: FloatArray | np.float32, grid: Grid) -> FloatArray:
    """A thin vessel; thinner than a voxel it is diluted."""
    rod = finding.place
    if not isinstance(rod, Capsule):
        raise TypeError(f"a {finding.kind} lies along a rod, not in an ellipsoid")
    spacing = grid.geometry.spacing_mm[0]
    share: FloatArray = np.clip(rod.distance(*local) * np.float32(-1 / spacing) + 0.5, 0, 1)
    share *= np.float32(min(1.0, (2 * rod.radius_start / spacing) ** 0.5))
    return share


def _site(finding: Finding) -> LesionSite:
    if isinstance(finding.place, Capsule):
        raise TypeError(f"a {finding.kind} lies in an ellipsoid, not along a rod")
    return finding.place


def _level(finding: Finding, local: Local) -> tuple[FloatArray, float]:
    """-1 in the middle, 0 on the ellipsoid; and the mean radius that turns it into mm."""
    radii = _site(finding).radii
    scaled = [axis * np.float32(1 / radius) for axis, radius in zip(local, radii.tolist(), strict=True)]
    level: FloatArray = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2) - np.float32(1)
    return level, float(radii.prod() ** (1 / 3))


def _waves(finding: Finding, local: Local) -> FloatArray:
    """Sum of the finding's cosine waves, of unit variance."""
    u, v, w = local
    total: FloatArray = np.zeros(np.broadcast_shapes(u.shape, v.shape, w.shape), dtype=np.float32)
    for (i, j, k), phase in zip(finding.wave_vectors.tolist(), finding.wave_phases.tolist(), strict=True):
        total += np.cos((u * np.float32(i) + v * np.float32(j)) + (w * np.float32(k) + np.float32(phase)))
    count = max(len(finding.wave_phases), 1)
    total *= np.float32((2 / count) ** 0.5)
    return total


_Draw: TypeAlias = Callable[[Finding, Local, "FloatArray | np.float32", Grid], FloatArray]
_SHARES: Final[Mapping[str, _Draw]] = MappingProxyType(
    {
        "flame": _flame,
        "patch": _patch,
        "speckle": _speckle,
        "basivertebral_vein": _wedge,
        "nutrient_vessel": _rod,
        "effusion": _cloudy,
        "muscle_edema": _cloudy,
        "lymph_node": _cloudy,
        "vessel": _rod,
    }
)
