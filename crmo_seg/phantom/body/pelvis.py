"""Ilium, ischium and pubis of one side. Numbers are in statures from the hip joint's height and the midline."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.solid_bone import THIN_CORTEX, LesionSite, SolidBone, ball_site, flat_site
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Plate, Vector, axes_along, vector

FEMUR_HEAD: Final = 0.0135
JOINT_GAP: Final = 0.0018
_PLATE: Final = 0.0046
"""Half the thickness of the wing of the ilium."""


def hip_bone(marks: Landmarks, side: Side) -> tuple[SolidBone, SolidBone, SolidBone]:
    """The three bones that meet in the socket of the hip."""
    return _ilium(marks, side), _ischium(marks, side), _pubis(marks, side)


def _point(marks: Landmarks, side: Side, outward: float, ahead: float, up: float) -> Vector:
    hip = marks.joints[side].hip
    return marks.at(marks.joints[side].outward * outward, ahead, up, above=float(hip[2]))


def _socket(marks: Landmarks, side: Side) -> Ellipsoid:
    radius = (FEMUR_HEAD * marks.child.bone_girth + JOINT_GAP) * marks.unit_mm
    return Ellipsoid(marks.joints[side].hip, np.full(3, radius))


def _ilium(marks: Landmarks, side: Side) -> SolidBone:
    u = marks.unit_mm
    spine_back, crest_back, crest, spine_front, roof, joint = (
        _point(marks, side, *place)
        for place in (
            (0.029, -0.050, 0.043),
            (0.048, -0.046, 0.074),
            (0.074, -0.012, 0.082),
            (0.071, 0.030, 0.052),
            (0.052, 0.000, 0.016),
            (0.0345, -0.032, 0.022),
        )
    )
    wing = [
        (spine_back, crest_back, joint),
        (crest_back, crest, joint),
        (crest, roof, joint),
        (crest, spine_front, roof),
    ]
    dome = Ellipsoid(roof, vector(0.0165, 0.0175, 0.0140) * u)
    sites = (flat_site(Ellipsoid(roof, vector(0.013, 0.013, 0.010) * u), "roof"), *_wing_sites(crest, roof, joint, u))
    return SolidBone(
        f"ilium_{side.value}",
        (*(Plate(corners, _PLATE * u) for corners in wing), dome),
        THIN_CORTEX * u,
        blend_mm=0.006 * u,
        holes=(_socket(marks, side),),
        sites=sites,
    )


def _wing_sites(crest: Vector, roof: Vector, joint: Vector, unit_mm: float) -> tuple[LesionSite, ...]:
    normal = np.cross(roof - crest, joint - crest)
    axes = axes_along(normal, crest - roof)
    radii = vector(0.016, 0.018, 0.0055) * unit_mm
    beside_joint, middle = joint * 0.65 + crest * 0.35, (crest + roof + joint) / 3
    return LesionSite("sacroiliac", None, beside_joint, radii, axes), LesionSite("wing", None, middle, radii, axes)


def _ischium(marks: Landmarks, side: Side) -> SolidBone:
    u = marks.unit_mm
    neck, seat, ramus = (
        _point(marks, side, *place)
        for place in ((0.047, -0.017, -0.008), (0.036, -0.026, -0.046), (0.021, 0.002, -0.044))
    )
    parts = (Capsule(neck, seat, 0.0130 * u, 0.0100 * u), Capsule(seat, ramus, 0.0075 * u, 0.0050 * u))
    holes, sites = (_socket(marks, side),), (ball_site(seat, 0.0090 * u),)
    return SolidBone(f"ischium_{side.value}", parts, THIN_CORTEX * u, holes=holes, sites=sites)


def _pubis(marks: Landmarks, side: Side) -> SolidBone:
    u = marks.unit_mm
    socket, body, low, ramus = (
        _point(marks, side, *place)
        for place in ((0.043, 0.014, 0.002), (0.0092, 0.026, -0.014), (0.0100, 0.022, -0.022), (0.0185, 0.006, -0.040))
    )
    parts = (
        Capsule(socket, body, 0.0080 * u, 0.0068 * u),
        Capsule(body, low, 0.0068 * u, 0.0060 * u),
        Capsule(low, ramus, 0.0058 * u, 0.0048 * u),
    )
    holes, sites = (_socket(marks, side),), (ball_site(body, 0.0065 * u),)
    return SolidBone(f"pubis_{side.value}", parts, THIN_CORTEX * u, holes=holes, sites=sites)
