"""Everything of one child on one grid: flesh, organs, look-alikes, cartilage, bones, lesions, in that order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.phantom.body.growth import growth_plates
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.outline import outline
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.body.viscera import organs_of
from crmo_seg.phantom.draw.bones import bone_patches, paint_bone
from crmo_seg.phantom.draw.canvas import Canvas, Paints, empty_canvas
from crmo_seg.phantom.draw.flesh import draw_flesh_textures, paint_flesh
from crmo_seg.phantom.draw.lesions import PaintedLesion, paint_findings, paint_lesion, paint_soft_findings
from crmo_seg.phantom.draw.marrow import paint_marrow
from crmo_seg.phantom.draw.organs import paint_organs
from crmo_seg.phantom.normal.finding import Finding
from crmo_seg.phantom.normal.marrow import MarrowPhenotype
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.phantom.solids.texture import Lengths, draw_texture
from crmo_seg.phantom.streams import stream

MARROW_MM: Final[Lengths] = (7.0, 7.0, 9.0)
"""Size of the patches of red marrow, and of the unevenness of lesions."""
ORGAN_MM: Final[Lengths] = (6.0, 6.0, 6.0)


@dataclass(frozen=True, eq=False)
class Subject:
    """What is to be drawn.

    Attributes:
        marks: joints and sizes of the child in its pose.
        skeleton: its bones.
        phenotype: of its marrow.
        findings: look-alikes with the values of their signal in each channel.
        lesions: with theirs.
        paints: of the tissues.
        amounts: standard deviation over the mean of the texture of some tissues.
    """

    marks: Landmarks
    skeleton: Sequence[SolidBone]
    phenotype: MarrowPhenotype
    findings: Sequence[tuple[Finding, FloatArray]]
    lesions: Sequence[PaintedLesion]
    paints: Paints
    amounts: Mapping[str, float]


def draw_subject(subject: Subject, grid: Grid, seed: int) -> Canvas:
    """Paint a child; what chance there is (textures, bowel) comes from the seed."""
    canvas = empty_canvas(grid, len(subject.paints["muscle"]))
    marks, paints = subject.marks, subject.paints
    paint_flesh(canvas, outline(marks, subject.skeleton), paints, draw_flesh_textures(stream(seed, "flesh"), grid))
    organ_grain = draw_texture(stream(seed, "organ grain"), grid, ORGAN_MM)
    organs = organs_of(marks, stream(seed, "organs"), subject.skeleton)
    paint_organs(canvas, organs, paints, organ_grain, subject.amounts)
    of_bone: dict[str | None, list[tuple[Finding, FloatArray]]] = defaultdict(list)
    for finding, values in subject.findings:
        of_bone[finding.bone].append((finding, values))
    paint_soft_findings(canvas, of_bone[None], organ_grain)
    _paint_bones(canvas, subject, of_bone, stream(seed, "marrow"))
    return canvas


def _paint_bones(
    canvas: Canvas,
    subject: Subject,
    findings: Mapping[str | None, Sequence[tuple[Finding, FloatArray]]],
    rng: np.random.Generator,
) -> None:
    texture, child = draw_texture(rng, canvas.grid, MARROW_MM), subject.marks.child
    lesions: dict[str, list[PaintedLesion]] = defaultdict(list)
    for painted in subject.lesions:
        lesions[painted.lesion.bone.full_name].append(painted)
    reach_mm = {name: max(2 * one.lesion.lasting.halo_mm for one in here) for name, here in lesions.items()}
    patches = bone_patches(canvas.grid, subject.skeleton, reach_mm)
    for bone, patch in zip(subject.skeleton, patches, strict=True):
        name = bone.full_name
        drawn = paint_bone(canvas, bone, patch, growth_plates(bone, child), subject.paints)
        paint_marrow(canvas, drawn, child, subject.phenotype, subject.paints, texture)
        paint_findings(canvas, drawn, findings.get(name, ()), texture)
        for painted in lesions[name]:
            paint_lesion(canvas, drawn, painted, texture)
