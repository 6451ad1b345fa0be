"""Front, middle and back height of each vertebral body, measured in a mask of bones with levels.

A vertebra that collapsed in CRMO needs watching for years (Falip 2013, PubMed 23263195). Heights are measured between
the end plates along the spine, whichever way it tilts, from the mask alone: they are as good as the mask, and no better
than its voxels. C1 has no body and that of C2 carries the dens, so both are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.anatomy import HEAD_CLASS_OF_LABEL, bone_named
from crmo_seg.sites.classes import class_value
from crmo_seg.sites.spine import SPINE_CLASSES, spine_directions, spine_pitches
from crmo_seg.sites.vertebral_body import (
    SHALLOWEST_MM,
    Columns,
    Vertebra,
    axes_along,
    columns_of,
    cut_out,
    front_part,
    walls_of,
    way_through_voxel,
    width_of_voxel,
)
from crmo_seg.volume import Float64Array, Volume

LEVELS: Final = (
    *(f"L{number}" for number in range(5, 0, -1)),
    *(f"T{number}" for number in range(12, 0, -1)),
    *(f"C{number}" for number in range(7, 2, -1)),
)
"""Whose bodies are measured, from below upward."""

COARSEST: Final = 0.15
"""Of the height: with longer voxels an error of one would nearly make a loss of 20 %."""
LEAST_SLICES: Final = 6.0
"""Voxels that a body fills from front to back, and so is at least five deep: with three or four, phantoms had errors of
two voxels at the walls and a false grade. With fewer only the mean height is told."""
LEAST_TILT: Final = 3.0
"""Voxels along an end plate, for its tilt to be seen."""
LEAST_VOXELS: Final = 40
"""Of a body."""
MOST_TOUCHING: Final = 0.3
"""Of an end plate: where more of it touches another vertebra, the mask shows no disc, and no end plate."""
_MOST_TILT: Final = float(np.tan(np.deg2rad(25.0)))
"""Of an end plate against the line of its neighbours: more is an accident of the mask."""

_SPINE_VALUES: Final = [class_value(name) for name in (*SPINE_CLASSES, "sacrum")]

AT_BORDER: Final = "cut by the border of the image"
FEW_VOXELS: Final = "too few voxels"
NO_WALLS: Final = "body and arch not told apart"
NO_DISC: Final = "touches a neighbour, so that the end plate is not seen"
COARSE_VOXELS: Final = "voxels too large along the spine"
THICK_SLICES: Final = "front and back not told apart, slices too thick"


@dataclass(frozen=True)
class BodyHeights:
    """Heights of one vertebral body in mm; None where one could not be measured.

    Attributes:
        level: for example ``T5``.
        front_mm: at the front wall.
        middle_mm: in the middle third of the depth.
        back_mm: at the back wall.
        mean_mm: of the whole depth.
        resolution_mm: size of a voxel along the spine; heights may be wrong by as much.
        note: why something was not measured; empty where all was.
    """

    level: str
    front_mm: float | None = None
    middle_mm: float | None = None
    back_mm: float | None = None
    mean_mm: float | None = None
    resolution_mm: float | None = None
    note: str = ""


def body_heights(bones: Volume, resolution_mm: float = 0.0) -> tuple[BodyHeights, ...]:
    """Heights of every vertebra with a level, C3 to L5, from the head down; empty without any.

    Args:
        bones: fine labels, in any orientation.
        resolution_mm: of the mask along the spine where that is worse than its voxels: of the grid on which a network
            marked the bones.
    """
    vertebrae = _vertebrae(bones)
    if not vertebrae:
        return ()
    directions = spine_directions([one.points_mm.mean(axis=0) for one in vertebrae.values()])
    fronts = [
        one.points_mm[front_part(one, axes_along(up))].mean(axis=0)
        for one, up in zip(vertebrae.values(), directions, strict=True)
    ]
    pitches_mm = spine_pitches(fronts)
    found = [
        _measured(level, one, up, bones, max(way_through_voxel(bones.geometry, up), resolution_mm), pitch_mm)
        for (level, one), up, pitch_mm in zip(vertebrae.items(), spine_directions(fronts), pitches_mm, strict=True)
    ]
    return tuple(reversed(found))


def _vertebrae(bones: Volume) -> Mapping[str, Vertebra]:
    """By level, from below upward."""
    boxes = ndimage.find_objects(bones.array)
    label_of = {level: bone_named(f"vertebra_{level}").label for level in LEVELS}
    return MappingProxyType(
        {
            level: cut_out(bones, label, box)
            for level, label in label_of.items()
            if label <= len(boxes) and (box := boxes[label - 1]) is not None
        }
    )


def _measured(
    level: str, vertebra: Vertebra, up: Float64Array, bones: Volume, resolution_mm: float, pitch_mm: float
) -> BodyHeights:
    blank = BodyHeights(level, resolution_mm=resolution_mm)
    if resolution_mm > COARSEST * pitch_mm:
        return replace(blank, note=COARSE_VOXELS)
    if len(vertebra.points_mm) < LEAST_VOXELS:
        return replace(blank, note=FEW_VOXELS)
    columns = columns_of(vertebra, axes_along(up))
    voxel = width_of_voxel(bones.geometry, columns.axes[1])
    walls = walls_of(columns, voxel)
    if walls is not None:
        columns = columns_of(vertebra, _along_end_plates(columns, walls, bones))
        walls = walls_of(columns, voxel)
    problem = _problem(vertebra, columns, walls, bones)
    if problem or walls is None:
        return replace(blank, note=problem)
    return _heights(blank, columns, walls, _inset(columns, walls, bones), LEAST_SLICES * voxel)


def _along_end_plates(columns: Columns, walls: tuple[float, float], bones: Volume) -> Float64Array:
    """Axes at right angles to the plane halfway between the end plates, as far as the voxels show its tilt."""
    chosen = columns.present & _between(columns.depths_mm, walls)[:, None]
    depths, widths = (one[chosen] for one in np.meshgrid(columns.depths_mm, columns.widths_mm, indexing="ij"))
    to_front, to_right = (
        _slope(along, columns.middles_mm[chosen]) if reach >= LEAST_TILT * width_of_voxel(bones.geometry, axis) else 0
        for along, reach, axis in (
            (depths, walls[1] - walls[0], columns.axes[1]),
            (widths, float(np.ptp(columns.widths_mm)), columns.axes[2]),
        )
    )
    return axes_along(columns.axes[0] - to_front * columns.axes[1] - to_right * columns.axes[2])


def _slope(along: Float64Array, heights: Float64Array) -> float:
    """Rise of the heights over the way along; 0 where it is more than an end plate's."""
    centred = along - along.mean()
    slope = float(centred @ heights / max(float(centred @ centred), 1e-9))
    return slope if abs(slope) <= _MOST_TILT else 0.0


def _problem(vertebra: Vertebra, columns: Columns, walls: tuple[float, float] | None, bones: Volume) -> str:
    """Why a body cannot be measured; empty where it can."""
    if walls is None:
        return AT_BORDER if vertebra.at_border.any() else NO_WALLS
    local = (vertebra.points_mm - columns.origin_mm) @ columns.axes.T
    of_body = (local[:, 1] >= walls[0]) & (np.abs(local[:, 2]) <= 1.2 * columns.half_width_mm)
    if vertebra.at_border[of_body].any():
        return AT_BORDER
    if np.count_nonzero(of_body) < LEAST_VOXELS:
        return FEW_VOXELS
    return NO_DISC if _touching(columns, walls, bones, vertebra.label) > MOST_TOUCHING else ""


def _touching(columns: Columns, walls: tuple[float, float], bones: Volume, own: int) -> float:
    """Share of the end plate, the lower or the upper one, next to which lies another vertebra or the sacrum."""
    depth, width = np.nonzero(columns.present & _between(columns.depths_mm, walls)[:, None])
    beyond = columns.lengths_mm[depth, width] / 2 + 0.75 * way_through_voxel(bones.geometry, columns.axes[0])
    shares = []
    for sign in (-1.0, 1.0):
        heights = columns.middles_mm[depth, width] + sign * beyond
        local = np.stack([heights, columns.depths_mm[depth], columns.widths_mm[width]], axis=1)
        labels = _label_at(bones, columns.origin_mm + local @ columns.axes)
        others = np.isin(HEAD_CLASS_OF_LABEL[labels], _SPINE_VALUES) & (labels != own)
        shares.append(float(others.mean()) if len(others) else 0.0)
    return max(shares)


def _label_at(bones: Volume, points_mm: Float64Array) -> NDArray[np.uint8]:
    last = np.array(bones.array.shape) - 1
    indices = np.clip(np.rint(bones.geometry.to_index(points_mm)).astype(np.int64), 0, last)
    labels: NDArray[np.uint8] = bones.array[tuple(indices.T)]
    return labels


def _between(depths: Float64Array, walls: tuple[float, float]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (depths >= walls[0]) & (depths <= walls[1])
    return inside


def _inset(columns: Columns, walls: tuple[float, float], bones: Volume) -> float:
    """How far from a wall columns are whole: half a voxel, or a whole one where a tilted wall runs through several."""
    voxel = width_of_voxel(bones.geometry, columns.axes[1])
    matrix = bones.geometry.affine[:3, :3]
    across = int(np.abs(columns.axes[1] @ matrix).argmax())  # of the array's axes the one with most of that voxel
    to_up, to_front = np.linalg.inv(matrix)[across] @ columns.axes[:2].T
    lean = abs(float(to_up / to_front)) if to_front else np.inf
    height = float(np.median(columns.lengths_mm[columns.present & _between(columns.depths_mm, walls)[:, None]]))
    return min(voxel, (voxel + height * lean) / 2)


def _heights(
    blank: BodyHeights, columns: Columns, walls: tuple[float, float], inset: float, least_depth_mm: float
) -> BodyHeights:
    """Thirds of the depth without what lies at the walls; front and back are carried on to the walls in line.

    Of their difference only what exceeds a voxel is carried on: the rest may be an accident of few slices.
    """
    back, front = walls
    depth = front - back
    inset = min(inset, depth / 2 - SHALLOWEST_MM / 4)
    usable = _between(columns.depths_mm, (back + inset, front - inset)) & columns.present.any(axis=1)
    depths = columns.depths_mm[usable]
    if not len(depths):
        return replace(blank, note=FEW_VOXELS)
    lengths = np.where(columns.present, columns.lengths_mm, np.nan)[usable]
    profile = np.nanmedian(lengths, axis=1)
    found = replace(blank, mean_mm=float(profile.mean()))
    third = np.clip(((depths - back) / depth * 3).astype(np.int64), 0, 2)
    if depth < least_depth_mm or len(np.unique(third)) < 3:
        return replace(found, note=THICK_SLICES)
    (at_back, _, at_front), (low, middle, high) = (
        [float(values[third == number].mean()) for number in range(3)] for values in (depths, profile)
    )
    sure = max(abs(high - low) - (blank.resolution_mm or 0.0), 0.0)
    rise = np.copysign(sure, high - low) / (at_front - at_back)
    return replace(
        found,
        front_mm=max(float(high + rise * (front - at_front)), 0.0),
        middle_mm=middle,
        back_mm=max(float(low + rise * (back - at_back)), 0.0),
    )
