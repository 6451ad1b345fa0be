"""The outline of the child: skin, subcutaneous fat, and the muscle below. Numbers are in statures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.phantom.body.arm import fingers
from crmo_seg.phantom.body.foot import foot_point, toes
from crmo_seg.phantom.body.head import head_frame
from crmo_seg.phantom.body.landmarks import LEVELS, Landmarks
from crmo_seg.phantom.body.solid_bone import SolidBone, chain
from crmo_seg.phantom.solids.rigid import moved
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Grown, Profile, Shape, vector

SKIN_MM: Final = 1.5
OUTLINE_BLEND_MM: Final = 8.0

_LEANEST: Final = MappingProxyType({"L3": 1.0, "T12": 1.04, "T9": 1.02, "T6": 1.0, "T4": 0.97, "T2": 0.95})
"""Least factor of the soft tissue around the ribs."""
COVER_MM: Final = 4.5
"""Flesh over a bone that would reach the skin otherwise."""
_NEAR_THE_SKIN: Final = frozenset(
    {"skull", "mandible", "clavicle", "scapula", "ilium", "ulna", "radius", "carpus", "fibula", "talus", "tarsus"}
    | {f"vertebra_{level}" for level in LEVELS}
)
_THIN_SKINNED: Final = _NEAR_THE_SKIN | {"patella", "femur", "tibia", "humerus", "rib_8", "rib_9", "rib_10"}
"""The same for children who may be thin."""

_TRUNK: Final = (
    # (landmark, above it), half width, half depth, centre y
    ("hip", -0.066, 0.016, 0.012, -0.008),
    ("hip", -0.058, 0.050, 0.036, -0.008),
    ("hip", -0.040, 0.086, 0.056, -0.010),
    ("hip", 0.000, 0.096, 0.060, -0.010),
    ("hip", 0.050, 0.090, 0.058, -0.008),
    ("L3", 0.000, 0.080, 0.056, -0.002),
    ("T12", 0.000, 0.083, 0.060, 0.000),
    ("T9", 0.000, 0.091, 0.067, 0.001),
    ("T6", 0.000, 0.092, 0.068, 0.000),
    ("T4", 0.000, 0.088, 0.064, -0.004),
    ("T2", 0.000, 0.074, 0.053, -0.008),
    ("C7", 0.000, 0.042, 0.038, -0.008),
    ("C5", 0.000, 0.031, 0.034, -0.004),
    ("C2", 0.000, 0.030, 0.033, 0.002),
    ("C1", 0.015, 0.027, 0.030, 0.004),
)


@dataclass(frozen=True, eq=False)
class FleshPart:
    """A part of the outline and how thick the fat under its skin is."""

    shape: Shape
    fat_mm: float


def outline(marks: Landmarks, skeleton: Sequence[SolidBone]) -> tuple[FleshPart, ...]:
    """Trunk, head and limbs, and a cover over the bones near the skin; the body is their union.

    Limbs are shaped in the reference pose and moved with their bones.
    """
    fat, straight = marks.child.fat_mm, marks.reference
    parts = [FleshPart(trunk(marks), fat), *_moved(_head(straight), marks, ["head"] * 4 + ["trunk"], None)]
    parts += _covers(skeleton, _NEAR_THE_SKIN if marks.child.variation is None else _THIN_SKINNED)
    for side in Side:
        arm, leg = _arm(straight, side, fat), _leg(straight, side, fat)
        parts += _moved(arm, marks, ["trunk", "upper_arm", "upper_arm", "forearm", "forearm"], side)
        parts += _moved(leg, marks, ["thigh"] * 2 + ["shin"] * 3 + ["trunk"], side)
        hand, foot = _hand(straight, side), _foot(straight, side)
        parts += _moved(hand, marks, ["hand"] * len(hand), side) + _moved(foot, marks, ["foot"] * len(foot), side)
    return tuple(parts)


def _moved(parts: Sequence[FleshPart], marks: Landmarks, names: Sequence[str], side: Side | None) -> list[FleshPart]:
    """Each part moved with the part of the body that it belongs to; a side's trunk stays."""
    return [
        replace(part, shape=moved(part.shape, marks.motion(name, side))) if name != "trunk" else part
        for part, name in zip(parts, names, strict=True)
    ]


def trunk(marks: Landmarks) -> Profile:
    """Neck to seat."""
    rows = []
    for landmark, above, *ellipse in _TRUNK:
        base = marks.hip_z if landmark == "hip" else float(marks.vertebrae[landmark].centre[2])
        rows.append((base + above * marks.unit_mm, *ellipse))
    z, width, depth, y = (tuple(column) for column in zip(*rows, strict=True))
    u, girth = marks.unit_mm, [marks.child.girth * _chest_and_belly(row[0], marks.child.flesh) for row in _TRUNK]
    width, depth = (tuple(r * u * g for r, g in zip(radii, girth, strict=True)) for radii in (width, depth))
    return Profile(z, width, depth, tuple(v * u for v in y))


def _chest_and_belly(landmark: str, flesh: float) -> float:
    """The ribs hold the chest open, however thin a child is; the neck takes half of it."""
    if landmark[0] == "C":
        return 0.5 + 0.5 * flesh
    return max(flesh, _LEANEST.get(landmark, 0.0)) if flesh != 1 else 1.0


def shrunk(profile: Profile, inset_mm: float) -> Profile:
    """The same column with every ellipse smaller by an inset."""
    width, depth = (tuple(max(r - inset_mm, 1.0) for r in radii) for radii in (profile.half_width, profile.half_depth))
    return replace(profile, half_width=width, half_depth=depth)


def _covers(skeleton: Sequence[SolidBone], names: frozenset[str]) -> tuple[FleshPart, ...]:
    near = (bone for bone in skeleton if bone_named(bone.full_name).name in names)
    return tuple(FleshPart(Grown(shape, COVER_MM), 0.5) for bone in near for shape in _near_the_skin(bone))


def _near_the_skin(bone: SolidBone) -> tuple[Shape, ...]:
    """Of a vertebra the spinous process, which follows its body; of the skull all but the vault; else everything."""
    if bone.full_name.startswith("vertebra_"):
        return bone.shapes[1:2]
    return bone.shapes[1:] if bone.full_name == "skull" else bone.shapes


def _head(marks: Landmarks) -> tuple[FleshPart, ...]:
    head = head_frame(marks)
    face = Ellipsoid(
        (head.at(0, 0.42, -0.55) + head.chin) / 2 + vector(0, -10, 0),
        vector(0.72 * head.radii[0], 0.52 * head.radii[1], head.face_mm * 0.44),
    )
    nose = Capsule(head.at(0, 0.96, -0.45), head.at(0, 1.14, -0.85), 6.0, 8.0)
    chin = Ellipsoid(head.chin + vector(0, -6, 0), vector(22, 19, 14))
    neck = Capsule(head.at(0, -0.1, -0.7), marks.vertebrae["C4"].centre, 0.030 * marks.unit_mm, 0.028 * marks.unit_mm)
    shapes: tuple[Shape, ...] = (head.inner(-4.0), face, nose, chin, neck)
    return tuple(FleshPart(shape, 2.0) for shape in shapes)


def _arm(marks: Landmarks, side: Side, fat_mm: float) -> tuple[FleshPart, ...]:
    joints, u = marks.joints[side], marks.unit_mm
    thick = u * marks.child.girth * marks.child.flesh
    base = marks.at(joints.outward * 0.030, -0.010, 0.008, above=float(marks.vertebrae["T2"].centre[2]))
    belly = joints.elbow + (joints.wrist - joints.elbow) * 0.25
    arm = chain(
        [joints.shoulder, (joints.shoulder + joints.elbow) / 2, joints.elbow, belly, joints.wrist],
        [0.0290 * thick, 0.0255 * thick, 0.0205 * thick, 0.0225 * thick, 0.0150 * thick],
    )
    top = Capsule(base, joints.shoulder + vector(0, 0, 0.002 * u), 0.030 * thick, 0.0265 * thick)
    return tuple(FleshPart(part, fat_mm * 0.6) for part in (top, *arm))


def _leg(marks: Landmarks, side: Side, fat_mm: float) -> tuple[FleshPart, ...]:
    joints, u = marks.joints[side], marks.unit_mm
    thick = u * marks.child.girth * marks.child.flesh
    hip = joints.hip + vector(joints.outward * 0.004, -0.006, -0.035) * u
    calf = joints.knee + (joints.ankle - joints.knee) * 0.30 + vector(0, -0.008, 0) * u
    shin = joints.knee + (joints.ankle - joints.knee) * 0.75
    limb = chain(
        [hip, (hip + joints.knee) / 2, joints.knee, calf, shin, joints.ankle],
        [0.0500 * thick, 0.0425 * thick, 0.0335 * thick, 0.0320 * thick, 0.0215 * thick, 0.0190 * thick],
    )
    seat = joints.hip + vector(-joints.outward * 0.004, -0.030, -0.020) * u
    buttock = Ellipsoid(seat, vector(0.047, 0.042, 0.048) * thick)
    shapes: tuple[Shape, ...] = (*limb, buttock)
    return tuple(FleshPart(shape, fat_mm * 0.8) for shape in shapes)


def _hand(marks: Landmarks, side: Side) -> tuple[FleshPart, ...]:
    joints, u = marks.joints[side], marks.unit_mm
    rows = fingers(marks, side)
    palm = Ellipsoid(joints.wrist * 0.2 + rows[1][1] * 0.4 + rows[2][1] * 0.4, vector(0.0095, 0.0235, 0.034) * u)
    digits = [part for row in rows for part in chain(row[1:], (np.linspace(0.0066, 0.0056, len(row) - 1) * u).tolist())]
    thumb = Capsule(rows[4][0], rows[4][1], 0.0095 * u, 0.0070 * u)
    shapes: tuple[Shape, ...] = (palm, thumb, *digits)
    return tuple(FleshPart(shape, 1.0) for shape in shapes)


def _foot(marks: Landmarks, side: Side) -> tuple[FleshPart, ...]:
    u, rows = marks.unit_mm, toes(marks, side)
    heel = Ellipsoid(
        foot_point(marks, side, 0.001, -0.026, -0.016), vector(0.0170, 0.0190, 0.0230) * u, marks.joints[side].foot
    )
    instep = chain([marks.joints[side].ankle, foot_point(marks, side, -0.004, -0.022, 0.030)], [0.0190 * u, 0.0185 * u])
    rays = [Capsule(instep[0].end, row[1], 0.0140 * u, 0.0098 * u) for row in rows]
    tips = [part for row in rows for part in chain(row[1:], [0.0085 * u, 0.0068 * u, 0.0060 * u])]
    sole = Capsule(heel.centre, foot_point(marks, side, 0.004, -0.032, 0.045), 0.0150 * u, 0.0120 * u)
    shapes: tuple[Shape, ...] = (heel, *instep, sole, *rays, *tips)
    return tuple(FleshPart(shape, 1.5) for shape in shapes)
