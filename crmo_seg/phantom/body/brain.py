"""What the head holds: brain with sulci and ventricles, eyes, airways, tongue. Numbers are in radii of the cranium.

All is built for the straight head; ``head_of`` moves it with the skull.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.phantom.body.curves import tube
from crmo_seg.phantom.body.head import CALVARIA_MM, HeadFrame, airways, head_frame, orbits
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.traits import Traits
from crmo_seg.phantom.solids.combined import Both, Without, Wrinkled
from crmo_seg.phantom.solids.rigid import moved
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Grown, Plate, Shape, Vector, axes_along, unit, vector

SULCUS_MM: Final = 1.9
"""Amplitude of each of the waves that fold the surface of the brain."""
SULCUS_LENGTHS_MM: Final = (11.0, 22.0)
_SULCUS_WAVES: Final = 10
SUBARACHNOID_MM: Final = 2.5


def head_of(marks: Landmarks, traits: Traits) -> tuple[Organ, ...]:
    """Organs of the head in their place, in painting order."""
    frame, motion = head_frame(traits.marks), marks.motion("head")
    organs = (*_brain(frame, traits), *_eyes(frame), *_mouth(frame, traits), *_air(frame))
    return tuple(Organ(organ.tissue, tuple(moved(s, motion) for s in organ.shapes), organ.blend_mm) for organ in organs)


def _brain(head: HeadFrame, traits: Traits) -> tuple[Organ, ...]:
    inner = head.inner(CALVARIA_MM)
    folded = Wrinkled(head.inner(CALVARIA_MM + SUBARACHNOID_MM), _folds(head, traits))
    cerebrum = Without(folded, _hind_space(head))
    fissure = Plate((head.at(0, 0.95, 0.1), head.at(0, -0.95, 0.1), head.at(0, 0, 0.98)), 0.7)
    sylvian = [
        Plate((head.at(s * 0.97, 0.45, -0.25), head.at(s * 0.97, -0.35, 0.05), head.at(s * 0.5, 0.25, -0.2)), 1.2)
        for s in (-1, 1)
    ]
    stem = tube([head.at(0, 0.06, -0.20), head.at(0, -0.06, -0.55), head.at(0, -0.14, -0.95)], [11.0, 11.0, 6.0], 5)
    return (
        Organ("csf", (inner,)),
        Organ("brain", (cerebrum,)),
        Organ("csf", (fissure, *sylvian)),
        Organ("brain", _cerebellum(head)),
        Organ("brain", tuple(Both(part, inner) for part in (*_core(head), *stem))),
        Organ("csf", (*_ventricles(head, traits), *_cisterns(head))),
        Organ("slow_blood", _sinus(head)),
    )


def _folds(head: HeadFrame, traits: Traits) -> Ripple:
    """Waves of all directions, the same at each visit."""
    rng = traits.rng("sulci")
    directions = rng.standard_normal((_SULCUS_WAVES, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = rng.uniform(*SULCUS_LENGTHS_MM, _SULCUS_WAVES)
    amplitudes = np.full(_SULCUS_WAVES, SULCUS_MM)
    waves: Vector = directions * (2 * np.pi / lengths[:, None])
    return Ripple(head.centre, waves, rng.uniform(0, 2 * np.pi, (_SULCUS_WAVES, 3)), amplitudes)


def _hind_space(head: HeadFrame) -> Ellipsoid:
    """Below the tentorium."""
    return Ellipsoid(head.at(0, -0.50, -0.62), vector(0.66, 0.46, 0.40) * head.radii)


def _cerebellum(head: HeadFrame) -> tuple[Shape, ...]:
    """Two halves that nearly fill the space below the tentorium."""
    inside, space = head.inner(CALVARIA_MM + 1.5), _hind_space(head)
    halves = [Ellipsoid(head.at(s * 0.27, -0.52, -0.62), vector(0.38, 0.42, 0.38) * head.radii) for s in (-1, 1)]
    return tuple(Both(Both(half, inside), Grown(space, -1.8)) for half in halves)


def _core(head: HeadFrame) -> tuple[Shape, ...]:
    """Basal ganglia and corpus callosum bridge the fissure."""
    middle = Ellipsoid(head.at(0, 0.02, -0.05), vector(0.42, 0.40, 0.30) * head.radii)
    return middle, *tube([head.at(0, 0.36, 0.05), head.at(0, 0.02, 0.28), head.at(0, -0.36, 0.12)], [4.0, 4.0, 5.0], 6)


def _ventricles(head: HeadFrame, traits: Traits) -> tuple[Shape, ...]:
    """Horns and bodies of both lateral ventricles, the third and the fourth."""
    wide = float(traits.ratios("ventricles", 0.15)[0])
    parts: list[Shape] = []
    for s in (-1, 1):
        horn = [
            head.at(s * 0.10, 0.40, 0.02),
            head.at(s * 0.13, 0.15, 0.18),
            head.at(s * 0.18, -0.18, 0.19),
            head.at(s * 0.30, -0.40, 0.04),
        ]
        parts += tube(horn, [3.0 * wide, 3.6 * wide, 3.6 * wide, 4.8 * wide], 8)
        down = [horn[-1], head.at(s * 0.38, -0.22, -0.22), head.at(s * 0.38, 0.10, -0.30)]
        parts += tube(down, [4.2 * wide, 2.4 * wide, 1.6], 5)
        parts += tube([horn[-1], head.at(s * 0.26, -0.64, 0.02)], [4.2 * wide, 1.6], 3)
    parts.append(Plate((head.at(0, 0.14, 0.02), head.at(0, -0.14, 0.06), head.at(0, 0.06, -0.20)), 1.3 * wide))
    parts.append(Ellipsoid(head.at(0, -0.26, -0.56), vector(6.0 * wide, 4.0, 9.0)))
    return tuple(parts)


def _cisterns(head: HeadFrame) -> tuple[Shape, ...]:
    """Around the brain stem."""
    return (
        Ellipsoid(head.at(0, 0.16, -0.42), vector(9, 5, 4)),
        Ellipsoid(head.at(0, -0.30, -0.24), vector(10, 4, 4)),
        Ellipsoid(head.at(0, -0.45, -0.90), vector(10, 8, 4)),
    )


def _sinus(head: HeadFrame) -> tuple[Capsule, ...]:
    """Sagittal and transverse sinus, along the inner table."""
    turns = np.deg2rad(np.linspace(30, 200, 10))
    rim = [head.at(0, 0.93 * float(np.cos(a)), 0.93 * float(np.sin(a))) for a in turns]
    sides = [
        tube([rim[-1], head.at(s * 0.55, -0.72, -0.36), head.at(s * 0.80, -0.30, -0.42)], [3.0, 3.0, 2.6], 5)
        for s in (-1, 1)
    ]
    return (*tube(rim, [1.6, 3.0], 12), *sides[0], *sides[1])


def _eyes(head: HeadFrame) -> tuple[Organ, ...]:
    """Globe, optic nerve with its sheath, and the muscles around."""
    fat: list[Shape] = []
    muscles: list[Shape] = []
    globes, sheaths, nerves = [], [], []
    for s, socket in zip((-1, 1), orbits(head), strict=True):
        globe = Ellipsoid(socket.centre + vector(0, -2, 0), vector(11.3, 11.5, 11.3))
        apex = head.at(s * 0.24, 0.40, -0.40)
        back = globe.centre + unit(apex - globe.centre) * 11
        pad = Ellipsoid(socket.centre + vector(0, -8, 0), vector(16, 15, 14))
        fat += [pad, Capsule(socket.centre, apex, 13.0, 4.0)]
        globes.append(globe)
        sheaths.append(Capsule(back, apex, 3.0, 2.6))
        nerves.append(Capsule(back, apex, 1.6, 1.6))
        muscles += [Capsule(globe.centre + offset, apex, 1.8, 1.8) for offset in _around_globe()]
    return (
        Organ("orbital_fat", tuple(fat)),
        Organ("muscle", tuple(muscles)),
        Organ("csf", tuple(sheaths)),
        Organ("brain", tuple(nerves)),
        Organ("eye", tuple(globes)),
    )


def _around_globe() -> tuple[Vector, ...]:
    return vector(11, -2, 0), vector(-11, -2, 0), vector(0, -2, 11), vector(0, -2, -11)


def _mouth(head: HeadFrame, traits: Traits) -> tuple[Organ, ...]:
    """Tongue, and the tonsils with the adenoid, which shrink after the tenth year."""
    chin = (head.chin - head.centre) / head.radii
    low = float(chin[2])
    tongue = Ellipsoid(head.at(0, 0.46, low * 0.86), vector(0.26, 0.34, 0.20) * head.radii)
    size = float(np.interp(traits.marks.child.age_years, (3, 6, 10, 17), (0.9, 1.15, 1.0, 0.65)))
    tonsils = [Ellipsoid(head.at(s * 0.22, 0.20, low * 0.80), vector(5, 7, 10) * size) for s in (-1, 1)]
    adenoid = Ellipsoid(head.at(0, 0.20, -1.02), vector(11, 5, 8) * size)
    parotids = [Ellipsoid(head.at(s * 0.50, 0.02, low * 0.68), vector(6, 9, 14)) for s in (-1, 1)]
    return (
        Organ("muscle", (tongue,)),
        Organ("lymph_node", (*tonsils, adenoid)),
        Organ("fat", (Ellipsoid(head.at(0, 0.52, low * 1.02), vector(0.20, 0.18, 0.05) * head.radii),)),
        Organ("mediastinum", tuple(parotids)),
    )


def _air(head: HeadFrame) -> tuple[Organ, ...]:
    """Nose with its septum and conchae, sinuses, throat."""
    low = float(((head.chin - head.centre) / head.radii)[2])
    throat = tube(
        [head.at(0, 0.34, -0.92), head.at(0, 0.26, low * 0.75), head.at(0, 0.20, low * 1.0)], [6.0, 5.0, 4.5], 6
    )
    septum = Plate((head.at(0, 0.95, -0.70), head.at(0, 0.50, -0.70), head.at(0, 0.80, -1.02)), 1.0)
    conchae = [
        Ellipsoid(head.at(s * 0.07, 0.72, z), vector(2.2, 14, 3.6), axes_along(vector(0, 0, 1), vector(0, 1, 0)))
        for s in (-1, 1)
        for z in (-0.80, -0.94)
    ]
    return Organ("airway", (*airways(head), *throat)), Organ("mediastinum", (septum, *conchae))
