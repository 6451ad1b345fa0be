"""Shoulder girdle, arm and hand of one side. Numbers are in statures; palms lie towards the thighs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks, LimbJoints
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
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Plate, Shape, Vector, unit, vector

_FINGER_SPREAD: Final = (0.0135, 0.0047, -0.0045, -0.0130)
"""y of index, middle, ring and little finger."""
_FINGER_LENGTH: Final = (0.95, 1.0, 0.96, 0.80)


def arm_bones(marks: Landmarks, side: Side) -> tuple[SolidBone, ...]:
    """Clavicle to finger tips."""
    joints = marks.joints[side]
    return (
        _clavicle(marks, side, joints),
        _scapula(marks, side, joints),
        _humerus(marks, side, joints),
        _radius(marks, side, joints),
        _ulna(marks, side, joints),
        *_hand(marks, side, joints),
    )


def fingers(marks: Landmarks, side: Side) -> tuple[tuple[Vector, ...], ...]:
    """Index to little finger, then the thumb: ends of metacarpal and phalanges from the wrist outward, RAS+ mm."""
    joints, u = marks.joints[side], marks.unit_mm
    down = unit(joints.wrist - joints.elbow)
    rows = []
    for spread, length in zip(_FINGER_SPREAD, _FINGER_LENGTH, strict=True):
        stations = (
            0.030,
            0.030 + 0.032 * length,
            0.030 + 0.056 * length,
            0.030 + 0.070 * length,
            0.030 + 0.080 * length,
        )
        rows.append(
            tuple(joints.wrist + (down * s + vector(0, spread * (1 + 4 * (s - 0.03)), 0)) * u for s in stations)
        )
    thumb = ((0.022, 0.014), (0.042, 0.026), (0.056, 0.030), (0.067, 0.031))
    rows.append(tuple(joints.wrist + (down * s + vector(-joints.outward * 0.003, y, 0)) * u for s, y in thumb))
    return tuple(rows)


def _clavicle(marks: Landmarks, side: Side, joints: LimbJoints) -> SolidBone:
    u, s, top = marks.unit_mm, joints.outward, float(marks.vertebrae["T2"].centre[2])
    offsets = ((0.016, 0.040, -0.008), (0.040, 0.043, 0.000), (0.070, 0.024, 0.006), (0.102, -0.006, 0.018))
    points = [marks.at(s * x, y, z, above=top) for x, y, z in offsets]
    thick = marks.child.bone_girth * u
    parts = chain(points, [0.0068 * thick, 0.0048 * thick, 0.0042 * thick, 0.0048 * thick])
    plate = growth_plate(points[1], points[0], 0.88, 0.0068 * thick)
    medial, _ = end_sites(plate, "medial", metaphysis_mm=0.012 * u, epiphysis_mm=1.0)
    middle = shaft_site(points[1], points[2], 0.0045 * thick)
    return SolidBone(f"clavicle_{side.value}", parts, THIN_CORTEX * u, growth_plates=(plate,), sites=(medial, middle))


def _scapula(marks: Landmarks, side: Side, joints: LimbJoints) -> SolidBone:
    u, s, z = marks.unit_mm, joints.outward, float(joints.shoulder[2])
    upper, lower, socket = (
        marks.at(s * x, y, h, above=z)
        for x, y, h in ((0.047, -0.047, 0.022), (0.058, -0.061, -0.075), (0.084, -0.022, -0.004))
    )
    crest, tip = marks.at(s * 0.052, -0.056, 0.002, above=z), marks.at(s * 0.103, -0.018, 0.0195, above=z)
    ahead = marks.at(s * 0.090, 0.010, 0.010, above=z)
    neck = Ellipsoid(socket, vector(0.008, 0.011, 0.014) * u)
    parts = (
        Plate((upper, lower, socket), 0.0030 * u),
        neck,
        Capsule(crest, tip, 0.0035 * u, 0.0060 * u),
        Capsule(socket + vector(0, 0, 0.010 * u), ahead, 0.0050 * u, 0.0045 * u),
    )
    sites = (ball_site(socket, 0.009 * u, "neck"),)
    return SolidBone(f"scapula_{side.value}", parts, THIN_CORTEX * u, blend_mm=0.003 * u, sites=sites)


def _humerus(marks: Landmarks, side: Side, joints: LimbJoints) -> SolidBone:
    u, thick, s = marks.unit_mm, marks.child.bone_girth * marks.unit_mm, joints.outward
    top, bottom = joints.shoulder, joints.elbow
    axis = unit(bottom - top)
    neck, flare = top + vector(s * 0.004, 0, 0) * u + axis * 0.030 * u, bottom - axis * 0.026 * u
    head = Ellipsoid(top, vector(0.0135, 0.0135, 0.0135) * thick)
    tubercle = Ellipsoid(top + vector(s * 0.009, 0.002, -0.006) * u, vector(0.007, 0.010, 0.013) * thick)
    ends = [bottom + vector(w * 0.011, 0, 0.006) * u for w in (-1, 1)]
    parts: tuple[Shape, ...] = (
        head,
        tubercle,
        *chain(
            [top, neck, neck + axis * 0.03 * u, flare], [0.0115 * thick, 0.0085 * thick, 0.0065 * thick, 0.0062 * thick]
        ),
        *(Capsule(flare, end, 0.0060 * thick, 0.0068 * thick) for end in ends),
        Capsule(ends[0], ends[1], 0.0072 * thick, 0.0072 * thick),
    )
    upper, lower = growth_plate(neck, top, 0.55, 0.0115 * thick), growth_plate(flare, bottom, 0.55, 0.0085 * thick)
    sites = (
        *end_sites(upper, "proximal", metaphysis_mm=0.015 * u, epiphysis_mm=0.008 * u),
        end_sites(lower, "distal", metaphysis_mm=0.012 * u, epiphysis_mm=0.005 * u)[0],
        shaft_site(neck, flare, 0.0045 * thick),
    )
    return SolidBone(
        f"humerus_{side.value}",
        parts,
        SHAFT_CORTEX * u,
        0.004 * u,
        growth_plates=(upper, lower),
        sites=sites,
        fatty=True,
    )


def _radius(marks: Landmarks, side: Side, joints: LimbJoints) -> SolidBone:
    u, thick = marks.unit_mm, marks.child.bone_girth * marks.unit_mm
    start = joints.elbow + vector(joints.outward * 0.009, 0.005, -0.012) * u
    end = joints.wrist + vector(0, 0.006, 0) * u
    return _forearm_bone(
        f"radius_{side.value}", marks, (start, end), [thick * r for r in (0.0058, 0.0040, 0.0042, 0.0082)]
    )


def _ulna(marks: Landmarks, side: Side, joints: LimbJoints) -> SolidBone:
    u, thick = marks.unit_mm, marks.child.bone_girth * marks.unit_mm
    start = joints.elbow + vector(-joints.outward * 0.004, -0.0125, 0.000) * u
    end = joints.wrist + vector(0, -0.010, 0.003) * u
    return _forearm_bone(
        f"ulna_{side.value}", marks, (start, end), [thick * r for r in (0.0078, 0.0050, 0.0038, 0.0048)]
    )


def _forearm_bone(full_name: str, marks: Landmarks, ends: tuple[Vector, Vector], radii: Sequence[float]) -> SolidBone:
    u, (start, end) = marks.unit_mm, ends
    points = [start, start + (end - start) * 0.20, start + (end - start) * 0.78, end]
    plate = growth_plate(start, end, 0.945, radii[3])
    sites = (
        end_sites(plate, "distal", metaphysis_mm=0.011 * u, epiphysis_mm=0.004 * u)[0],
        shaft_site(start, end, radii[1] * 0.7),
    )
    parts = chain(points, radii)
    return SolidBone(full_name, parts, SHAFT_CORTEX * u * 0.75, growth_plates=(plate,), sites=sites, fatty=True)


def _hand(marks: Landmarks, side: Side, joints: LimbJoints) -> tuple[SolidBone, SolidBone, SolidBone]:
    u, cortex = marks.unit_mm, THIN_CORTEX * marks.unit_mm * 0.8
    down, rows = unit(joints.wrist - joints.elbow), fingers(marks, side)
    near, far = (
        ((0.008, y, 0.0056) for y in (0.009, -0.001, -0.010)),
        ((0.0205, y, 0.0054) for y in (0.014, 0.005, -0.004, -0.012)),
    )
    pebbles = [
        Ellipsoid(joints.wrist + (down * (s + 0.003) + vector(0, y, 0)) * u, np.full(3, r * u))
        for s, y, r in (*near, *far)
    ]
    metacarpals = [part for row in rows for part in knuckled(row[0], row[1], 0.0034 * u)]
    phalanges = [
        part
        for row in rows
        for i, (a, b) in enumerate(pairwise(row[1:]))
        for part in knuckled(a + (b - a) * 0.14, b, (0.0031 - 0.0004 * i) * u)
    ]
    heads = tuple(ball_site((row[0] + row[1]) / 2, 0.0028 * u, "metacarpal") for row in rows[:4])
    return (
        SolidBone(f"carpus_{side.value}", tuple(pebbles), cortex, sites=(ball_site(pebbles[0].centre, 0.005 * u),)),
        SolidBone(f"metacarpals_{side.value}", tuple(metacarpals), cortex, sites=heads, fatty=True),
        SolidBone(f"hand_phalanges_{side.value}", tuple(phalanges), cortex, fatty=True),
    )


def knuckled(start: Vector, end: Vector, radius_mm: float) -> tuple[Capsule, Capsule]:
    """A small tubular bone, thicker at both ends; a gap for the joint is left before ``end``."""
    stop = start + (end - start) * 0.86
    waist = (start + stop) / 2
    return Capsule(start, waist, radius_mm * 1.15, radius_mm * 0.8), Capsule(
        waist, stop, radius_mm * 0.8, radius_mm * 1.1
    )
