"""Organs of the abdomen and the pelvis. Numbers are in statures."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.bowel import bowel_of
from crmo_seg.phantom.body.curves import tube
from crmo_seg.phantom.body.landmarks import outward_sign
from crmo_seg.phantom.body.organs import WALL_MM, Organ
from crmo_seg.phantom.body.outline import shrunk, trunk
from crmo_seg.phantom.body.traits import Traits
from crmo_seg.phantom.solids.combined import Both, Half, Without
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Grown, Profile, Shape, Vector, unit, vector

BLADDER_ML: Final = (30.0, 2.0)
"""Capacity is 30 ml times (age + 2) (Koff 1983; the International Children's Continence Society uses age + 1)."""
_UP, _AHEAD = vector(0, 0, 1), vector(0, 1, 0)


def belly_of(traits: Traits, rng: np.random.Generator) -> tuple[Organ, ...]:
    """Fat within the belly, then its organs; what they hold is drawn anew each time."""
    cavity = belly_space(traits)
    wall = inner_wall(traits)
    return (
        Organ("visceral_fat", (cavity,)),
        Organ("muscle", tuple(_psoas(traits, side) for side in Side)),
        *bowel_of(traits, cavity, wall, rng),
        *_kidneys(traits),
        *_liver(traits, wall),
        Organ("spleen", tuple(Both(part, wall) for part in _spleen(traits)), blend_mm=4.0),
        Organ("bowel_wall", _pancreas(traits)),
        *_stomach(traits, wall, rng),
        *_bladder(traits, rng),
    )


def inner_wall(traits: Traits) -> Profile:
    """What fat and muscle of the trunk enclose."""
    child = traits.marks.child
    return shrunk(trunk(traits.marks), child.fat_mm + 0.6 * WALL_MM / 1500 * traits.u)


def belly_space(traits: Traits) -> Profile:
    """In front of spine and back muscles, from the pelvis to the diaphragm."""
    marks, u = traits.marks, traits.u
    skin, wall = trunk(marks), marks.child.fat_mm + WALL_MM / 1500 * u
    top = float(marks.vertebrae["T11"].centre[2])
    z = np.linspace(marks.hip_z - 0.012 * u, top, 8)
    width, depth, centre = (np.interp(z, skin.z, knots) for knots in (skin.half_width, skin.half_depth, skin.centre_y))
    width, depth = width - wall, depth - wall
    front = depth * (0.50, 0.58, 0.64, 0.66, 0.66, 0.68, 0.70, 0.70)
    return Profile(
        tuple(z.tolist()),
        tuple((width * (0.30, 0.60, 0.78, 0.92, 0.97, 0.97, 0.95, 0.85)).tolist()),
        tuple(front.tolist()),
        tuple((centre + depth - front).tolist()),
    )


def _psoas(traits: Traits, side: Side) -> Shape:
    s, u = outward_sign(side), traits.u
    start, middle = traits.at("L2", s * 0.022, -0.020, 0), traits.at("L4", s * 0.030, -0.014, -0.010)
    return Capsule(start, middle + vector(s * 0.006, 0.010, -0.02) * u, 0.007 * u, 0.013 * u)


def _liver(traits: Traits, wall: Profile) -> tuple[Organ, ...]:
    """Two lobes under the right dome, with veins."""
    u, shift = traits.u, traits.shift("liver")
    right = Ellipsoid(
        traits.at("T11", 0.036, 0.004, 0.002) + shift, vector(0.038, 0.041, 0.040) * u * traits.ratios("liver")
    )
    tip = Ellipsoid(
        traits.at("L1", 0.046, 0.006, 0.004) + shift, vector(0.021, 0.028, 0.034) * u * traits.ratios("liver tip")
    )
    left = Ellipsoid(
        traits.at("T11", -0.004, 0.028, -0.002) + shift,
        vector(0.038, 0.018, 0.020) * u * traits.ratios("left liver", 0.12),
        np.stack([unit(vector(1, 0.1, -0.15)), unit(vector(-0.1, 1, 0)), unit(vector(0.15, 0, 1))]),
    )
    lobes = tuple(Both(lobe, wall) for lobe in (right, tip, left))
    return Organ("liver", lobes, blend_mm=8.0), Organ("slow_blood", _liver_veins(traits, shift))


def _liver_veins(traits: Traits, shift: Vector) -> tuple[Capsule, ...]:
    """Three hepatic veins to the vena cava, and the portal vein."""
    u, cava = traits.u, traits.at("T10", 0.012, -0.004, -0.004)
    ends = [
        traits.at("T11", *place) + shift
        for place in ((0.058, -0.008, -0.012), (0.040, 0.028, -0.008), (0.004, 0.032, -0.002))
    ]
    hepatic = [Capsule(cava, end, 0.0030 * u, 0.0010 * u) for end in ends]
    hilum = traits.at("L1", 0.020, 0.008, 0.012) + shift
    portal = (
        Capsule(traits.at("L2", 0.004, 0.006, 0), hilum, 0.0032 * u, 0.0030 * u),
        Capsule(hilum, traits.at("T12", 0.050, 0.006, 0.002) + shift, 0.0028 * u, 0.0010 * u),
        Capsule(hilum, traits.at("T12", 0.006, 0.024, 0.006) + shift, 0.0024 * u, 0.0010 * u),
    )
    return (*hepatic, *portal)


def _spleen(traits: Traits) -> tuple[Shape, ...]:
    """A crescent along the ribs."""
    u, shift, size = traits.u, traits.shift("spleen"), traits.ratios("spleen", 0.12)
    upper = Ellipsoid(traits.at("T10", -0.052, -0.024, -0.004) + shift, vector(0.015, 0.023, 0.018) * u * size)
    lower = Ellipsoid(traits.at("T12", -0.060, -0.010, 0.006) + shift, vector(0.012, 0.023, 0.021) * u * size)
    return upper, lower


def _pancreas(traits: Traits) -> tuple[Capsule, ...]:
    u, shift = traits.u, traits.shift("pancreas", 0.002)
    places = (
        ("L2", 0.018, 0.006, 0.0),
        ("L1", 0.006, 0.014, -0.004),
        ("L1", -0.018, 0.006, 0.006),
        ("T12", -0.040, -0.010, 0),
    )
    return tube([traits.at(*place) + shift for place in places], [0.0090 * u, 0.0065 * u, 0.0065 * u, 0.0055 * u], 7)


def _stomach(traits: Traits, wall: Profile, rng: np.random.Generator) -> tuple[Organ, ...]:
    """A bent bag with fluid; gas floats in front, since the child lies on the back."""
    u, shift, full = traits.u, traits.shift("stomach", 0.004), float(rng.uniform(0.6, 1.15))
    places = (
        ("T10", -0.036, -0.012, -0.002),
        ("T12", -0.044, 0.010, 0.006),
        ("L1", -0.026, 0.024, -0.004),
        ("L1", 0.006, 0.022, 0.0),
    )
    points = [traits.at(*place) + shift for place in places]
    radii = [0.021 * u * full, 0.022 * u * full, 0.015 * u * full, 0.008 * u]
    hull = tube(points, radii, 9)
    bag = tube(points, [max(r - 0.0028 * u, 1.5) for r in radii], 9)
    level = Half(points[1] + _AHEAD * float(rng.uniform(-0.008, 0.018)) * u, _AHEAD)
    content = "bowel_fluid" if rng.random() < 0.7 else "bowel_wall"
    return (
        Organ("stomach", tuple(Both(part, wall) for part in hull)),
        Organ(content, tuple(Both(part, wall) for part in bag)),
        Organ("bowel_gas", tuple(Both(Both(part, wall), level) for part in bag)),
        *_gall_bladder(traits, rng),
    )


def _gall_bladder(traits: Traits, rng: np.random.Generator) -> tuple[Organ, ...]:
    u, full = traits.u, float(rng.uniform(0.6, 1.2))
    place = traits.at("L1", 0.033, 0.027, 0.002) + traits.shift("gall bladder")
    return (Organ("gall_bladder", (Ellipsoid(place, vector(0.0070, 0.0085, 0.0130) * u * full),)),)


def _kidneys(traits: Traits) -> tuple[Organ, ...]:
    """Beans in their fat, with a sinus of fat and a little urine."""
    organs: list[Organ] = []
    for side in Side:
        whole, hilum, fat, pelvis = _kidney(traits, side)
        organs += [
            Organ("visceral_fat", (Grown(whole, 0.006 * traits.u),)),
            Organ("kidney", (Without(whole, hilum),)),
            Organ("visceral_fat", (fat,)),
            Organ("renal_pelvis", (pelvis,)),
        ]
    return tuple(organs)


def _kidney(traits: Traits, side: Side) -> tuple[Ellipsoid, Ellipsoid, Ellipsoid, Ellipsoid]:
    s, u, name = outward_sign(side), traits.u, f"kidney {side.value}"
    axes = np.stack([unit(vector(1, -0.35 * s, s * 0.22)), unit(vector(0.35 * s, 1, 0.1)), vector(0, 0, 0)])
    axes[2] = np.cross(axes[0], axes[1])
    axes[2] = unit(axes[2])
    axes[1] = np.cross(axes[2], axes[0])
    axes[1] = unit(axes[1])
    axes[0] = unit(axes[0])
    place = traits.at("L2" if side is Side.RIGHT else "L1", s * 0.038, -0.024, 0.002) + traits.shift(name)
    whole = Ellipsoid(place, vector(0.0165, 0.0145, 0.0310) * u * traits.ratios(name, 0.06), axes)
    inward: Vector = -s * axes[0]
    hilum = Ellipsoid(place + inward * 0.0165 * u, vector(0.0065, 0.008, 0.0090) * u, axes)
    fat = Ellipsoid(place + inward * 0.0075 * u, vector(0.0075, 0.0055, 0.0150) * u, axes)
    pelvis = Ellipsoid(place + inward * 0.0100 * u, vector(0.0060, 0.0030, 0.0060) * u, axes)
    return whole, hilum, fat, pelvis


def _bladder(traits: Traits, rng: np.random.Generator) -> tuple[Organ, ...]:
    """Rests on the pelvic floor and rises as it fills."""
    per_year, extra = BLADDER_ML
    volume_mm3 = per_year * (traits.marks.child.age_years + extra) * float(rng.uniform(0.12, 0.85)) * 1000
    radius = (volume_mm3 * 3 / (4 * np.pi)) ** (1 / 3)
    radii = radius * vector(1.20, 0.95, 1 / (1.20 * 0.95))
    limit = 0.040 * traits.u
    radii = np.minimum(radii, limit)
    place = traits.at("hip", 0, 0.004, -0.014) + _UP * float(radii[2])
    full = Ellipsoid(place, radii)
    return Organ("muscle", (Grown(full, 0.0018 * traits.u),)), Organ("bladder", (full,))
