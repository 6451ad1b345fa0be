"""Painting a child on a grid: flesh, organs, bones, edema; later things cover earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.anatomy import bone_named
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.outline import OUTLINE_BLEND_MM, SKIN_MM, FleshPart
from crmo_seg.phantom.body.solid_bone import GrowthPlate, SolidBone
from crmo_seg.phantom.plain.blob import grow_blob, lesion_box
from crmo_seg.phantom.plain.edema import PlannedLesion
from crmo_seg.phantom.plain.signal import MUSCLE
from crmo_seg.phantom.solids.grid import Grid, Patch, occupied_fraction, overlap, paint, rasterise, rasterise_layers
from crmo_seg.phantom.solids.shapes import FloatArray

PLATE_MM: Final = 1.6
"""Half the thickness of an open growth plate with the bright zone beside it."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """Arrays of one study on one grid, all (X, Y, Z) and filled in place."""

    grid: Grid
    signal: FloatArray
    bones: NDArray[np.uint8]
    edema: NDArray[np.bool_]


def empty_canvas(grid: Grid) -> Canvas:
    """Air everywhere."""
    shape = grid.geometry.shape
    return Canvas(grid, np.zeros(shape, np.float32), np.zeros(shape, np.uint8), np.zeros(shape, np.bool_))


def paint_flesh(canvas: Canvas, parts: Sequence[FleshPart], tissue: Mapping[str, float]) -> None:
    """Skin, fat, muscle."""
    shapes, insets = [part.shape for part in parts], [part.fat_mm + SKIN_MM for part in parts]
    body, muscle = rasterise_layers(canvas.grid, shapes, insets, blend_mm=OUTLINE_BLEND_MM)
    _paint(canvas, body, 0.0, tissue["skin"])
    _paint(canvas, body, SKIN_MM, tissue["fat"])
    _paint(canvas, muscle, 0.0, tissue["muscle"])


def paint_organs(canvas: Canvas, organs: Sequence[Organ], tissue: Mapping[str, float]) -> None:
    """Organs in their order."""
    for organ in organs:
        if organ.shapes:
            _paint(canvas, rasterise(canvas.grid, organ.shapes, blend_mm=organ.blend_mm), 0.0, tissue[organ.tissue])


def paint_bone(
    canvas: Canvas,
    bone: SolidBone,
    lesions: Sequence[PlannedLesion],
    tissue: Mapping[str, float],
    *,
    physis_openness: float,
) -> list[float]:
    """Cortex, marrow, growth plates and edema of one bone; returns the volume of each lesion in ml, 0 if too small."""
    patch = rasterise(canvas.grid, bone.shapes, blend_mm=bone.blend_mm, holes=bone.holes)
    taken = canvas.bones[patch.box] > 0  # by a bone painted before
    patch.distance_mm[taken] = np.maximum(patch.distance_mm[taken], canvas.grid.margin_mm)
    inside = patch.distance_mm < 0
    canvas.bones[patch.box][inside] = bone_named(bone.full_name).label
    _paint(canvas, patch, 0.0, tissue["cortex"])
    marrow = occupied_fraction(patch.distance_mm + np.float32(bone.cortex_mm), canvas.grid.geometry.spacing_mm)
    paint(canvas.signal[patch.box], marrow, tissue["fatty_marrow" if bone.fatty else "red_marrow"])
    for plate in bone.growth_plates:
        _paint_growth_plate(canvas, patch, plate, tissue["growth_plate"], physis_openness)
    return [_paint_lesion(canvas, patch, lesion, bone.cortex_mm, marrow) for lesion in lesions]


def _paint(canvas: Canvas, patch: Patch, inset_mm: float, value: float) -> None:
    distance = patch.distance_mm + np.float32(inset_mm) if inset_mm else patch.distance_mm
    paint(canvas.signal[patch.box], occupied_fraction(distance, canvas.grid.geometry.spacing_mm), value)


def _paint_growth_plate(canvas: Canvas, patch: Patch, plate: GrowthPlate, value: float, openness: float) -> None:
    bounds = plate.centre - plate.radius_mm * 1.6, plate.centre + plate.radius_mm * 1.6
    box, solid = overlap(canvas.grid.box(bounds, 0.0), patch)
    x, y, z = (axis - c for axis, c in zip(canvas.grid.open_axes(box), plate.centre.tolist(), strict=True))
    i, j, k = plate.normal.tolist()
    off_plane = np.abs((x * i + y * j) + z * k) - float(PLATE_MM)
    distance = np.maximum(off_plane, solid)
    fraction = occupied_fraction(distance, canvas.grid.geometry.spacing_mm)
    paint(canvas.signal[box], fraction * np.float32(openness), value)


def _paint_lesion(canvas: Canvas, patch: Patch, lesion: PlannedLesion, cortex_mm: float, marrow: FloatArray) -> float:
    box, solid = overlap(lesion_box(lesion, canvas.grid), patch)
    free = (solid < -cortex_mm) & ~canvas.edema[box]
    if not free.any():
        return 0.0
    blob = grow_blob(lesion, canvas.grid, box, free)
    volume = float(np.count_nonzero(blob.mask)) * canvas.grid.geometry.voxel_volume_ml
    if volume < MINIMUM_LESION_ML:
        return 0.0
    canvas.edema[box] |= blob.mask
    _, filled = overlap(box, Patch(patch.box, marrow))
    paint(canvas.signal[box], blob.fraction * filled, MUSCLE * lesion.signal_ratio)
    return volume
