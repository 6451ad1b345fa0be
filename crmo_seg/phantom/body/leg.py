"""Femur, patella, tibia and fibula of one side. Numbers are in statures."""

from __future__ import annotations

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.pelvis import FEMUR_HEAD
from crmo_seg.phantom.body.solid_bone import (
    SHAFT_CORTEX,
    THIN_CORTEX,
    SolidBone,
    ball_site,
    chain,
    end_sites,
    growth_plate,
    shaft_site,
)
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Shape, axes_along, unit, vector


def leg_bones(marks: Landmarks, side: Side) -> tuple[SolidBone, ...]:
    """Thigh and shin."""
    return _femur(marks, side), _patella(marks, side), _tibia(marks, side), _fibula(marks, side)


def _femur(marks: Landmarks, side: Side) -> SolidBone:
    u, joints = marks.unit_mm, marks.joints[side]
    thick, s, down = u * marks.child.bone_girth, joints.outward, unit(joints.knee - joints.hip)
    hip, knee = joints.hip, joints.knee
    base = hip + vector(s * 0.025, -0.002, -0.019) * u
    trochanter, upper = hip + vector(s * 0.033, -0.004, -0.012) * u, hip + vector(s * 0.027, -0.002, -0.045) * u
    flare, end = knee - down * 0.050 * u, knee - down * 0.012 * u
    condyles = [
        Ellipsoid(knee + vector(w * 0.0125, -0.003, 0.0085) * u, vector(0.0125, 0.0170, 0.0130) * thick)
        for w in (-1, 1)
    ]
    parts: tuple[Shape, ...] = (
        Ellipsoid(hip, np.full(3, FEMUR_HEAD * thick)),
        Capsule(hip, base, 0.0095 * thick, 0.0105 * thick),
        Ellipsoid(trochanter, vector(0.0085, 0.0115, 0.0150) * thick),
        *chain(
            [base, upper, (upper + flare) / 2, flare, end],
            [r * thick for r in (0.0125, 0.0092, 0.0080, 0.0090, 0.0175)],
        ),
        *condyles,
    )
    head, distal = growth_plate(base, hip, 0.78, 0.0115 * thick), growth_plate(flare, knee, 0.66, 0.0190 * thick)
    near = end_sites(head, "proximal", metaphysis_mm=0.013 * u, epiphysis_mm=0.007 * u)
    far = end_sites(distal, "distal", metaphysis_mm=0.018 * u, epiphysis_mm=0.010 * u)
    sites = (*near, *far, shaft_site(upper, flare, 0.0065 * thick), ball_site(trochanter, 0.0095 * thick, "trochanter"))
    plates = (head, distal)
    return SolidBone(
        f"femur_{side.value}", parts, SHAFT_CORTEX * u, 0.006 * u, growth_plates=plates, sites=sites, fatty=True
    )


def _patella(marks: Landmarks, side: Side) -> SolidBone:
    u, knee = marks.unit_mm, marks.joints[side].knee
    cap = Ellipsoid(knee + vector(0, 0.0265, 0.014) * u, vector(0.0120, 0.0065, 0.0130) * u)
    return SolidBone(
        f"patella_{side.value}", (cap,), THIN_CORTEX * u, sites=(ball_site(cap.centre, 0.007 * u),), fatty=True
    )


def _tibia(marks: Landmarks, side: Side) -> SolidBone:
    u, joints = marks.unit_mm, marks.joints[side]
    thick, s = u * marks.child.bone_girth, joints.outward
    knee, ankle = joints.knee + vector(0, -0.002, -0.0100) * u, joints.ankle + vector(0, 0, 0.010 * u)
    down = unit(ankle - knee)
    top, neck, flare = knee + down * 0.014 * u, knee + down * 0.055 * u, ankle - down * 0.040 * u
    plateau = Ellipsoid(
        knee + down * 0.009 * u, vector(0.0225, 0.0155, 0.0105) * thick, axes_along(-down, vector(0, 1, 0))
    )
    malleolus = Capsule(
        ankle + vector(-s * 0.008, 0, 0) * u,
        ankle + vector(-s * 0.0115, 0.001, -0.011) * u,
        0.006 * thick,
        0.005 * thick,
    )
    parts: tuple[Shape, ...] = (
        plateau,
        *chain(
            [top, neck, (neck + flare) / 2, flare, ankle], [r * thick for r in (0.0165, 0.0088, 0.0076, 0.0074, 0.0120)]
        ),
        malleolus,
    )
    upper, lower = growth_plate(neck, knee, 0.70, 0.0205 * thick), growth_plate(flare, ankle, 0.80, 0.0120 * thick)
    sites = (
        *end_sites(upper, "proximal", metaphysis_mm=0.017 * u, epiphysis_mm=0.006 * u),
        *end_sites(lower, "distal", metaphysis_mm=0.015 * u, epiphysis_mm=0.006 * u),
        shaft_site(neck, flare, 0.0060 * thick),
    )
    return SolidBone(
        f"tibia_{side.value}", parts, SHAFT_CORTEX * u, 0.005 * u, growth_plates=(upper, lower), sites=sites, fatty=True
    )


def _fibula(marks: Landmarks, side: Side) -> SolidBone:
    u, joints = marks.unit_mm, marks.joints[side]
    thick, s = u * marks.child.bone_girth, joints.outward
    start = joints.knee + vector(s * 0.0225, -0.013, -0.024) * u
    end = joints.ankle + vector(s * 0.0165, -0.004, -0.008) * u
    points = [start, start + (end - start) * 0.12, start + (end - start) * 0.86, end]
    plate = growth_plate(start, end, 0.92, 0.0058 * thick)
    sites = (
        end_sites(plate, "distal", metaphysis_mm=0.012 * u, epiphysis_mm=0.004 * u)[0],
        shaft_site(start, end, 0.003 * thick),
    )
    parts = chain(points, [r * thick for r in (0.0062, 0.0040, 0.0042, 0.0066)])
    return SolidBone(
        f"fibula_{side.value}", parts, SHAFT_CORTEX * u * 0.75, growth_plates=(plate,), sites=sites, fatty=True
    )
