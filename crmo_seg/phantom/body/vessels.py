"""Vessels of neck, belly and limbs: arteries and fast veins are dark, slow veins bright. Numbers are in statures."""

from __future__ import annotations

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.curves import tube
from crmo_seg.phantom.body.landmarks import Landmarks, LimbJoints, outward_sign
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.traits import Traits
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Vector, vector


def trunk_vessels(traits: Traits) -> tuple[Organ, ...]:
    """Aorta and lower vena cava of the belly, with the iliac vessels."""
    u = traits.u
    aorta = tube([traits.at("T12", -0.004, -0.002, 0), traits.at("L4", -0.003, 0.006, 0)], [0.0055 * u, 0.0048 * u], 4)
    cava = tube(
        [traits.at("T10", 0.012, -0.004, 0), traits.at("L4", 0.010, 0.004, -0.006)], [0.0075 * u, 0.0065 * u], 5
    )
    arteries, veins = list(aorta), list(cava)
    for side in Side:
        s, groin = outward_sign(side), _groin(traits.marks.joints[side], u)
        brim = traits.at("hip", s * 0.034, -0.010, 0.050)
        arteries += tube([aorta[-1].end, brim, groin + vector(s * 0.005, 0, 0) * u], [0.0038 * u, 0.0030 * u], 6)
        veins += tube([cava[-1].end, brim + vector(-s * 0.003, -0.006, 0) * u, groin], [0.0045 * u, 0.0036 * u], 6)
    return Organ("flowing_blood", tuple(arteries)), Organ("slow_blood", tuple(veins))


def neck_of(traits: Traits) -> tuple[Organ, ...]:
    """Carotids, jugular veins, larynx and thyroid."""
    u = traits.u
    arteries: list[Capsule] = []
    veins: list[Capsule] = []
    for s in (-1.0, 1.0):
        low, high = traits.at("T1", s * 0.016, 0.004, 0), traits.at("C2", s * 0.017, -0.002, 0)
        arteries += tube([low, high], [0.0028 * u, 0.0024 * u], 3)
        veins += tube(
            [low + vector(s * 0.006, 0.002, 0) * u, high + vector(s * 0.005, -0.003, 0) * u],
            [0.0040 * u, 0.0030 * u],
            3,
        )
    lobes = [Ellipsoid(traits.at("C7", s * 0.0095, 0.016, 0.0), vector(0.0050, 0.0055, 0.0125) * u) for s in (-1, 1)]
    bridge = Ellipsoid(traits.at("C7", 0, 0.0225, -0.004), vector(0.008, 0.003, 0.006) * u)
    larynx = Capsule(traits.at("C4", 0, 0.017, 0), traits.at("C6", 0, 0.015, 0), 0.0085 * u, 0.0075 * u)
    throat = Capsule(traits.at("C3", 0, 0.012, 0), traits.at("C6", 0, 0.014, 0), 0.0042 * u, 0.0042 * u)
    return (
        Organ("cartilage", (larynx,)),
        Organ("airway", (throat,)),
        Organ("thymus", (*lobes, bridge)),
        Organ("flowing_blood", tuple(arteries)),
        Organ("slow_blood", tuple(veins)),
    )


def limb_vessels(marks: Landmarks, side: Side) -> tuple[Organ, ...]:
    """Femoral to tibial, and brachial vessels; one organ for the arteries and the veins of each limb."""
    joints, u = marks.joints[side], marks.unit_mm
    leg, arm = _leg_course(joints, u), _arm_course(joints, u)
    beside = vector(joints.outward * 0.0052, 0.001, 0) * u
    return (
        Organ("slow_blood", tube(leg, [0.0033 * u, 0.0028 * u, 0.0026 * u, 0.0013 * u], 12)),
        Organ(
            "flowing_blood",
            tube([point + beside for point in leg], [0.0026 * u, 0.0022 * u, 0.0020 * u, 0.0009 * u], 12),
        ),
        Organ("slow_blood", _superficial_vein(joints, u, min(marks.child.flesh * marks.child.girth, 1.1))),
        Organ("slow_blood", tube(arm, [0.0026 * u, 0.0020 * u, 0.0010 * u], 9)),
    )


def _groin(joints: LimbJoints, u: float) -> Vector:
    groin: Vector = joints.hip + vector(-joints.outward * 0.006, 0.026, -0.018) * u
    return groin


def _leg_course(joints: LimbJoints, u: float) -> list[Vector]:
    inward = vector(-joints.outward, 0, 0) * u
    thigh = (joints.hip + joints.knee) / 2 + inward * 0.018 + vector(0, 0.004, 0) * u
    behind = joints.knee + vector(0, -0.024, 0.0) * u
    calf = (joints.knee + joints.ankle) / 2 + vector(0, -0.012, 0) * u
    return [_groin(joints, u), thigh, behind, calf, joints.ankle + inward * 0.012 + vector(0, -0.012, 0.006) * u]


def _superficial_vein(joints: LimbJoints, u: float, girth: float) -> tuple[Capsule, ...]:
    """The great saphenous vein, under the skin of the inner side."""
    inward = vector(-joints.outward, 0, 0) * u * girth
    points = [
        _groin(joints, u) + inward * 0.004,
        (joints.hip + joints.knee) / 2 + inward * 0.031,
        joints.knee + inward * 0.026 + vector(0, -0.008, 0) * u,
        (joints.knee + joints.ankle) / 2 + inward * 0.018,
        joints.ankle + inward * 0.013,
    ]
    return tube(points, [0.0016 * u, 0.0014 * u, 0.0011 * u], 10)


def _arm_course(joints: LimbJoints, u: float) -> list[Vector]:
    inward = vector(-joints.outward, 0, 0) * u
    pit = joints.shoulder + inward * 0.014 + vector(0, 0.002, -0.014) * u
    upper = (joints.shoulder + joints.elbow) / 2 + inward * 0.013
    bend = joints.elbow * 0.98 + joints.wrist * 0.02 + inward * 0.004 + vector(0, 0.012, 0.004) * u
    fore = (joints.elbow + joints.wrist) / 2 + vector(0, 0.009, 0) * u
    return [pit, upper, bend, fore, joints.wrist + vector(0, 0.008, 0.006) * u]
