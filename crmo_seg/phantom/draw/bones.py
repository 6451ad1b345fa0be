"""One bone: cartilage that is not ossified yet, cortex, marrow from red to yellow, growth plates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.growth import OssifyingPlate
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.draw.canvas import Canvas, Paints
from crmo_seg.phantom.solids.grid import Box, Grid, Patch, Union, occupied_fraction, overlap, rasterise_all
from crmo_seg.phantom.solids.shapes import FloatArray, Vector

PLATE_MM: Final = 1.1
"""Half the thickness of an open growth plate."""
PLATE_UNDULATION_MM: Final = 0.8
PLATE_REACH: Final = 1.9
"""A plate acts on the bone within this many of its radii."""
EPIPHYSIS_REACH: Final = 4.0
"""What lies beyond a plate, apophyses too, is no further than this many of its radii."""
CALCIFIED_MM: Final = 0.9
"""Dark zone of provisional calcification on the side of the shaft."""
THIN_CORTEX_SHARE: Final = 0.4
"""Cortex beside a growth plate over that of the shaft."""
CORTEX_GROWS_OVER_MM: Final = 30.0


@dataclass(frozen=True, eq=False)
class DrawnBone:
    """A bone on the canvas: what lesions and look-alikes need to know of it.

    Attributes:
        bone: what was drawn.
        box: where; the arrays have its shape.
        distance_mm: signed distance of the ossified bone.
        marrow: share of each voxel that is marrow.
        depth_mm: below the inner surface of the cortex, positive in marrow; at most 0 in growth plates.
    """

    bone: SolidBone
    box: Box
    distance_mm: FloatArray
    marrow: FloatArray
    depth_mm: FloatArray


def bone_patches(grid: Grid, bones: Sequence[SolidBone], reach_mm: Mapping[str, float]) -> Iterator[Patch]:
    """Distances of each bone in turn, its surface still even; ``reach_mm`` outside those that it names."""
    reaches = (max(reach_mm.get(bone.full_name, 0.0), bone.ripple.reach_mm if bone.ripple else 0.0) for bone in bones)
    unions = [Union(bone.shapes, bone.blend_mm, bone.holes, reach) for bone, reach in zip(bones, reaches, strict=True)]
    return rasterise_all(grid, unions)


def paint_bone(
    canvas: Canvas, bone: SolidBone, patch: Patch, plates: Sequence[OssifyingPlate], paints: Paints
) -> DrawnBone:
    """Paint all of a bone but its marrow's colour; returns where its marrow is.

    Args:
        canvas: painted in place.
        bone: solids in the place that they have in this child.
        patch: its distances from ``bone_patches``, which become those of the ossified bone.
        plates: its growth plates with their state.
        paints: of the tissues.
    """
    _roughen(canvas, bone, patch)
    spacing, box = canvas.grid.geometry.spacing_mm, patch.box
    distance = patch.distance_mm
    share = occupied_fraction(distance, spacing)
    canvas.paint(box, share, paints["cartilage"])
    if any(plate.ossified < 1 for plate in plates):
        distance += _cartilage_mm(canvas, patch, plates)
        share = occupied_fraction(distance, spacing)
    canvas.bones[box][distance < 0] = bone_named(bone.full_name).label
    canvas.findings[box][distance < 0] = 0  # of soft tissue, which the bone covers
    canvas.paint(box, share, paints["cortex"])
    depth = -distance - _cortex_mm(canvas, box, bone, plates)
    marrow = occupied_fraction(-depth, spacing)
    canvas.paint(box, marrow, paints["fatty_marrow"])
    for plate in plates:
        _paint_plate(canvas, Patch(box, distance), plate, paints)
        _leave_out_plate(canvas, Patch(box, depth), plate)
    return DrawnBone(bone, box, distance, marrow, depth)


def _roughen(canvas: Canvas, bone: SolidBone, patch: Patch) -> None:
    """Add the ripple, and push the bone back where one painted before lies."""
    if bone.ripple and patch.distance_mm.size:
        patch.distance_mm[...] += bone.ripple.at(*canvas.grid.open_axes(patch.box))
    taken = (canvas.bones[patch.box] > 0) | ~canvas.body[patch.box]
    np.maximum(patch.distance_mm, canvas.grid.margin_mm, out=patch.distance_mm, where=taken)


def _cartilage_mm(canvas: Canvas, patch: Patch, plates: Sequence[OssifyingPlate]) -> FloatArray:
    """How thick the cartilage over the ossified nucleus beyond each plate is."""
    thickness = np.zeros(patch.distance_mm.shape, np.float32)
    for plate in plates:
        if plate.ossified < 1:
            box, view = overlap(_plate_box(canvas, plate, EPIPHYSIS_REACH), Patch(patch.box, thickness))
            above, within = _plate_frame(canvas, box, plate)
            rise = np.clip(above * np.float32(0.5), 0, 1) * within
            np.maximum(view, rise * np.float32((1 - plate.ossified) * plate.radius_mm), out=view)
    return thickness


def _cortex_mm(canvas: Canvas, box: Box, bone: SolidBone, plates: Sequence[OssifyingPlate]) -> FloatArray | np.float32:
    """Cortex is thin at the ends of long bones and thick in the shaft."""
    long_ends = [plate for plate in plates if not plate.apophysis]
    if not long_ends:
        return np.float32(bone.cortex_mm)
    x, y, z = canvas.grid.open_axes(box)
    nearest = np.full(tuple(part.stop - part.start for part in box), np.inf, np.float32)
    for plate in long_ends:
        np.minimum(nearest, np.abs(_height(plate, (x, y, z))), out=nearest)
    nearest *= np.float32((1 - THIN_CORTEX_SHARE) / CORTEX_GROWS_OVER_MM)
    nearest += np.float32(THIN_CORTEX_SHARE)
    np.minimum(nearest, 1, out=nearest)
    nearest *= np.float32(bone.cortex_mm)
    return nearest


def _paint_plate(canvas: Canvas, solid: Patch, plate: OssifyingPlate, paints: Paints) -> None:
    """A bright band with a dark line beside it; a dark scar once it is closed."""
    box, distance = overlap(_plate_box(canvas, plate), solid)
    if not distance.size:
        return
    above, within = _plate_frame(canvas, box, plate)
    spacing = canvas.grid.geometry.spacing_mm
    half = np.float32(PLATE_MM * (0.4 + 0.6 * plate.openness))
    band = occupied_fraction(np.maximum(np.abs(above) - half, distance), spacing) * within
    line = occupied_fraction(np.maximum(np.abs(above + half + CALCIFIED_MM) - CALCIFIED_MM, distance), spacing) * within
    canvas.paint(box, line * np.float32(0.7), paints["cortex"])
    canvas.paint(box, band * np.float32(1 - plate.openness), paints["cortex"])
    canvas.paint(box, band * np.float32(plate.openness), paints["growth_plate"])


def _leave_out_plate(canvas: Canvas, depth: Patch, plate: OssifyingPlate) -> None:
    """No marrow in a plate that is not closed."""
    if plate.openness <= 0:
        return
    box, view = overlap(_plate_box(canvas, plate), depth)
    if view.size:
        above, within = _plate_frame(canvas, box, plate)
        outside = np.where(within > 0.5, np.abs(above) - np.float32(PLATE_MM), np.float32(np.inf))
        np.minimum(view, outside, out=view)


def _plate_box(canvas: Canvas, plate: OssifyingPlate, reach_radii: float = PLATE_REACH) -> Box:
    reach = np.full(3, plate.radius_mm * reach_radii)
    return canvas.grid.box((plate.centre - reach, plate.centre + reach), 0.0)


def _plate_frame(canvas: Canvas, box: Box, plate: OssifyingPlate) -> tuple[FloatArray, FloatArray]:
    """Height above the undulating plate towards the joint, mm; and 1 within its reach, fading to 0 at the rim."""
    x, y, z = (axis - c for axis, c in zip(canvas.grid.open_axes(box), plate.centre.tolist(), strict=True))
    i, j, k = plate.normal.tolist()
    above: FloatArray = (x * i + y * j) + z * k
    square = (x * x + y * y) + z * z
    square -= above * above
    wave = np.float32(np.pi / plate.radius_mm)
    above += np.float32(PLATE_UNDULATION_MM) * np.cos((x + 0.4 * z) * wave) * np.cos((y - 0.4 * z) * wave)
    across = np.sqrt(np.maximum(square, 0)) / np.float32(plate.radius_mm)
    return above, np.clip((PLATE_REACH - across) * 4, 0, 1).astype(np.float32)


def _height(plate: OssifyingPlate, xyz: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    i, j, k = plate.normal.tolist()
    x, y, z = xyz
    offset: Vector = plate.centre
    height: FloatArray = (x * i + y * j) + (z * k - float(offset @ plate.normal))
    return height
