"""How much marrow a place of a bone offers, estimated at a fixed set of points; nothing is rasterised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.growth import OssifyingPlate, growth_plates
from crmo_seg.phantom.body.solid_bone import GrowthPlate, LesionSite, SolidBone
from crmo_seg.phantom.edema.lesion import ellipsoid_ml
from crmo_seg.phantom.edema.spread import evenly_spread
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import FloatArray, Vector, smooth_minimum

RoomMl: TypeAlias = Callable[[SolidBone, LesionSite], float]
"""Marrow in ml that a place of a bone holds; a caller may know of cartilage that is not yet bone."""

PLATE_REACH: Final = 1.9
"""The epiphysis lies within this many radii of its growth plate."""
POINTS: Final = 160
PLATE_HALF_MM: Final = 1.5
"""Half the thickness of a growth plate; the sites of the skeleton leave as much free."""


def marrow_depth_mm(bone: SolidBone, points: Vector) -> FloatArray:
    """Depth of points (n, 3) in RAS+ mm below the inner surface of the cortex; negative in cortex and outside."""
    x, y, z = points.astype(np.float32).T
    distance = np.full(len(points), 1000.0, dtype=np.float32)
    for shape in bone.shapes:
        distance = smooth_minimum(distance, shape.distance(x, y, z), bone.blend_mm)
    for hole in bone.holes:
        np.maximum(distance, -hole.distance(x, y, z), out=distance)
    if bone.ripple is not None:
        distance += _ripple_mm(bone.ripple, points)
    return -distance - np.float32(bone.cortex_mm)


def _ripple_mm(ripple: Ripple, points: Vector) -> FloatArray:
    """``ripple.at`` for single points (n, 3) instead of open axes."""
    waves = np.cos((points[:, None] - ripple.origin) * ripple.wave_numbers + ripple.phases).prod(axis=2)
    shift: FloatArray = (waves @ ripple.amplitudes_mm).astype(np.float32)
    return shift


def marrow_ml(bone: SolidBone, site: LesionSite) -> float:
    """Marrow inside the ellipsoid of a site, its own side of the growth plate only, as if all cartilage were bone."""
    return _room_ml(bone, site, ())


def ossified_room(child: Child) -> RoomMl:
    """``marrow_ml`` less what is still cartilage beyond the growth plates at the age of the child."""
    plates_of = cache(lambda bone: growth_plates(bone, child))
    return lambda bone, site: _room_ml(bone, site, plates_of(bone))


def _room_ml(bone: SolidBone, site: LesionSite, plates: Sequence[OssifyingPlate]) -> float:
    points = site.centre + (_UNIT_BALL * site.radii) @ site.axes
    inside = marrow_depth_mm(bone, points) > _cartilage_mm(plates, points)
    plate = plate_of(bone, site)
    if plate is not None:
        inside &= own_side(plate, site, points)
    return ellipsoid_ml(site.radii) * float(inside.mean())


def _cartilage_mm(plates: Sequence[OssifyingPlate], points: Vector) -> Vector:
    """How thick the cartilage over the ossified nucleus beyond each plate is, at points (n, 3)."""
    thickness = np.zeros(len(points))
    for plate in plates:
        away = points - plate.centre
        beyond = (away @ plate.normal > 0) & (np.linalg.norm(away, axis=1) < PLATE_REACH * plate.radius_mm)
        np.maximum(thickness, beyond * (1 - plate.ossified) * plate.radius_mm, out=thickness)
    return thickness


def plate_of(bone: SolidBone, site: LesionSite) -> GrowthPlate | None:
    """The growth plate that a metaphysis or epiphysis adjoins."""
    if site.segment in (None, Segment.DIAPHYSIS) or not bone.growth_plates:
        return None
    return min(bone.growth_plates, key=lambda plate: float(np.linalg.norm(plate.centre - site.centre)))


def own_side(plate: GrowthPlate, site: LesionSite, points: Vector) -> NDArray[np.bool_]:
    """Which points (n, 3) lie on the same side of the plate as the site, clear of the plate."""
    sign = 1.0 if float((site.centre - plate.centre) @ plate.normal) > 0 else -1.0
    clear: NDArray[np.bool_] = (points - plate.centre) @ plate.normal * sign >= PLATE_HALF_MM
    return clear


def _unit_ball(count: int) -> Vector:
    """Points spread evenly in the unit ball."""
    turns = evenly_spread(np.arange(1, count + 1), np.full(3, 0.5))
    height, angle, radius = 2 * turns[:, 0] - 1, 2 * np.pi * turns[:, 1], special.cbrt(turns[:, 2])
    ring = np.sqrt(1 - height**2)
    points: Vector = np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1) * radius[:, None]
    return points


_UNIT_BALL: Final = _unit_ball(POINTS)
