"""Organs, fluid and vessels: what shines on STIR without being edema. Numbers are in statures unless ``_mm``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.axial import canal, discs, rib_cage
from crmo_seg.phantom.body.head import CALVARIA_MM, airways, head_frame, orbits
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.outline import shrunk, trunk
from crmo_seg.phantom.body.solid_bone import chain
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Profile, Shape, Vector, axes_along, unit, vector

WALL_MM = 12.0
"""Muscle between the fat of the trunk and what it encloses, at a stature of 1500 mm."""


@dataclass(frozen=True, eq=False)
class Organ:
    """Solids of one tissue; ``tissue`` names a row of ``signal.TISSUE_SIGNAL``."""

    tissue: str
    shapes: tuple[Shape, ...]
    blend_mm: float = 0.0


def soft_organs(marks: Landmarks, rng: np.random.Generator) -> tuple[Organ, ...]:
    """Everything under the muscle and below the bones, in painting order."""
    return (*_chest(marks), *_abdomen(marks, rng), *_head(marks), *_nerve_tube(marks), *_vessels(marks))


def joint_fluid(marks: Landmarks, rng: np.random.Generator) -> tuple[Organ, ...]:
    """Effusions and discs, painted before the bones that they surround; each joint holds another amount."""
    u = marks.unit_mm
    fluid: list[Shape] = []
    cartilage: list[Shape] = []
    for side in Side:
        joints = marks.joints[side]
        amount = 0.6 + 0.8 * rng.random(6)
        cartilage += [
            Ellipsoid(joints.hip, np.full(3, 0.0162 * u)),
            Ellipsoid(joints.shoulder, np.full(3, 0.0152 * u)),
        ]
        fluid += [
            Ellipsoid(joints.hip + vector(0, 0.009, -0.007) * u, vector(0.013, 0.009, 0.010) * u * amount[0]),
            Ellipsoid(joints.shoulder + vector(0, 0, -0.012) * u, vector(0.012, 0.010, 0.006) * u * amount[1]),
            Ellipsoid(joints.knee + vector(0, 0.016, 0.024) * u, vector(0.014, 0.0045, 0.014) * u * amount[2]),
            Ellipsoid(joints.knee + vector(0, 0, -0.0070) * u, vector(0.021, 0.014, 0.003 + 0.001 * amount[3]) * u),
            Ellipsoid(joints.ankle + vector(0, 0.004, 0.001) * u, vector(0.0125, 0.0120, 0.004 * amount[4]) * u),
            Ellipsoid(joints.elbow + vector(0, 0, -0.003) * u, vector(0.013, 0.010, 0.004 * amount[5]) * u),
            Ellipsoid(joints.wrist + vector(0, 0, 0.002) * u, vector(0.005, 0.013, 0.003) * u),
        ]
    return Organ("cartilage", tuple(cartilage)), Organ("joint_fluid", tuple(fluid)), Organ("disc", discs(marks))


def _chest(marks: Landmarks) -> tuple[Organ, ...]:
    u, cage = marks.unit_mm, rib_cage(marks)
    inner = shrunk(cage, 0.006 * u)
    middle, low = float(marks.vertebrae["T8"].centre[2]), float(marks.vertebrae["T11"].centre[2])
    lungs = [_lung(inner, sign, float(marks.vertebrae["T10"].centre[2])) for sign in (-1.0, 1.0)]
    heart = Ellipsoid(marks.at(-0.014, 0.020, 0.0, above=middle), vector(0.030, 0.026, 0.033) * u)
    chamber = Ellipsoid(
        heart.centre - vector(0.008, 0, 0.003) * u,
        vector(0.009, 0.010, 0.017) * u,
        axes_along(vector(-0.5, 0, -1), hint=vector(0, 1, 0)),
    )
    column = Capsule(
        marks.at(0, 0.004, 0.01, above=low),
        marks.at(0, 0.010, 0, above=float(marks.vertebrae["T2"].centre[2])),
        0.018 * u,
        0.014 * u,
    )
    thymus = Ellipsoid(
        marks.at(0, 0.034, 0, above=float(marks.vertebrae["T4"].centre[2])), vector(0.016, 0.010, 0.022) * u
    )
    return (
        Organ("lung", tuple(lungs)),
        Organ("mediastinum", (column,)),
        Organ("thymus", (thymus,)),
        Organ("heart", (heart,)),
        Organ("flowing_blood", (chamber,)),
    )


def _lung(cage: Profile, sign: float, base_z: float) -> Profile:
    """One side of the cage, from the diaphragm up."""
    z = np.linspace(base_z, cage.z[-1], 8)
    width, depth = np.interp(z, cage.z, cage.half_width), np.interp(z, cage.z, cage.half_depth)
    swell = np.array([0.75, 0.95, 1, 1, 1, 1, 0.95, 0.75])
    half = width * 0.44 * swell
    centre_x = sign * float((width - width * 0.44).mean())
    return Profile(
        tuple(z.tolist()),
        tuple(half.tolist()),
        tuple((depth * 0.9 * swell).tolist()),
        (cage.centre_y[0],) * 8,
        centre_x,
    )


def _abdomen(marks: Landmarks, rng: np.random.Generator) -> tuple[Organ, ...]:
    u, skin = marks.unit_mm, trunk(marks)
    levels = {name: float(level.centre[2]) for name, level in marks.vertebrae.items()}
    wall = marks.child.fat_mm + WALL_MM / 1500 * u
    z = np.linspace(marks.hip_z - 0.012 * u, levels["T10"], 7)
    width, depth = np.interp(z, skin.z, skin.half_width) - wall, np.interp(z, skin.z, skin.half_depth) - wall
    front = depth * 0.62
    cavity = Profile(
        tuple(z.tolist()),
        tuple((width * (0.25, 0.62, 0.85, 1, 1, 1, 0.95)).tolist()),
        tuple(front.tolist()),
        tuple((depth - front - 0.002 * u).tolist()),
    )
    liver = Ellipsoid(marks.at(0.038, 0.008, 0.004, above=levels["T11"]), vector(0.037, 0.040, 0.042) * u)
    left_lobe = Ellipsoid(marks.at(0.004, 0.026, 0.000, above=levels["T11"]), vector(0.034, 0.020, 0.022) * u)
    spleen = Ellipsoid(marks.at(-0.057, -0.016, 0.004, above=levels["T11"]), vector(0.016, 0.026, 0.027) * u)
    stomach = Ellipsoid(marks.at(-0.032, 0.016, 0.002, above=levels["T11"]), vector(0.025, 0.020, 0.026) * u)
    gall = Ellipsoid(marks.at(0.032, 0.024, 0.0, above=levels["L1"]), vector(0.0075, 0.009, 0.013) * u)
    full = 0.7 + 0.5 * float(rng.random())
    bladder = Ellipsoid(marks.at(0, 0.010, 0.012 * full, above=marks.hip_z), vector(0.024, 0.018, 0.020) * u * full)
    return (
        Organ("visceral_fat", (cavity,)),
        *_bowel(cavity, rng, 0.0085 * u),
        Organ("liver", (liver, left_lobe), blend_mm=6.0),
        Organ("spleen", (spleen,)),
        Organ("stomach", (stomach,)),
        Organ("gall_bladder", (gall,)),
        Organ("kidney", tuple(_kidney(marks, levels, side) for side in Side)),
        Organ("renal_pelvis", tuple(_renal_pelvis(marks, levels, side) for side in Side)),
        Organ("bladder", (bladder,)),
    )


def _kidney(marks: Landmarks, levels: dict[str, float], side: Side) -> Ellipsoid:
    sign, u = marks.joints[side].outward, marks.unit_mm
    level = levels["L2"] if side is Side.RIGHT else levels["L1"]
    axes = np.stack([unit(vector(1, 0, sign * 0.25)), vector(0, 1, 0), unit(vector(-sign * 0.25, 0, 1))])
    return Ellipsoid(marks.at(sign * 0.036, -0.026, 0.0, above=level), vector(0.0165, 0.0140, 0.0310) * u, axes)


def _renal_pelvis(marks: Landmarks, levels: dict[str, float], side: Side) -> Ellipsoid:
    kidney, sign = _kidney(marks, levels, side), marks.joints[side].outward
    return Ellipsoid(kidney.centre - vector(sign * 0.008, 0, 0) * marks.unit_mm, kidney.radii * vector(0.4, 0.35, 0.4))


def _bowel(cavity: Profile, rng: np.random.Generator, radius_mm: float) -> tuple[Organ, ...]:
    """Loops of small and large bowel; some hold bright fluid, some gas."""
    loops: dict[str, list[Shape]] = {"bowel_wall": [], "bowel_fluid": [], "bowel_gas": []}
    for _ in range(44):
        height = float(rng.uniform(0.12, 0.88))
        start = _inside(cavity, rng, height)
        end = _inside(cavity, rng, min(height + 0.08, 0.95))
        radius = radius_mm * float(rng.uniform(0.8, 1.4))
        content = ("bowel_fluid", "bowel_wall", "bowel_gas")[int(rng.choice(3, p=(0.4, 0.35, 0.25)))]
        loops["bowel_wall"].append(Capsule(start, end, radius, radius))
        if content != "bowel_wall":
            loops[content].append(Capsule(start, end, radius * 0.7, radius * 0.7))
    return tuple(Organ(tissue, tuple(shapes)) for tissue, shapes in loops.items())


def _inside(cavity: Profile, rng: np.random.Generator, height: float) -> Vector:
    z = cavity.z[0] + height * (cavity.z[-1] - cavity.z[0])
    width, depth, y = (
        float(np.interp(z, cavity.z, knots)) for knots in (cavity.half_width, cavity.half_depth, cavity.centre_y)
    )
    turn, reach = float(rng.uniform(0, 2 * np.pi)), 0.75 * float(np.sqrt(rng.random()))
    return vector(width * reach * np.cos(turn), y + depth * reach * np.sin(turn), z)


def _head(marks: Landmarks) -> tuple[Organ, ...]:
    head = head_frame(marks)
    ventricles = [Capsule(head.at(s * 0.12, 0.30, 0.10), head.at(s * 0.20, -0.35, 0.08), 5.0, 7.0) for s in (-1, 1)]
    eyes = [Ellipsoid(socket.centre + vector(0, 3, 0), vector(11.5, 11.5, 11.5)) for socket in orbits(head)]
    throat = Capsule(
        head.at(0, 0.35, -0.95), marks.at(0, 0.012, 0, above=float(marks.vertebrae["C6"].centre[2])), 6.0, 6.0
    )
    return (
        Organ("csf", (head.inner(CALVARIA_MM),)),
        Organ("brain", (head.inner(CALVARIA_MM + 3.0),)),
        Organ("csf", tuple(ventricles)),
        Organ("orbital_fat", orbits(head)),
        Organ("eye", tuple(eyes)),
        Organ("air", (*airways(head), throat)),
    )


def _nerve_tube(marks: Landmarks) -> tuple[Organ, ...]:
    u, points = marks.unit_mm, canal(marks)
    wide, narrow = np.linspace(0.0046, 0.0054, len(points)) * u, np.linspace(0.0020, 0.0032, len(points)) * u
    return Organ("csf", chain(points, wide.tolist())), Organ("cord", chain(points[5:], narrow[5:].tolist()))


def _vessels(marks: Landmarks) -> tuple[Organ, ...]:
    """Slow veins are bright, fast arteries dark."""
    u = marks.unit_mm
    slow: list[Capsule] = []
    fast: list[Capsule] = []
    for side in Side:
        joints = marks.joints[side]
        inward = vector(-joints.outward, 0, 0)
        groin = joints.hip + (inward * 0.006 + vector(0, 0.026, -0.02)) * u
        thigh = (joints.hip + joints.knee) / 2 + (inward * 0.018 + vector(0, 0.004, 0)) * u
        back = joints.knee + vector(0, -0.024, 0.0) * u
        calf = (joints.knee + joints.ankle) / 2 + vector(0, -0.016, 0) * u
        pelvis = joints.hip + (inward * 0.020 + vector(0, 0.004, 0.05)) * u
        slow += chain([pelvis, groin, thigh, back, calf], [0.0030 * u, 0.0030 * u, 0.0026 * u, 0.0024 * u, 0.0015 * u])
        shift = vector(joints.outward * 0.0055, 0, 0) * u
        fast += chain([groin + shift, thigh + shift, back + shift], [0.0024 * u, 0.0022 * u, 0.0020 * u])
    aorta = chain(
        [marks.at(-0.006, 0.000, 0, above=float(marks.vertebrae[v].centre[2])) for v in ("T5", "L4")], [0.0055 * u] * 2
    )
    return Organ("slow_blood", tuple(slow)), Organ("flowing_blood", (*fast, *aorta))
