"""Spine, ribs and breastbone. Numbers are in statures (see ``landmarks``) unless they end in ``_mm``."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import LEVELS, Landmarks, Level, outward_sign
from crmo_seg.phantom.body.solid_bone import THIN_CORTEX, LesionSite, SolidBone, ball_site, chain, flat_site
from crmo_seg.phantom.solids.shapes import Capsule, Drum, Ellipsoid, Profile, Vector, axes_along, vector

_LEVEL_KNOTS: Final = (0, 4, 5, 10, 16, 17, 23)
_BODY_HALF_WIDTH: Final = np.interp(range(24), _LEVEL_KNOTS, (0.0140, 0.0125, 0.0120, 0.0090, 0.0080, 0.0070, 0.0060))
_BODY_HALF_DEPTH: Final = np.interp(range(24), _LEVEL_KNOTS, (0.0100, 0.0095, 0.0090, 0.0080, 0.0055, 0.0050, 0.0045))
CANAL_RADIUS: Final = 0.0050
BODY_SHARE: Final = 0.78
"""Bone over bone and disc, along the spine."""

_RIB_KNOTS: Final = (1, 2, 4, 7, 10, 12)
_RIB_HALF_WIDTH: Final = (0.038, 0.055, 0.071, 0.079, 0.077, 0.066)
_RIB_HALF_DEPTH: Final = (0.036, 0.044, 0.052, 0.058, 0.058, 0.056)
_RIB_END_DEG: Final = (150, 145, 142, 140, 112, 55)
"""How far a rib runs round from the back (0) to the front (180) before its cartilage begins."""
_RIB_DROP: Final = (0.028, 0.036, 0.046, 0.052, 0.052, 0.045)
RIB_CENTRE_Y: Final = 0.002


def spine(marks: Landmarks) -> tuple[SolidBone, ...]:
    """C1 to L5."""
    ring = _atlas(marks)
    return ring, *(_vertebra(marks, index, level) for index, level in enumerate(LEVELS) if level != "C1")


def discs(marks: Landmarks) -> tuple[Drum, ...]:
    """The discs below C3 to L5; bright in children."""
    solids = []
    for index, name in enumerate(LEVELS[:-2]):
        level, unit_mm = marks.vertebrae[name], marks.unit_mm
        below = level.centre - level.axes[2] * level.pitch_mm * 0.5
        radii = np.array([_BODY_HALF_WIDTH[index], _BODY_HALF_DEPTH[index]]) * unit_mm * 0.9
        solids.append(Drum(below, radii, level.pitch_mm * (1 - BODY_SHARE) * 0.42, level.axes))
    return tuple(solids)


def canal(marks: Landmarks) -> tuple[Vector, ...]:
    """Middle of the spinal canal from the sacrum up to the skull base, RAS+ mm."""
    points = [_canal_point(marks, index, marks.vertebrae[name]) for index, name in enumerate(LEVELS)]
    low = marks.at(0, -0.036, -0.02, above=float(points[0][2]))
    return low, *points, points[-1] + vector(0, 0.004, 0.03) * marks.unit_mm


def sacrum(marks: Landmarks) -> tuple[SolidBone, SolidBone]:
    """Sacrum and coccyx, curving backward below L5."""
    u, top = marks.unit_mm, float(marks.vertebrae["L5"].centre[2]) - marks.vertebrae["L5"].pitch_mm / 2
    y = (-0.024, -0.033, -0.040, -0.043, -0.042)
    width = (0.031, 0.0285, 0.0225, 0.017, 0.012)
    parts = [
        Ellipsoid(
            marks.at(0, y[i], -0.0075 - 0.0125 * i, above=top), np.array([width[i], 0.0115 - 0.001 * i, 0.009]) * u
        )
        for i in range(5)
    ]
    tail = [marks.at(0, dy, dz, above=top) for dy, dz in ((-0.040, -0.071), (-0.034, -0.080), (-0.027, -0.087))]
    wings = [ball_site(marks.at(s * 0.016, -0.028, -0.012, above=top), 0.0095 * u, "wing") for s in (-1, 1)]
    cortex = THIN_CORTEX * u
    return (
        SolidBone("sacrum", tuple(parts), cortex, blend_mm=0.012 * u, sites=tuple(wings)),
        SolidBone("coccyx", chain(tail, [0.0055 * u, 0.0045 * u, 0.0032 * u]), cortex),
    )


def ribs(marks: Landmarks) -> tuple[SolidBone, ...]:
    """Twelve pairs, without their cartilages."""
    return tuple(_rib(marks, number, side) for number in range(1, 13) for side in Side)


def breastbone(marks: Landmarks) -> tuple[SolidBone, SolidBone]:
    """Manubrium and body of the sternum, in the front of the rib cage."""
    u, top = marks.unit_mm, float(marks.vertebrae["T3"].centre[2])
    cortex = THIN_CORTEX * u
    handle = Ellipsoid(marks.at(0, 0.045, -0.010, above=top), np.array([0.017, 0.0065, 0.016]) * u, _leaning(0.35))
    body = Ellipsoid(marks.at(0, 0.053, -0.056, above=top), np.array([0.0115, 0.0060, 0.030]) * u, _leaning(0.2))
    return (
        SolidBone("manubrium", (handle,), cortex, sites=(flat_site(handle),)),
        SolidBone("sternum", (body,), cortex, sites=(flat_site(body),)),
    )


def rib_cage(marks: Landmarks) -> Profile:
    """The space that the ribs enclose, for chest wall and lungs: T1 to L1."""
    heights = [marks.vertebrae[f"T{n}"].centre[2] for n in range(12, 0, -1)]
    width, depth = (
        [float(np.interp(n, _RIB_KNOTS, knots)) * marks.unit_mm for n in range(12, 0, -1)]
        for knots in (_RIB_HALF_WIDTH, _RIB_HALF_DEPTH)
    )
    drop = 0.5 * float(np.mean(_RIB_DROP)) * marks.unit_mm
    z = tuple(float(height) - drop for height in heights)
    girth = marks.child.girth
    return Profile(
        z, tuple(w * girth for w in width), tuple(d * girth for d in depth), (RIB_CENTRE_Y * marks.unit_mm,) * 12
    )


def _vertebra(marks: Landmarks, index: int, name: str) -> SolidBone:
    level, u = marks.vertebrae[name], marks.unit_mm
    width, depth = _BODY_HALF_WIDTH[index] * u, _BODY_HALF_DEPTH[index] * u
    half_height = level.pitch_mm * BODY_SHARE / 2
    body = Drum(level.centre, np.array([width, depth]), half_height, level.axes)
    dens = (Capsule(level.centre, level.centre + level.axes[2] * level.pitch_mm, 0.003 * u, 0.003 * u),)
    site = LesionSite("body", None, level.centre, np.array([width, depth, half_height]), level.axes)
    return SolidBone(
        f"vertebra_{name}",
        (body, *_arch(marks, index, level), *(dens if name == "C2" else ())),
        THIN_CORTEX * u,
        blend_mm=0.002 * u,
        sites=(site,) if name[0] != "C" else (),
    )


def _arch(marks: Landmarks, index: int, level: Level) -> tuple[Capsule, ...]:
    """Pedicles, laminae, transverse processes and the spinous process around the canal."""
    u, (right, ahead, up) = marks.unit_mm, level.axes
    middle = _canal_point(marks, index, level)
    size = float(np.interp(index, (0, 5, 16, 23), (1.0, 0.9, 0.7, 0.55)))
    back = middle - ahead * (CANAL_RADIUS + 0.0035) * u
    tip = back - ahead * 0.016 * size * u - up * 0.008 * size * u
    parts = [Capsule(back, tip, 0.0032 * size * u, 0.0040 * size * u)]
    for sign in (-1.0, 1.0):
        beside = middle + right * sign * (CANAL_RADIUS + 0.0032) * u
        front = level.centre + right * sign * (CANAL_RADIUS + 0.0028) * u - ahead * 0.004 * u
        reach = beside + right * sign * 0.014 * size * u - ahead * 0.004 * u
        parts += chain([front, beside, back], [0.0036 * u * size, 0.0036 * u * size, 0.0030 * u * size])
        parts.append(Capsule(beside, reach, 0.0035 * size * u, 0.0025 * size * u))
    return tuple(parts)


def _canal_point(marks: Landmarks, index: int, level: Level) -> Vector:
    behind = (_BODY_HALF_DEPTH[index] + CANAL_RADIUS + 0.0008) * marks.unit_mm
    point: Vector = level.centre - level.axes[1] * behind
    return point


def _atlas(marks: Landmarks) -> SolidBone:
    """C1: a ring without a body."""
    u, level = marks.unit_mm, marks.vertebrae["C1"]
    middle = level.centre - level.axes[1] * 0.004 * u
    turns = np.linspace(0, 2 * np.pi, 9)
    points = [middle + level.axes[0] * np.sin(a) * 0.0125 * u + level.axes[1] * np.cos(a) * 0.0095 * u for a in turns]
    thick = [0.0030 + 0.0022 * abs(float(np.sin(a))) for a in turns]
    return SolidBone("vertebra_C1", chain(points, [r * u for r in thick]), THIN_CORTEX * u)


def _rib(marks: Landmarks, number: int, side: Side) -> SolidBone:
    u, girth, sign = marks.unit_mm, marks.child.girth, outward_sign(side)
    level = marks.vertebrae[f"T{number}"]
    width, depth, end_deg, drop = (
        float(np.interp(number, _RIB_KNOTS, knots))
        for knots in (_RIB_HALF_WIDTH, _RIB_HALF_DEPTH, _RIB_END_DEG, _RIB_DROP)
    )
    angles = np.deg2rad(np.linspace(22, end_deg, 8))
    fall = drop * (1 - np.cos(angles)) / (1 - np.cos(np.deg2rad(140)))
    x, y = sign * width * girth * np.sin(angles), RIB_CENTRE_Y - depth * girth * np.cos(angles)
    head = level.centre + vector(sign * 0.0125 * u, -0.008 * u, 0.1 * level.pitch_mm)
    points = [head, *(marks.at(a, b, -c, above=float(level.centre[2])) for a, b, c in zip(x, y, fall, strict=True))]
    radius = float(np.interp(number, (1, 2, 12), (0.0040, 0.0037, 0.0032))) * u * marks.child.bone_girth
    sites = tuple(ball_site(points[i], radius * 0.9, "rib") for i in (2, 8))
    return SolidBone(f"rib_{number}_{side.value}", chain(points, [radius] * 9), THIN_CORTEX * u, sites=sites)


def _leaning(forward: float) -> Vector:
    """A frame whose third axis leans back at its upper end."""
    return axes_along(vector(0, -forward, 1), vector(0, 1, 0))
