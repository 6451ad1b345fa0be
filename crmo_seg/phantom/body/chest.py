"""Lungs with vessels, heart with chambers, large vessels, airways, thymus. Numbers are in statures."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.axial import rib_cage
from crmo_seg.phantom.body.belly import inner_wall
from crmo_seg.phantom.body.curves import tube
from crmo_seg.phantom.body.landmarks import outward_sign
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.outline import shrunk
from crmo_seg.phantom.body.traits import Traits
from crmo_seg.phantom.solids.combined import Both, Without
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Grown, Profile, Shape, Vector, axes_along, vector

DOMES: Final = ((0.036, 0.002, 0.000, 0.038), (-0.036, 0.000, -0.006, 0.036))
"""Right and left half of the diaphragm: its centre above T11, and its height; the right one is higher."""
_HEART_AXIS: Final = vector(-0.60, 0.55, -0.58)
"""From the base of the heart to its apex."""
_BRANCHES: Final = 9


def chest_of(traits: Traits) -> tuple[Organ, ...]:
    """From the lungs to what lies between them; the belly is painted later."""
    inner = shrunk(rib_cage(traits.marks), 0.006 * traits.u)
    wall = inner_wall(traits)
    middle = _mediastinum(traits)
    domes = tuple(Both(dome, wall) for dome in _domes(traits))
    return (
        Organ("lung", tuple(Without(Both(lung(inner, traits, side), wall), middle) for side in Side)),
        *(Organ("flowing_blood", _lung_vessels(traits, side)) for side in Side),
        Organ("muscle", domes),
        Organ("visceral_fat", tuple(Both(Grown(dome, -0.0022 * traits.u), wall) for dome in _domes(traits))),
        Organ("mediastinum", (middle,)),
        *_heart(traits),
        *_thymus(traits),
        *_vessels_of_chest(traits),
        *_airways(traits),
    )


def lung(cage: Profile, traits: Traits, side: Side) -> Profile:
    """One side of the cage from the costophrenic angle to the apex, flat towards the midline."""
    sign, marks = outward_sign(side), traits.marks
    z = np.linspace(float(marks.vertebrae["T12"].centre[2]), cage.z[-1] + 0.004 * traits.u, 10)
    width, depth = np.interp(z, cage.z, cage.half_width), np.interp(z, cage.z, cage.half_depth)
    swell = np.array([0.93, 0.98, 1, 1, 1, 1, 1, 0.97, 0.88, 0.55])
    half = width * 0.47 * swell
    centre_x = sign * float((width * 0.52).mean())
    return Profile(
        tuple(z.tolist()),
        tuple(half.tolist()),
        tuple((depth * 0.93 * swell).tolist()),
        (cage.centre_y[0],) * len(z),
        centre_x,
    )


def _domes(traits: Traits) -> tuple[Ellipsoid, ...]:
    """The diaphragm over liver and stomach; how deep the breath is differs between children."""
    u, breath = traits.u, float(traits.rng("breath").uniform(-0.006, 0.006))
    return tuple(
        Ellipsoid(traits.at("T11", x, y, z + breath), vector(0.043, 0.058, height) * u) for x, y, z, height in DOMES
    )


def _mediastinum(traits: Traits) -> Capsule:
    u = traits.u
    return Capsule(traits.at("T11", 0, -0.004, 0.01), traits.at("T2", 0, 0.004, 0), 0.019 * u, 0.017 * u)


def _heart(traits: Traits) -> tuple[Organ, ...]:
    """Four chambers in muscle, tilted to the left."""
    u, size = traits.u, traits.ratios("heart", 0.05)
    place = traits.at("T8", -0.014, 0.016, -0.002) + traits.shift("heart", 0.002)
    axes = axes_along(_HEART_AXIS, hint=vector(0, 0, 1))
    muscle = Ellipsoid(place, vector(0.025, 0.026, 0.034) * u * size, axes)

    def chamber(right: float, ahead: float, up: float, radii: tuple[float, float, float]) -> Ellipsoid:
        return Ellipsoid(place + vector(right, ahead, up) * u, vector(*radii) * u * size, axes)

    left = chamber(-0.010, -0.001, -0.002, (0.0085, 0.0095, 0.0180))
    right = chamber(0.004, 0.011, -0.004, (0.0085, 0.0120, 0.0170))
    atria = (
        chamber(0.016, 0.000, 0.008, (0.0110, 0.0120, 0.0110)),
        chamber(0.000, -0.018, 0.009, (0.0125, 0.0090, 0.0100)),
    )
    return (
        Organ("visceral_fat", (Grown(muscle, 0.0025 * u),)),
        Organ("heart", (muscle, *(Grown(atrium, 0.0012 * u) for atrium in atria)), blend_mm=3.0),
        Organ("flowing_blood", (left, right, *atria)),
    )


def _thymus(traits: Traits) -> tuple[Organ, ...]:
    """Two lobes, large in small children, nearly gone in adolescents."""
    u = traits.u * float(np.interp(traits.marks.child.age_years, (3, 9, 17), (1.25, 0.95, 0.45)))
    size = traits.ratios("thymus", 0.15)
    lobes = [
        Ellipsoid(traits.at("T4", s * 0.008, 0.034, -0.006), vector(0.011, 0.0085, 0.024) * u * size) for s in (-1, 1)
    ]
    return (Organ("thymus", tuple(lobes), blend_mm=3.0),)


def _vessels_of_chest(traits: Traits) -> tuple[Organ, ...]:
    """Aorta with its arch, pulmonary trunk, upper and lower vena cava."""
    u, root = traits.u, traits.at("T7", -0.002, 0.012, 0.006)
    arch = [
        root,
        traits.at("T5", 0.008, 0.016, 0.0),
        traits.at("T4", 0.002, 0.010, 0.002),
        traits.at("T4", -0.010, -0.006, 0.0),
        traits.at("T6", -0.012, -0.016, 0.0),
        traits.at("T10", -0.008, -0.010, 0.0),
        traits.at("T12", -0.004, -0.002, 0.0),
    ]
    aorta = tube(arch, [0.0088 * u, 0.0085 * u, 0.0075 * u, 0.0065 * u, 0.0058 * u], 16)
    trunk = tube(
        [
            traits.at("T7", -0.010, 0.022, 0.004),
            traits.at("T6", -0.012, 0.012, 0.0),
            traits.at("T6", -0.004, -0.002, 0),
        ],
        [0.0085 * u, 0.0080 * u, 0.0065 * u],
        5,
    )
    upper = tube([traits.at("T3", 0.011, 0.012, 0), traits.at("T7", 0.013, 0.010, 0.0)], [0.0062 * u, 0.0070 * u], 3)
    neck = [
        Capsule(traits.at("T4", x, 0.008, 0.004), traits.at("T1", s * 0.016, 0.004, 0), 0.0036 * u, 0.0030 * u)
        for s, x in ((1, 0.008), (-1, -0.004))
    ]
    return Organ("flowing_blood", (*aorta, *trunk, *neck)), Organ("slow_blood", upper)


def _airways(traits: Traits) -> tuple[Organ, ...]:
    """Trachea, main bronchi, and the gullet behind."""
    u = traits.u
    top, fork = traits.at("C6", 0, 0.014, 0), traits.at("T5", 0.002, -0.002, 0.006)
    wind = tube([top, traits.at("T2", 0, 0.006, 0), fork], [0.0050 * u, 0.0052 * u, 0.0050 * u], 6)
    bronchi = [Capsule(fork, traits.at("T6", s * 0.024, -0.008, 0.004 * s), 0.0042 * u, 0.0030 * u) for s in (-1, 1)]
    gullet = tube(
        [traits.at("C6", 0.0, 0.004, 0), traits.at("T4", -0.002, -0.006, 0), traits.at("T10", -0.006, 0.004, 0)],
        [0.0040 * u, 0.0042 * u, 0.0050 * u],
        7,
    )
    return Organ("muscle", gullet), Organ("airway", (*wind, *bronchi))


def _lung_vessels(traits: Traits, side: Side) -> tuple[Shape, ...]:
    """Vessels that spread from the hilum and branch once."""
    s, u, rng = outward_sign(side), traits.u, traits.rng(f"lung vessels {side.value}")
    hilum = traits.at("T6", s * 0.024, -0.004, -0.004)
    parts: list[Shape] = []
    for _ in range(_BRANCHES):
        reach = vector(s * rng.uniform(0.012, 0.032), rng.uniform(-0.030, 0.034), rng.uniform(-0.050, 0.048)) * u
        fork: Vector = hilum + reach * float(rng.uniform(0.45, 0.6))
        parts.append(Capsule(hilum, fork, 0.0026 * u, 0.0016 * u))
        for _ in range(2):
            end = hilum + reach + rng.standard_normal(3) * 0.007 * u
            parts.append(Capsule(fork, end, 0.0014 * u, 0.0005 * u))
    return tuple(parts)
