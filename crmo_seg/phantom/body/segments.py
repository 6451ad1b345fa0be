"""Which rigid motion each part of the body makes from the reference pose to a pose.

Parts turn about the joints of the reference pose, the inner part first; lengths of bones never change. In pronation the
radius turns with the hand about the line from the middle of its head to the head of the ulna.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.pose import ArmPose, LegPose, Pose
from crmo_seg.phantom.solids.rigid import STILL, Rigid, turn
from crmo_seg.phantom.solids.shapes import Vector, unit, vector

Motions: TypeAlias = Mapping[tuple[str, Side | None], Rigid]
"""By part and side; the head has no side."""

PART_OF_BONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "skull": "head", "mandible": "head",
        "humerus": "upper_arm", "ulna": "forearm", "radius": "hand",
        "carpus": "hand", "metacarpals": "hand", "hand_phalanges": "hand",
        "femur": "thigh", "patella": "patella", "tibia": "shin", "fibula": "shin",
        "calcaneus": "foot", "talus": "foot", "tarsus": "foot", "metatarsals": "foot", "foot_phalanges": "foot",
    }
)  # fmt: skip
"""The part that a bone moves with; bones that are missing stay with the trunk."""

RADIUS_HEAD: Final = (0.009, 0.005, -0.012)
ULNA_HEAD: Final = (0.0, -0.010, 0.003)
"""Ends of the axis of pronation in statures, from elbow and wrist; x outward."""
_RIGHT, _AHEAD, _UP = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)


def head_motion(atlas: Vector, pose: Pose) -> Rigid:
    """Turn and nod about the first vertebra."""
    nod = turn(_RIGHT, -pose.head_nod, atlas)
    return turn(_UP, -pose.head_turn, atlas).after(nod)


def arm_motions(
    side: Side, outward: float, joints: tuple[Vector, Vector, Vector], unit_mm: float, pose: ArmPose
) -> dict[tuple[str, Side | None], Rigid]:
    """Upper arm, forearm and hand; ``joints`` are shoulder, elbow and wrist of the reference pose."""
    shoulder, elbow, wrist = joints
    along = unit(elbow - shoulder)
    mirrored = vector(outward, 1, 1) * unit_mm
    twist = turn(along, -outward * pose.twist, shoulder)
    forward = turn(_RIGHT, pose.forward, shoulder).after(twist)
    upper = turn(_AHEAD, -outward * pose.lift, shoulder).after(forward)
    forearm = upper.after(turn(_RIGHT, pose.elbow, elbow))
    head, end = elbow + vector(*RADIUS_HEAD) * mirrored, wrist + vector(*ULNA_HEAD) * mirrored
    hand = forearm.after(turn(end - head, -outward * pose.pronation, head))
    return {("upper_arm", side): upper, ("forearm", side): forearm, ("hand", side): hand}


def leg_motions(
    side: Side, outward: float, joints: tuple[Vector, Vector, Vector], pose: LegPose
) -> dict[tuple[str, Side | None], Rigid]:
    """Thigh, patella, shin and foot; ``joints`` are hip, knee and ankle of the reference pose."""
    hip, knee, ankle = joints
    twist = turn(hip - knee, -outward * pose.twist, hip)
    flexed = turn(_RIGHT, pose.hip, hip).after(twist)
    thigh = turn(_AHEAD, -outward * pose.spread, hip).after(flexed)
    patella = thigh.after(turn(_RIGHT, -pose.knee / 2, knee))
    shin = thigh.after(turn(_RIGHT, -pose.knee, knee))
    turned = turn(_UP, -outward * pose.toes, ankle)
    placed = shin.after(turned).after(turn(_RIGHT, pose.ankle, ankle))
    return {("thigh", side): thigh, ("patella", side): patella, ("shin", side): shin, ("foot", side): placed}


def motion_of(motions: Motions, part: str, side: Side | None) -> Rigid:
    """The motion of a part, ``STILL`` where it has none."""
    return motions.get((part, side), STILL)
