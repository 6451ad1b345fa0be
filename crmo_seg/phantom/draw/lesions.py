"""Lesions and look-alikes on a drawn bone, and the inflamed soft tissue around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.phantom.draw.bones import DrawnBone
from crmo_seg.phantom.draw.canvas import Canvas
from crmo_seg.phantom.edema.blob import edema_share, halo_box, halo_share, lesion_box
from crmo_seg.phantom.edema.plan import PlannedLesion
from crmo_seg.phantom.normal.field import finding_box, finding_share
from crmo_seg.phantom.normal.finding import FINDING_KINDS, Finding, grade
from crmo_seg.phantom.solids.grid import Box, Patch, overlap
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.phantom.solids.texture import Texture

MARKED_SHARE: Final = 0.5
"""A voxel belongs to a look-alike, or a lesion's number is noted, from this share on."""


@dataclass(frozen=True, eq=False)
class PaintedLesion:
    """A lesion with its number on the canvas, and what it and the soft tissue around it give in each channel."""

    number: int
    lesion: PlannedLesion
    values: FloatArray
    halo_values: FloatArray


def paint_lesion(canvas: Canvas, drawn: DrawnBone, painted: PaintedLesion, texture: Texture) -> None:
    """Edema into the marrow of its bone, and its halo into the soft tissue beside it."""
    lesion = painted.lesion
    box, depth = overlap(lesion_box(lesion, canvas.grid), Patch(drawn.box, drawn.depth_mm))
    if not depth.size:
        return
    grain = texture.within(box)
    share = edema_share(lesion, canvas.grid, box, depth, grain)
    share *= _part(drawn, drawn.marrow, box)
    canvas.paint(box, share, painted.values, _uneven(grain))
    canvas.lesions[box][share > np.maximum(canvas.edema[box], 0.1)] = painted.number
    np.maximum(canvas.edema[box], share, out=canvas.edema[box])
    if lesion.halo:
        _paint_halo(canvas, drawn, painted, texture)


def _paint_halo(canvas: Canvas, drawn: DrawnBone, painted: PaintedLesion, texture: Texture) -> None:
    box, distance = overlap(halo_box(painted.lesion, canvas.grid), Patch(drawn.box, drawn.distance_mm))
    share = halo_share(painted.lesion, canvas.grid, box, distance, texture.within(box))
    share *= canvas.body[box] & (canvas.bones[box] == 0)
    canvas.brighten(box, share, painted.halo_values)


def paint_findings(
    canvas: Canvas, drawn: DrawnBone, findings: Sequence[tuple[Finding, FloatArray]], texture: Texture
) -> None:
    """Look-alikes of one bone, each with its values, into its marrow."""
    for finding, values in findings:
        box, depth = overlap(finding_box(finding, canvas.grid), Patch(drawn.box, drawn.depth_mm))
        if depth.size:
            share = finding_share(finding, canvas.grid, box, depth, texture.within(box))
            share *= _part(drawn, drawn.marrow, box)
            _mix_in(canvas, box, share, values, finding)


def paint_soft_findings(canvas: Canvas, findings: Sequence[tuple[Finding, FloatArray]], texture: Texture) -> None:
    """Look-alikes outside the bones: in muscle, fat and joints."""
    for finding, values in findings:
        box = finding_box(finding, canvas.grid)
        if all(part.stop > part.start for part in box):
            share = finding_share(finding, canvas.grid, box, None, texture.within(box))
            share *= canvas.body[box]
            _mix_in(canvas, box, share, values, finding)


def _mix_in(canvas: Canvas, box: Box, share: FloatArray, values: FloatArray, finding: Finding) -> None:
    canvas.brighten(box, share, values)
    if grade(finding) != "trace":  # too faint to be taken for anything
        canvas.findings[box][share > MARKED_SHARE] = FINDING_KINDS.index(finding.kind)


def _part(drawn: DrawnBone, array: FloatArray, box: Box) -> FloatArray:
    """The part of a bone's array in a box inside it."""
    _, view = overlap(box, Patch(drawn.box, array))
    return view


def _uneven(grain: FloatArray) -> FloatArray:
    gain: FloatArray = 1 + np.float32(0.1) * grain
    return gain
