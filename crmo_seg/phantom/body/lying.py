"""How children lie for a whole-body scan: on the back, arms beside, on the belly or under the hip, knees on a pillow.

The angles are assumptions; no source counts them. A pose is opened until no forearm or hand lies within the trunk or
the thighs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.arm import fingers
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.outline import trunk
from crmo_seg.phantom.body.pose import ArmPose, LegPose, Pose
from crmo_seg.phantom.solids.shapes import Vector

Range = tuple[float, float]


@dataclass(frozen=True)
class _ArmStyle:
    """A way to lay an arm: its frequency, and ranges of ``ArmPose``."""

    weight: float
    lift: Range
    forward: Range
    twist: Range
    elbow: Range
    pronation: Range


_STYLES: Final = (
    _ArmStyle(0.50, (-4, 9), (-2, 4), (-10, 20), (2, 22), (-40, 80)),  # beside the body
    _ArmStyle(0.12, (8, 17), (-3, 3), (-10, 15), (2, 30), (-60, 85)),  # away from it
    _ArmStyle(0.20, (2, 12), (2, 12), (58, 78), (72, 100), (20, 70)),  # on the belly
    _ArmStyle(0.10, (-1, 8), (6, 16), (30, 50), (28, 48), (0, 60)),  # on the groin
    _ArmStyle(0.08, (0, 6), (-13, -8), (0, 10), (2, 6), (65, 88)),  # hand under the hip
)
_SAME_ON_BOTH_SIDES: Final = 0.75
_PILLOW: Final = 0.4
"""Share of the children with a pillow under the knees."""
_OPENING_DEG: Final = 2.0
_ATTEMPTS: Final = 8
_SKIN: Final = 0.004
"""Least distance of the axis of forearm and fingers from trunk and thigh, in statures."""

_ARMS_APART: Final = 0.034


def draw_pose(rng: np.random.Generator, child: Child) -> Pose:
    """A new pose of this child."""
    weights = np.array([style.weight for style in _STYLES])
    chosen = rng.choice(len(_STYLES), 2, p=weights / weights.sum())
    if rng.random() < _SAME_ON_BOTH_SIDES:
        chosen[1] = chosen[0]
    arms = {side: _draw_arm(rng, _STYLES[int(i)]) for side, i in zip(Side, chosen, strict=True)}
    pose = Pose(
        legs=MappingProxyType(_draw_legs(rng, child)),
        head_turn=float(np.clip(8 * rng.standard_normal(), -20, 20)),
        head_nod=float(np.clip(3 * rng.standard_normal(), -7, 7)),
    )
    cleared = {side: _cleared(child, pose, side, arm) for side, arm in arms.items()}
    placed = replace(pose, arms=MappingProxyType(cleared))
    if not _hands_meet(find_landmarks(replace(child, pose=placed))):
        return placed
    last = list(Side)[-1]
    cleared[last] = _cleared(child, pose, last, _draw_arm(rng, _STYLES[0]))
    return replace(pose, arms=MappingProxyType(cleared))


def _hands_meet(marks: Landmarks) -> bool:
    """Whether the arms come so close that bones could touch."""
    one, other = (_arm_points(marks, side) for side in Side)
    nearest = float(np.linalg.norm(one[:, None] - other, axis=2).min())
    return nearest < _ARMS_APART * marks.unit_mm


def _draw_arm(rng: np.random.Generator, style: _ArmStyle) -> ArmPose:
    lift, forward, twist, elbow, pronation = (
        float(rng.uniform(*limits)) for limits in (style.lift, style.forward, style.twist, style.elbow, style.pronation)
    )
    return ArmPose(lift, forward, twist, elbow, pronation)


def _draw_legs(rng: np.random.Generator, child: Child) -> dict[Side, LegPose]:
    """Both legs alike, not the same; thick thighs spread the legs."""
    spread, twist, ankle = rng.uniform(0, 8), rng.uniform(-2, 26), rng.uniform(-16, 16)
    knee = rng.uniform(6, 20) if rng.random() < _PILLOW else rng.uniform(0, 4)
    spread += max(child.flesh - 1.0, 0) * 14
    return {
        side: LegPose(
            spread=float(spread + rng.uniform(0, 3)),
            hip=float(knee / 2 + rng.uniform(0, 2)),
            twist=float(twist + rng.uniform(-8, 8)),
            knee=float(knee + rng.uniform(0, 3)),
            ankle=float(ankle + rng.uniform(-5, 5)),
            toes=float(rng.uniform(-6, 6)),
        )
        for side in Side
    }


def _cleared(child: Child, pose: Pose, side: Side, arm: ArmPose) -> ArmPose:
    """The arm, opened step by step until it is free; beside the body if it never gets so."""
    for start in (arm, ArmPose(lift=2.0, elbow=6.0)):
        for step in range(_ATTEMPTS):
            tried = replace(start, lift=start.lift + step * _OPENING_DEG, forward=start.forward + _raise(start) * step)
            marks = find_landmarks(
                replace(child, pose=replace(pose, arms=MappingProxyType(dict.fromkeys(Side, tried))))
            )
            if _is_free(marks, side):
                return tried
    return tried


def _raise(arm: ArmPose) -> float:
    """A hand on the belly is also opened upward."""
    return 1.5 if arm.twist > 25 else 0.0


def _is_free(marks: Landmarks, side: Side) -> bool:
    """Whether forearm, hand and fingers lie outside trunk and thighs."""
    points = _arm_points(marks, side)
    clear = float(_trunk_mm(marks, points).min()) > _SKIN * marks.unit_mm
    return clear and float(_thigh_mm(marks, side, points).min()) > 0


def _arm_points(marks: Landmarks, side: Side) -> Vector:
    """Points on the lower upper arm, the forearm and the fingers, (n, 3)."""
    joints, motion = marks.joints[side], marks.motion("hand", side)
    rows = [motion.point(point) for row in fingers(marks.reference, side) for point in row]
    shares = np.linspace(0, 1, 7)[:, None]
    upper = joints.shoulder + (joints.elbow - joints.shoulder) * (0.6 + 0.4 * shares)
    lower = joints.elbow + (joints.wrist - joints.elbow) * shares
    return np.concatenate([upper, lower, np.array(rows)])


def _trunk_mm(marks: Landmarks, points: Vector) -> Vector:
    """About how far points lie outside the trunk; far above and below it nothing is near."""
    profile = trunk(marks)
    width, depth, centre = (
        np.interp(points[:, 2], profile.z, knots)
        for knots in (profile.half_width, profile.half_depth, profile.centre_y)
    )
    radial = np.hypot(points[:, 0] / width, (points[:, 1] - centre) / depth)
    outside: Vector = np.where(points[:, 2] < profile.z[0], np.inf, (radial - 1) * np.minimum(width, depth))
    return outside


def _thigh_mm(marks: Landmarks, side: Side, points: Vector) -> Vector:
    """How far points lie outside the thigh."""
    joints, thick = marks.joints[side], marks.unit_mm * marks.child.girth * marks.child.flesh
    axis = joints.knee - joints.hip
    share = np.clip((points - joints.hip) @ axis / (axis @ axis), 0, 1)
    distance = np.linalg.norm(points - (joints.hip + share[:, None] * axis), axis=1)
    outside: Vector = distance - (0.050 - 0.0165 * share) * thick
    return outside
