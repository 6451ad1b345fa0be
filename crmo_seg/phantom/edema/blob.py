"""A planned lesion becomes voxels: edema in the marrow of its bone, inflammation of the soft tissue beside it.

Edema is a deformed ellipsoid (or a cluster of balls) grown in marrow to the planned volume. The inflamed soft tissue is
not edema of marrow, so it is never labelled.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.lesions import NEIGHBOURS_26
from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.edema.lesion import LesionShape, PlannedLesion
from crmo_seg.phantom.edema.room import PLATE_HALF_MM
from crmo_seg.phantom.solids.grid import Box, Grid, bounds_of
from crmo_seg.phantom.solids.shapes import Bounds, Capsule, Ellipsoid, FloatArray, Vector

WAVE_SHARE: Final = 0.11
"""Amplitude of each wave of the surface, in mean radii of the lobe."""
TEXTURE_SHARE: Final = 0.16
"""The same for one standard deviation of the texture."""
LARGEST_GROWTH: Final = 0.7
"""By so many mean radii a lobe grows at most beyond its ellipsoid where the marrow there is too little."""
SMOOTH_NODULES: Final = 0.35
"""The surface of nodules is so much less wavy than that of others."""
HALO_ROUGHNESS: Final = 0.25
"""One standard deviation of the texture changes the share by so much."""
HALO_PLATEAU: Final = 0.5
"""Along the bone the halo keeps its strength over this share of its width, then fades."""
_STEPS: Final = 12


def lesion_box(lesion: PlannedLesion, grid: Grid, margin_mm: float = 0.0) -> Box:
    """The voxels that a lesion with its soft border may reach, and a margin; may be empty."""
    bounds = [_reach(site, lesion.border_mm) for site, _ in lesion.lobes]
    low, high = np.min([b[0] for b in bounds], axis=0), np.max([b[1] for b in bounds], axis=0)
    return grid.box((low, high), margin_mm)


def edema_share(lesion: PlannedLesion, grid: Grid, box: Box, depth_mm: FloatArray, texture: FloatArray) -> FloatArray:
    """How much of each voxel of the box is edema, 0 to 1; 0 outside marrow.

    Where it exceeds 0.5 there is one connected piece per lobe, as large as planned if the marrow within reach is.

    Args:
        lesion: on the skeleton of this visit.
        grid: the fine grid.
        box: voxels to fill, at best ``lesion_box(lesion, grid)``.
        depth_mm: (X, Y, Z) of the box, below the inner surface of the cortex of the lesion's own bone; not positive
            outside its marrow.
        texture: (X, Y, Z) of the box, smooth noise of unit variance that roughens the surface.
    """
    share = np.zeros(depth_mm.shape, dtype=np.float32)
    if not share.size:
        return share
    for number, (site, volume_ml) in enumerate(lesion.lobes):
        marrow = depth_mm > 0
        if lesion.plate is not None:
            marrow &= _own_side(lesion, site, grid, box)
        nodules = lesion.shape.nodules if number == 0 else lesion.shape.nodules[:0]
        level = _level_mm(site, lesion.shape, nodules, grid.open_axes(box)) + _roughness(site, texture, nodules)
        voxels = volume_ml / grid.geometry.voxel_volume_ml
        np.maximum(share, _grown(level, marrow, voxels, (_mean_radius(site), lesion.border_mm)), out=share)
    return share


def halo_box(lesion: PlannedLesion, grid: Grid) -> Box:
    """The voxels that the halo of a lesion may reach; may be empty."""
    return lesion_box(lesion, grid, 2 * lesion.lasting.halo_mm)


def halo_share(
    lesion: PlannedLesion, grid: Grid, box: Box, distance_outside_mm: FloatArray, texture: FloatArray
) -> FloatArray:
    """How inflamed each voxel of the box is, 0 to 1; strongest at the bone beside the lesion, 0 inside the bone.

    It fades to 0 over ``lesion.lasting.halo_mm`` away from the bone, and along the bone where that leaves the lesion.

    Args:
        lesion: on the skeleton of this visit.
        grid: the fine grid.
        box: voxels to fill, at best ``halo_box(lesion, grid)``.
        distance_outside_mm: (X, Y, Z) of the box, from the surface of the lesion's bone, positive outside.
        texture: (X, Y, Z) of the box, smooth noise of unit variance.
    """
    reach, outside = np.float32(lesion.lasting.halo_mm), distance_outside_mm > 0
    near = outside & (distance_outside_mm < reach)
    share = np.zeros(distance_outside_mm.shape, dtype=np.float32)
    if not near.any():
        return share
    along = np.min([_rod(site).distance(*grid.open_axes(box)) for site, _ in lesion.lobes], axis=0)
    along -= distance_outside_mm
    along -= along[near].min()
    away = 1 - distance_outside_mm[near] / reach
    beside = np.clip((1 - along[near] / reach) / np.float32(1 - HALO_PLATEAU), 0, 1)
    rough = 1 + np.float32(HALO_ROUGHNESS) * np.clip(texture[near], -2, 2)
    share[near] = np.clip(_smooth(away) * _smooth(beside) * rough, 0, 1)
    return share


def _grown(
    level: FloatArray, marrow: NDArray[np.bool_], voxels: float, radius_and_border_mm: tuple[float, float]
) -> FloatArray:
    """Share of one lobe: 0.5 where the level reaches the limit that encloses so many voxels, softer around."""
    radius, border = radius_and_border_mm
    limit, piece = _limit(level, marrow, max(round(voxels), 1), LARGEST_GROWTH * radius)
    share: FloatArray = np.clip(0.5 - (level - np.float32(limit)) / np.float32(border), 0, 1).astype(np.float32)
    share[~marrow] = 0
    share[(share > 0.5) & ~piece] = 0
    share[piece] = np.maximum(share[piece], np.float32(0.501))
    return share


def _limit(
    level: FloatArray, marrow: NDArray[np.bool_], voxels: int, largest: float
) -> tuple[float, NDArray[np.bool_]]:
    """The level up to which one connected piece of marrow has that many voxels, and the piece."""
    levels = np.sort(level[marrow & (level <= largest)])
    if not levels.size:
        return -np.inf, np.zeros_like(marrow)
    low, high = min(voxels, levels.size), levels.size
    limit = float(levels[low - 1])
    piece = _piece(level, marrow, limit)
    for _ in range(_STEPS):
        missing = voxels - int(piece.sum())
        if missing <= max(0.02 * voxels, 0.5) or low >= high:
            break
        low = min(low + missing, high)
        limit = float(levels[low - 1])
        piece = _piece(level, marrow, limit)
    return limit, piece


def _piece(level: FloatArray, marrow: NDArray[np.bool_], limit: float) -> NDArray[np.bool_]:
    """The largest connected part of the marrow up to a level."""
    pieces, count = ndimage.label(marrow & (level <= np.float32(limit)), structure=NEIGHBOURS_26)
    if count < 2:
        return np.asarray(pieces > 0)
    return np.asarray(pieces == np.bincount(pieces.ravel())[1:].argmax() + 1)


def _level_mm(
    site: LesionSite, shape: LesionShape, nodules: Vector, axes: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """Distance from the surface of the lobe, about in mm, negative inside."""
    mean = _mean_radius(site)
    amplitude = WAVE_SHARE * mean * (SMOOTH_NODULES if len(nodules) else 1.0)
    level = _cluster_mm(site, nodules, axes) if len(nodules) else _ellipsoid(site).distance(*axes)
    rows = (shape.wave_vectors / site.radii) @ site.axes
    x, y, z = (axis - np.float32(c) for axis, c in zip(axes, site.centre, strict=True))
    for (i, j, k), phase in zip(rows.astype(np.float32), shape.wave_phases.astype(np.float32), strict=True):
        level += np.float32(amplitude) * np.cos((x * i + y * j + phase) + z * k)
    return level


def _cluster_mm(site: LesionSite, nodules: Vector, axes: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    """Distance from the union of the balls."""
    scaled = nodules * _mean_radius(site)
    balls = [Ellipsoid(site.centre + ball[:3] @ site.axes, np.full(3, ball[3])) for ball in scaled]
    level = balls[0].distance(*axes)
    for ball in balls[1:]:
        np.minimum(level, ball.distance(*axes), out=level)
    return level


def _roughness(site: LesionSite, texture: FloatArray, nodules: Vector) -> FloatArray:
    amplitude = TEXTURE_SHARE * _mean_radius(site) * (SMOOTH_NODULES if len(nodules) else 1.0)
    rough: FloatArray = np.clip(texture, -2.5, 2.5) * np.float32(amplitude)
    return rough


def _own_side(lesion: PlannedLesion, site: LesionSite, grid: Grid, box: Box) -> NDArray[np.bool_]:
    """Voxels on the lobe's side of the growth plate, clear of the plate even where it has closed."""
    plate = lesion.plate
    if plate is None:
        return np.ones((1, 1, 1), dtype=bool)
    sign = 1.0 if float((site.centre - plate.centre) @ plate.normal) > 0 else -1.0
    i, j, k = (plate.normal * sign).astype(np.float32)
    x, y, z = (axis - np.float32(c) for axis, c in zip(grid.open_axes(box), plate.centre, strict=True))
    clear: NDArray[np.bool_] = (x * i + y * j) + z * k >= np.float32(PLATE_HALF_MM)
    return clear


def _ellipsoid(site: LesionSite) -> Ellipsoid:
    """The solid of a lobe."""
    return Ellipsoid(site.centre, site.radii, site.axes)


def _rod(site: LesionSite) -> Capsule:
    """A rod in the lobe, as long and as thin: far outside its distance is exact, which an ellipsoid's is not."""
    longest, thinnest = int(np.argmax(site.radii)), float(site.radii.min())
    reach = site.axes[longest] * max(float(site.radii[longest]) - thinnest, 0.0)
    return Capsule(site.centre - reach, site.centre + reach, thinnest, thinnest)


def _reach(site: LesionSite, border_mm: float) -> Bounds:
    growth = (LARGEST_GROWTH + 4 * WAVE_SHARE) * _mean_radius(site) + border_mm / 2
    low, high = bounds_of([_ellipsoid(site)])
    return low - growth, high + growth


def _mean_radius(site: LesionSite) -> float:
    return float(np.prod(site.radii) ** (1 / 3))


def _smooth(ramp: FloatArray) -> FloatArray:
    """Smoothstep of a ramp from 0 to 1."""
    smooth: FloatArray = ramp * ramp * (3 - 2 * ramp)
    return smooth
