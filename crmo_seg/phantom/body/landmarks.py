"""Joints and vertebrae of a child in RAS+ mm. Soles near z = 0, the midline at x = 0, the middle of the trunk at y = 0.

Fractions are of stature unless a name says otherwise, taken from the segment lengths of Winter, "Biomechanics and
motor control of human movement" (doi:10.1002/9780470549148), and rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.pose import Pose
from crmo_seg.phantom.body.segments import Motions, arm_motions, head_motion, leg_motions, motion_of
from crmo_seg.phantom.solids.rigid import STILL, Rigid
from crmo_seg.phantom.solids.shapes import Vector, axes_along, unit, vector

LEVELS: Final = (
    *(f"L{i}" for i in range(5, 0, -1)),
    *(f"T{i}" for i in range(12, 0, -1)),
    *(f"C{i}" for i in range(7, 0, -1)),
)
"""Vertebrae from below upward."""
_RELATIVE_HEIGHT: Final = np.interp(np.arange(24), (0, 4, 5, 16, 17, 23), (1.4, 1.3, 1.2, 0.8, 0.68, 0.62))
_SPINE_KNOTS: Final = (0.0, 0.10, 0.25, 0.5, 0.72, 0.82, 0.92, 1.0)
_SPINE_Y: Final = (-0.020, -0.014, -0.014, -0.033, -0.028, -0.018, -0.008, -0.008)
"""Lordosis, kyphosis, lordosis: y of the vertebral bodies at fractions of the way from L5 to C1."""
SEAT_TO_SPINE: Final = 0.205
SEAT_TO_HIP: Final = 0.085
KNEE_OF_HIP: Final = 0.54
ANKLE_OF_HIP: Final = 0.085
HIP_X, SHOULDER_X = 0.048, 0.100
UPPER_ARM, FOREARM = 0.186, 0.146


@dataclass(frozen=True, eq=False)
class Level:
    """A vertebra's place: centre of its body, height with the disc below, and which way it tilts (axes as rows)."""

    centre: Vector
    pitch_mm: float
    axes: Vector


@dataclass(frozen=True, eq=False)
class LimbJoints:
    """Joints of one side, and the frame of the foot: rows outward, upward (instep), forward (toes)."""

    outward: float
    shoulder: Vector
    elbow: Vector
    wrist: Vector
    hip: Vector
    knee: Vector
    ankle: Vector
    foot: Vector


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Where everything hangs.

    Attributes:
        child: whose.
        unit_mm: one stature, the unit of most fractions.
        vertebrae: C1 to L5 by level.
        joints: by side.
        motions: of head and limbs from the reference pose; empty where the child has no pose.
    """

    child: Child
    unit_mm: float
    vertebrae: Mapping[str, Level]
    joints: Mapping[Side, LimbJoints]
    motions: Motions = field(default_factory=lambda: MappingProxyType({}))

    @property
    def seat_z(self) -> float:
        """Height of the seat bones."""
        return self.child.height_mm - self.child.sitting_height_mm

    @property
    def hip_z(self) -> float:
        """Height of the hip joints."""
        return self.seat_z + SEAT_TO_HIP * self.child.sitting_height_mm

    @cached_property
    def reference(self) -> Landmarks:
        """The same child stretched out, as every solid is built before it is moved; itself without a pose."""
        return find_landmarks(replace(self.child, pose=None)) if self.motions else self

    def motion(self, part: str, side: Side | None = None) -> Rigid:
        """How a part of ``segments`` moves from the reference pose."""
        return motion_of(self.motions, part, side) if self.motions else STILL

    def at(self, x: float, y: float, z: float, *, above: float = 0.0) -> Vector:
        """A point given in statures; z counts from the height ``above``, mm."""
        return vector(x * self.unit_mm, y * self.unit_mm, z * self.unit_mm + above)


def find_landmarks(child: Child) -> Landmarks:
    """Landmarks of a child: a pure function of its sizes and pose."""
    vertebrae = _stack_vertebrae(child.height_mm, child.sitting_height_mm, child.head_height_mm, child.scoliosis_mm)
    shoulder_z = float(vertebrae["T2"].centre[2])
    joints = {side: _limb_joints(child, side, shoulder_z) for side in Side}
    straight = Landmarks(child, child.height_mm, vertebrae, MappingProxyType(joints))
    return straight if child.pose is None else _posed(straight, child.pose)


def _posed(straight: Landmarks, pose: Pose) -> Landmarks:
    motions: dict[tuple[str, Side | None], Rigid] = {("head", None): head_motion(straight.vertebrae["C1"].centre, pose)}
    for side, j in straight.joints.items():
        motions |= arm_motions(side, j.outward, (j.shoulder, j.elbow, j.wrist), straight.unit_mm, pose.arms[side])
        motions |= leg_motions(side, j.outward, (j.hip, j.knee, j.ankle), pose.legs[side])
    joints = {side: _moved_joints(motions, side, j) for side, j in straight.joints.items()}
    return replace(straight, joints=MappingProxyType(joints), motions=MappingProxyType(motions))


def _moved_joints(motions: Motions, side: Side, joints: LimbJoints) -> LimbJoints:
    return replace(
        joints,
        elbow=motion_of(motions, "upper_arm", side).point(joints.elbow),
        wrist=motion_of(motions, "hand", side).point(joints.wrist),
        knee=motion_of(motions, "thigh", side).point(joints.knee),
        ankle=motion_of(motions, "shin", side).point(joints.ankle),
        foot=motion_of(motions, "foot", side).direction(joints.foot),
    )


def outward_sign(side: Side) -> float:
    """Sign of x away from the midline: x grows to the patient's right.

    >>> outward_sign(Side.LEFT)
    -1.0
    """
    return 1.0 if side is Side.RIGHT else -1.0


@lru_cache(maxsize=8)
def _stack_vertebrae(
    height_mm: float, sitting_height_mm: float, head_height_mm: float, scoliosis_mm: float
) -> Mapping[str, Level]:
    """By level; kept, since a child is tried in many poses."""
    bottom = height_mm - sitting_height_mm * (1 - SEAT_TO_SPINE)
    top = height_mm - head_height_mm
    pitches = _RELATIVE_HEIGHT * (top - bottom) / _RELATIVE_HEIGHT.sum()
    centres_z = bottom + np.cumsum(pitches) - pitches / 2
    along = (centres_z - bottom) / (top - bottom)
    y = np.interp(along, _SPINE_KNOTS, _SPINE_Y) * height_mm
    y = np.convolve(np.pad(y, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    x = scoliosis_mm * np.sin(2 * np.pi * along) * np.sin(np.pi * along)
    points = np.stack([x, y, centres_z], axis=1)
    tangents = np.gradient(points, axis=0)
    ahead = vector(0, 1, 0)
    levels = (Level(p, float(h), axes_along(t, ahead)) for p, h, t in zip(points, pitches, tangents, strict=True))
    return MappingProxyType(dict(zip(LEVELS, levels, strict=True)))


def _limb_joints(child: Child, side: Side, shoulder_z: float) -> LimbJoints:
    sign, limbs, stature = outward_sign(side), child.limbs[side], child.height_mm
    upper_arm = UPPER_ARM * child.proportions.arm
    forearm = FOREARM * child.proportions.arm * child.proportions.forearm
    shoulder = vector(sign * SHOULDER_X, -0.012, 0) * stature + vector(0, 0, shoulder_z)
    elbow = shoulder + upper_arm * stature * limbs.scale * _down(sign, limbs.arm_abduction_deg, -0.03)
    wrist = elbow + forearm * stature * limbs.scale * _down(sign, limbs.arm_abduction_deg - 5.5, 0.06)
    hip_z = child.height_mm - (1 - SEAT_TO_HIP) * child.sitting_height_mm
    hip = vector(sign * HIP_X * stature, 0, hip_z)
    leg = _down(sign, limbs.leg_abduction_deg, 0.0) * hip_z * limbs.scale
    knee = hip + leg * (1 - KNEE_OF_HIP * child.proportions.knee)
    ankle = hip + leg * (1 - ANKLE_OF_HIP) + vector(0, -0.008 * stature, 0)
    foot = _foot_axes(sign, limbs.foot_flexion_deg, limbs.foot_rotation_deg)
    return LimbJoints(sign, shoulder, elbow, wrist, hip, knee, ankle, foot)


def _down(sign: float, abduction_deg: float, forward: float) -> Vector:
    angle = np.deg2rad(abduction_deg)
    return unit(vector(sign * float(np.sin(angle)), forward, -float(np.cos(angle))))


def _foot_axes(sign: float, flexion_deg: float, rotation_deg: float) -> Vector:
    flexion, rotation = np.deg2rad(flexion_deg), np.deg2rad(rotation_deg)
    forward = unit(vector(sign * np.sin(rotation) * np.cos(flexion), np.cos(flexion), -np.sin(flexion)))
    outward = unit(np.cross(forward, np.cross(vector(sign, 0, 0), forward)))
    upward = np.cross(forward, outward) * sign
    return np.stack([outward, upward if upward @ vector(0, 1, 0) > 0 else -upward, forward])
