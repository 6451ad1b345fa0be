"""The bones of one foot. Numbers are in statures, in the foot's own frame: outward, upward (instep), forward (toes)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.arm import knuckled
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.solid_bone import THIN_CORTEX, SolidBone, ball_site, flat_site
from crmo_seg.phantom.solids.shapes import Ellipsoid, Vector, vector

_TARSUS: Final = (
    ((-0.008, -0.014, 0.023), (0.0090, 0.0090, 0.0055)),
    ((0.010, -0.023, 0.020), (0.0075, 0.0080, 0.0095)),
    ((-0.0125, -0.018, 0.0355), (0.0052, 0.0070, 0.0065)),
    ((-0.0040, -0.017, 0.0350), (0.0042, 0.0065, 0.0060)),
    ((0.0035, -0.019, 0.0340), (0.0042, 0.0065, 0.0060)),
)
"""Navicular, cuboid and the three cuneiforms: centre and radii."""


def foot_bones(marks: Landmarks, side: Side) -> tuple[SolidBone, ...]:
    """Heel to toes."""
    cortex, u = THIN_CORTEX * marks.unit_mm * 0.8, marks.unit_mm
    heel = _lump(marks, side, (0.002, -0.029, -0.010), (0.0110, 0.0115, 0.0240))
    ankle = _lump(marks, side, (0.0, -0.0115, 0.003), (0.0110, 0.0095, 0.0160))
    tarsus = tuple(_lump(marks, side, centre, radii) for centre, radii in _TARSUS)
    rows = toes(marks, side)
    rays = tuple(part for row in rows for part in knuckled(row[0], row[1], 0.0038 * u))
    phalanges = tuple(
        part for row in rows for a, b in pairwise(row[1:]) for part in knuckled(a + (b - a) * 0.16, b, 0.0031 * u)
    )
    heads = tuple(ball_site((row[0] + row[1]) / 2, 0.0031 * u, "metatarsal") for row in rows)
    cuboid = ball_site(tarsus[1].centre, 0.0075 * u)
    name = side.value
    return (
        SolidBone(f"calcaneus_{name}", (heel,), cortex, sites=(flat_site(heel),), fatty=True),
        SolidBone(f"talus_{name}", (ankle,), cortex, sites=(flat_site(ankle),), fatty=True),
        SolidBone(f"tarsus_{name}", tarsus, cortex, sites=(cuboid,), fatty=True),
        SolidBone(f"metatarsals_{name}", rays, cortex, sites=heads, fatty=True),
        SolidBone(f"foot_phalanges_{name}", phalanges, cortex, fatty=True),
    )


def toes(marks: Landmarks, side: Side) -> tuple[tuple[Vector, ...], ...]:
    """Great toe to little toe: ends of metatarsal and phalanges from the ankle outward, RAS+ mm."""
    rows = []
    for number in range(5):
        across = -0.0145 + 0.0070 * number
        start, head, tip = 0.0485 - 0.0035 * number, 0.083 - 0.0045 * number, 0.112 - 0.0065 * number
        stations = ((start, -0.023), (head, -0.034), ((head + tip) / 2 + 0.003, -0.037), (tip, -0.038))
        spread = (0.65, 1.0, 1.05, 1.08)
        rows.append(
            tuple(foot_point(marks, side, across * w, y, f) for (f, y), w in zip(stations, spread, strict=True))
        )
    return tuple(rows)


def foot_point(marks: Landmarks, side: Side, outward: float, upward: float, forward: float) -> Vector:
    """A point in the frame of the foot, from the ankle joint, in statures."""
    joints = marks.joints[side]
    point: Vector = joints.ankle + np.array([outward, upward, forward]) @ joints.foot * marks.unit_mm
    return point


def _lump(
    marks: Landmarks, side: Side, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> Ellipsoid:
    return Ellipsoid(foot_point(marks, side, *centre), vector(*radii) * marks.unit_mm, marks.joints[side].foot)
