"""Skull and mandible, and the frame of the head that brain and skin share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.solid_bone import THIN_CORTEX, SolidBone, ball_site, chain
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Vector, vector

SCALP_MM: Final = 4.0
CALVARIA_MM: Final = 5.5


@dataclass(frozen=True, eq=False)
class HeadFrame:
    """The cranium: centre and radii of its outer surface; ``chin`` and ``brow`` are points under the skin."""

    centre: Vector
    radii: Vector
    chin: Vector
    face_mm: float

    def at(self, x: float, y: float, z: float) -> Vector:
        """A point in radii of the cranium from its centre."""
        point: Vector = self.centre + vector(x, y, z) * self.radii
        return point

    def inner(self, inset_mm: float) -> Ellipsoid:
        """The cranium shrunk, for skull, fluid and brain."""
        return Ellipsoid(self.centre, self.radii - inset_mm)


def head_frame(marks: Landmarks) -> HeadFrame:
    """The cranium sits on the atlas and reaches to the vertex."""
    child, atlas = marks.child, marks.vertebrae["C1"].centre
    height = child.head_height_mm * 0.94 - SCALP_MM
    radii = np.array([child.head_breadth_mm / 2 - SCALP_MM, child.head_length_mm / 2 - SCALP_MM, height / 2])
    centre = vector(float(atlas[0]), float(atlas[1]) + 0.12 * radii[1], child.height_mm - SCALP_MM - radii[2])
    chin = vector(float(atlas[0]), centre[1] + 0.78 * radii[1], child.height_mm - child.face_height_mm + 9)
    return HeadFrame(centre, radii, chin, float(centre[2] - chin[2]))


def skull(marks: Landmarks) -> SolidBone:
    """Vault, base, upper jaw and cheeks; brain, eyes and nose cut out."""
    head = head_frame(marks)
    jaw_z = (float(head.chin[2]) + head.face_mm * 0.36 - head.centre[2]) / head.radii[2]
    upper_jaw = Ellipsoid(head.at(0, 0.62, jaw_z), vector(0.36, 0.30, 0.30) * head.radii)
    mid_face = Ellipsoid(head.at(0, 0.64, -0.80), vector(0.46, 0.27, 0.42) * head.radii)
    brow = Ellipsoid(head.at(0, 0.72, -0.42), vector(0.62, 0.24, 0.34) * head.radii)
    base_z, marrow_place, marrow_radius = -0.86, (0.0, -0.05, -0.88), 0.15
    if marks.child.variation is not None:  # thick enough to hold marrow below the brain
        base_z, marrow_place, marrow_radius = -0.90, (0.0, 0.04, -0.99), 0.06
    base = Ellipsoid(head.at(0, -0.05, base_z), vector(0.60, 0.50, 0.18) * head.radii)
    cheeks = [Capsule(head.at(s * 0.52, 0.70, -0.72), head.at(s * 0.84, 0.02, -0.62), 5.0, 4.0) for s in (-1, 1)]
    mastoids = [Capsule(head.at(s * 0.70, -0.16, -0.62), head.at(s * 0.66, -0.10, -0.98), 9.0, 6.0) for s in (-1, 1)]
    hollow = () if marks.child.variation is None else _mouth_and_antra(head, jaw_z)
    marrow = ball_site(head.at(*marrow_place), marrow_radius * float(head.radii[0]), "base")
    return SolidBone(
        "skull",
        (head.inner(0.0), upper_jaw, mid_face, brow, base, *cheeks, *mastoids),
        THIN_CORTEX * marks.unit_mm * 1.4,
        blend_mm=3.0,
        holes=(head.inner(CALVARIA_MM), *orbits(head), *airways(head), _foramen(marks, head), *hollow),
        sites=(marrow,),
    )


def mandible(marks: Landmarks) -> SolidBone:
    """A horseshoe with two rami."""
    head, u = head_frame(marks), marks.unit_mm
    joint_z = -0.78
    angle_z = (float(head.chin[2]) + 0.16 * head.face_mm - head.centre[2]) / head.radii[2]
    chin = (head.chin - head.centre) / head.radii
    parts: list[Capsule] = []
    for s in (-1, 1):
        points = [
            head.at(s * 0.70, 0.10, joint_z),
            head.at(s * 0.62, 0.20, angle_z),
            head.at(s * 0.36, 0.56, float(chin[2]) + 0.05),
            head.at(s * 0.10, float(chin[1]), float(chin[2]) + 0.05),
        ]
        parts += chain(points, [4.0, 6.0, 7.5, 7.5])
    middle = chain([parts[2].end, parts[5].end], [7.5, 7.5])
    sites = tuple(ball_site(parts[i].start, 5.0, "body") for i in (1, 2, 4, 5))
    return SolidBone("mandible", (*parts, *middle), THIN_CORTEX * u * 1.4, sites=sites)


def orbits(head: HeadFrame) -> tuple[Ellipsoid, Ellipsoid]:
    """Sockets of the eyes."""
    left, right = (Ellipsoid(head.at(s * 0.44, 0.80, -0.42), vector(17, 21, 15)) for s in (-1, 1))
    return left, right


def airways(head: HeadFrame) -> tuple[Ellipsoid, ...]:
    """Nose and maxillary sinuses: air."""
    nose = Ellipsoid(head.at(0, 0.72, -0.86), vector(0.11, 0.26, 0.24) * head.radii)
    sinuses = [Ellipsoid(head.at(s * 0.26, 0.66, -0.92), vector(0.11, 0.16, 0.14) * head.radii) for s in (-1, 1)]
    return nose, *sinuses


def _mouth_and_antra(head: HeadFrame, jaw_z: float) -> tuple[Ellipsoid, ...]:
    """Below the palate, behind the teeth; and the sides of the throat, so that the upper jaw is an arch."""
    mouth = Ellipsoid(head.at(0, 0.48, jaw_z - 0.16), vector(0.24, 0.34, 0.26) * head.radii)
    behind = Ellipsoid(head.at(0, 0.34, jaw_z + 0.04), vector(0.30, 0.14, 0.32) * head.radii)
    return mouth, behind


def _foramen(marks: Landmarks, head: HeadFrame) -> Capsule:
    atlas = marks.vertebrae["C1"]
    start = atlas.centre - atlas.axes[1] * 0.009 * marks.unit_mm
    return Capsule(start, head.at(0, -0.25, -0.6), 10.0, 12.0)
