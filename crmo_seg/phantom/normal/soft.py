"""Bright soft tissue that is no inflammation of bone: more joint fluid than usual, muscle edema, lymph nodes.

Fluid of normal amount (hip 0.4 to 5.4 ml, mean 2.1 ml at 8 to 17 years: Quinn-Laurin et al. 2020, abstract read; knee:
largest pocket 2.8 mm, up to 8.0 mm: Hemke 2018, doi:10.1007/s00330-017-5067-6) belongs to the joints themselves. How
often there is more in children who are examined for CRMO is an assumption, as are the other rates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks, LimbJoints
from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.normal.finding import Finding, Streams, draw_waves
from crmo_seg.phantom.normal.posed import posed
from crmo_seg.phantom.solids.shapes import Capsule, Vector, axes_along, unit, vector


@dataclass(frozen=True)
class Recess:
    """Where a joint's fluid gathers: from the joint outward, forward, upward; radii alike. In statures."""

    joint: str
    offset: tuple[float, float, float]
    radii: tuple[float, float, float]


EFFUSION_CHANCE: Final[dict[str, float]] = {
    "hip": 0.06, "knee": 0.09, "ankle": 0.06, "elbow": 0.03, "wrist": 0.03, "shoulder": 0.02,
}  # fmt: skip
"""For each child; the other side has it too in ``BOTH_SIDES`` of these."""
BOTH_SIDES: Final = 0.35
RECESSES: Final = (
    Recess("hip", (0.014, 0.016, -0.012), (0.0130, 0.0045, 0.0160)),
    Recess("knee", (0.0, 0.0210, 0.036), (0.0170, 0.0050, 0.0220)),
    Recess("knee", (0.0200, 0.0120, 0.012), (0.0045, 0.0090, 0.0160)),
    Recess("knee", (-0.0200, 0.0120, 0.012), (0.0045, 0.0090, 0.0160)),
    Recess("ankle", (0.0, 0.0120, 0.002), (0.0120, 0.0045, 0.0060)),
    Recess("ankle", (0.0, -0.0140, 0.002), (0.0100, 0.0050, 0.0080)),
    Recess("elbow", (0.0, 0.0110, 0.010), (0.0080, 0.0040, 0.0080)),
    Recess("elbow", (0.0, -0.0140, 0.014), (0.0080, 0.0040, 0.0080)),
    Recess("wrist", (0.0, 0.0, -0.002), (0.0080, 0.0120, 0.0040)),
    Recess("shoulder", (0.004, 0.0110, -0.010), (0.0100, 0.0060, 0.0140)),
)

_PART_OF_JOINT: Final = {
    "hip": "trunk", "knee": "thigh", "ankle": "shin", "elbow": "upper_arm", "wrist": "hand", "shoulder": "trunk",
}  # fmt: skip
_PART_OF_MUSCLE: Final = {"hip": "thigh", "knee": "shin", "shoulder": "upper_arm"}

MUSCLE_EDEMA_CHANCE: Final = 0.06
"""For each child, in one muscle."""
_MUSCLES: Final = (
    # limb part (from joint, to joint), share of the way, forward offset, outward offset, radius in statures
    ("hip", "knee", 0.45, 0.022, 0.010, 0.012),
    ("hip", "knee", 0.50, -0.026, 0.006, 0.012),
    ("hip", "knee", 0.02, -0.040, 0.006, 0.016),
    ("knee", "ankle", 0.30, -0.024, -0.006, 0.011),
    ("knee", "ankle", 0.35, 0.006, 0.020, 0.007),
    ("shoulder", "elbow", 0.15, 0.0, 0.014, 0.008),
    ("shoulder", "elbow", 0.55, 0.013, 0.0, 0.007),
)

NODES: Final = (
    # station, expected number on one side, middle (from landmark: outward, forward, upward), spread, in statures
    ("neck", 3.5, (0.019, -0.006, 0.0), (0.003, 0.007, 0.017)),
    ("axilla", 2.5, (-0.020, -0.002, -0.030), (0.006, 0.008, 0.014)),
    ("groin", 3.0, (-0.010, 0.028, -0.006), (0.009, 0.003, 0.011)),
    ("mesentery", 1.5, (0.012, 0.027, 0.0), (0.013, 0.007, 0.025)),
)
NODE_LENGTH_MM: Final = (4.0, 15.0)


def plan_effusions(marks: Landmarks, streams: Streams, frequency: float) -> Iterator[Finding]:
    """Recesses filled with fluid, all of a joint to the same degree."""
    for joint, chance in EFFUSION_CHANCE.items():
        happens, both, right, amount = streams.of(f"effusion {joint}").random(4)
        if happens >= chance * frequency:
            continue
        first, second = (Side.RIGHT, Side.LEFT) if right < 0.5 else (Side.LEFT, Side.RIGHT)
        for side in (first, second) if both < BOTH_SIDES else (first,):
            for number, recess in enumerate(recess for recess in RECESSES if recess.joint == joint):
                key = f"effusion {joint}_{side.value} {number}"
                stretched = _recess_place(marks.reference, side, recess, 0.6 + 0.6 * amount)
                place = posed(stretched, marks, _PART_OF_JOINT[joint], side)
                yield _soft("effusion", key, place, (5.0, 9.0), streams)


def plan_muscle_edema(marks: Landmarks, streams: Streams, frequency: float) -> Iterator[Finding]:
    """A patch in a muscle, longer along the limb."""
    rng = streams.of("muscle edema")
    if rng.random() >= MUSCLE_EDEMA_CHANCE * frequency:
        return
    side = Side.RIGHT if rng.random() < 0.5 else Side.LEFT
    start, end, share, forward, outward, radius = _MUSCLES[int(rng.integers(len(_MUSCLES)))]
    joints, u = marks.reference.joints[side], marks.unit_mm
    a, b = _joint(joints, start), _joint(joints, end)
    centre = a + (b - a) * share + vector(joints.outward * outward, forward, 0) * u
    radii = np.array([radius, radius, radius * float(rng.uniform(1.8, 4.0))]) * u * float(rng.uniform(0.5, 1.0))
    belly = LesionSite("muscle", None, centre, radii, axes_along(b - a, vector(0, 1, 0)))
    place = posed(belly, marks, _PART_OF_MUSCLE[start], side)
    yield _soft("muscle_edema", f"muscle edema {start} {end} {side.value}", place, (1.5, 3.8), streams)


def plan_lymph_nodes(marks: Landmarks, streams: Streams, frequency: float) -> Iterator[Finding]:
    """Beans of 4 to 15 mm in neck, axilla, groin and mesentery; nearly every child has some."""
    for side in Side:
        for station, expected, middle, spread in NODES:
            rng = streams.of(f"nodes {station} {side.value}")
            for number in range(int(rng.poisson(expected * frequency))):
                offset = np.array(middle) + np.clip(rng.standard_normal(3), -1.8, 1.8) * spread
                offset[0] *= marks.joints[side].outward
                centre = _station(marks, side, station) + offset * marks.unit_mm
                key = f"lymph node {station} {side.value} {number}"
                yield _soft("lymph_node", key, _bean(centre, rng), (3.0, 6.5), streams)


def _soft(kind: str, key: str, place: LesionSite | Capsule, strength: tuple[float, float], streams: Streams) -> Finding:
    rng = streams.of(key)
    border_mm = float(rng.uniform(4.0, 9.0) if kind == "muscle_edema" else rng.uniform(0.6, 1.5))
    vectors, phases = draw_waves(rng, 6, (12.0, 30.0))
    return Finding(key, kind, None, place, float(rng.uniform(*strength)), border_mm, "soft", 0.0, vectors, phases)


def _joint(joints: LimbJoints, name: str) -> Vector:
    place: Vector = getattr(joints, name)
    return place


def _recess_place(marks: Landmarks, side: Side, recess: Recess, amount: float) -> LesionSite:
    """In the frame of the limb above the joint."""
    joints = marks.joints[side]
    upper = {"knee": "hip", "ankle": "knee", "elbow": "shoulder", "wrist": "elbow"}.get(recess.joint)
    centre = _joint(joints, recess.joint)
    up = vector(0, 0, 1) if upper is None else unit(_joint(joints, upper) - centre)
    axes = axes_along(up, vector(0, 1, 0))
    axes[0] *= np.sign(axes[0][0]) * joints.outward
    place = centre + np.array(recess.offset) @ axes * marks.unit_mm
    radii = np.array(recess.radii) * marks.unit_mm * amount
    return LesionSite(f"{recess.joint} recess", None, place, radii, axes)


def _station(marks: Landmarks, side: Side, station: str) -> Vector:
    joints = marks.joints[side]
    places = {
        "neck": marks.vertebrae["C5"].centre,
        "axilla": joints.shoulder,
        "groin": joints.hip,
        "mesentery": marks.vertebrae["L3"].centre,
    }
    return places[station]


def _bean(centre: Vector, rng: np.random.Generator) -> LesionSite:
    """Long axis mostly upright."""
    length = float(np.clip(6.5 * np.exp(0.35 * rng.standard_normal()), *NODE_LENGTH_MM))
    radii = np.array([0.45, 0.55, 1.0]) * length / 2
    axes = axes_along(vector(0, 0, 1) + 0.4 * rng.standard_normal(3), vector(0, 1, 0))
    return LesionSite("lymph node", None, centre, radii, axes)
