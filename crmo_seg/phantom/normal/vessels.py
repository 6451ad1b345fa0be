"""Vessels that are bright on fluid-sensitive images: in vertebrae, in the shafts of long bones, beside the bones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks, LimbJoints
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.normal.finding import Confinement, Finding, Streams
from crmo_seg.phantom.normal.posed import posed
from crmo_seg.phantom.solids.shapes import Capsule, Vector, unit, vector

VEIN_CHANCE: Final = (0.35, 0.98)
"""Share of a child's vertebrae whose vein is seen: drawn for each child. All rates of this file are assumptions."""
NUTRIENT_CHANCE: Final[Mapping[str, float]] = {"femur": 0.35, "tibia": 0.45, "humerus": 0.25, "radius": 0.10}
VESSEL_CHANCE: Final = 0.6
_NO_WAVES: Final = (np.empty((0, 3)), np.empty(0))


def plan_basivertebral_veins(
    skeleton: Mapping[str, SolidBone], streams: Streams, frequency: float
) -> Iterator[Finding]:
    """The vein that leaves each vertebral body at its back: a flat wedge in its midline, widest at the canal."""
    share = float(streams.of("basivertebral veins").uniform(*VEIN_CHANCE))
    for name, bone in skeleton.items():
        rng = streams.of(f"vein {name}")
        site = next((site for site in bone.sites if site.region == "body"), None)
        if name.startswith("vertebra_") and site is not None and rng.random() < share * frequency:
            yield _vessel("basivertebral_vein", f"vein {name}", name, _wedge(site, rng), rng)


def plan_nutrient_vessels(skeleton: Mapping[str, SolidBone], streams: Streams, frequency: float) -> Iterator[Finding]:
    """A thin oblique line from the cortex into the marrow of a shaft, towards the elbow and away from the knee."""
    for kind, chance in NUTRIENT_CHANCE.items():
        for side in Side:
            key = f"nutrient vessel {kind}_{side.value}"
            rng, bone = streams.of(key), skeleton.get(f"{kind}_{side.value}")
            shaft = next((site for site in bone.sites if site.region == "diaphysis"), None) if bone else None
            if bone is not None and shaft is not None and rng.random() < chance * frequency:
                yield _vessel("nutrient_vessel", key, bone.full_name, _canal(shaft, rng), rng)


def plan_veins(marks: Landmarks, streams: Streams, frequency: float) -> Iterator[Finding]:
    """Slow-flow veins in the soft tissue of the limbs, piece by piece."""
    for side in Side:
        courses = _courses(marks.reference.joints[side], marks.unit_mm)
        for name, (part, start, end, radius) in courses.items():
            key = f"vein {name} {side.value}"
            rng = streams.of(key)
            if rng.random() < VESSEL_CHANCE * frequency:
                wobble = rng.normal(0, 0.002 * marks.unit_mm, (2, 3))
                thick = radius * marks.unit_mm * float(rng.uniform(0.7, 1.3))
                rod = Capsule(start + wobble[0], end + wobble[1], thick, thick * 0.8)
                yield _vessel("vessel", key, None, posed(rod, marks, part, side), rng)


def _vessel(kind: str, key: str, bone: str | None, place: LesionSite | Capsule, rng: np.random.Generator) -> Finding:
    confined: Confinement = "soft" if bone is None else "marrow"
    strength = float(rng.uniform(1.6, 4.5) if bone else rng.uniform(2.0, 6.5))
    return Finding(key, kind, bone, place, strength, 1.0, confined, 0.0, *_NO_WAVES)


def _wedge(site: LesionSite, rng: np.random.Generator) -> LesionSite:
    """Third axis along the spine, second forward: the back half of the body's middle."""
    width, depth, height = site.radii.tolist()
    reach = depth * float(rng.uniform(0.35, 0.65))
    thick = min(float(rng.uniform(0.7, 1.5)), 0.4 * height)
    radii = vector(width * float(rng.uniform(0.15, 0.35)), reach, thick)
    shift = vector(0, reach - depth, height * float(rng.uniform(-0.1, 0.1)))
    return LesionSite("basivertebral vein", None, site.centre + shift @ site.axes, radii, site.axes)


def _canal(shaft: LesionSite, rng: np.random.Generator) -> Capsule:
    """From the wall at some height of the shaft inward, 10 to 25 degrees off the shaft's axis."""
    turn, slope = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(10, 25))
    across = vector(float(np.cos(turn)), float(np.sin(turn)), 0.0) @ shaft.axes
    start = shaft.centre + across * shaft.radii[0] + shaft.axes[2] * shaft.radii[2] * rng.uniform(-0.6, 0.6)
    length = float(shaft.radii[0]) / float(np.sin(slope)) * float(rng.uniform(0.6, 1.0))
    along = shaft.axes[2] * float(np.cos(slope)) - across * float(np.sin(slope))
    radius = float(rng.uniform(0.5, 0.9))
    return Capsule(start, start + along * length, radius, radius * 0.7)


def _courses(joints: LimbJoints, unit_mm: float) -> dict[str, tuple[str, Vector, Vector, float]]:
    """Part of the body, start, end (RAS+ mm) and radius (statures) of pieces of veins; forward is +y."""
    s, (right, up, ahead) = joints.outward, np.eye(3)[[0, 2, 1]] * unit_mm
    down = unit(joints.knee - joints.hip) * unit_mm
    groin, hollow = joints.hip + ahead * 0.028 - right * s * 0.008, joints.knee - ahead * 0.026
    inner = joints.hip - right * s * 0.022 + down * 0.06
    shin = unit(joints.ankle - joints.knee) * unit_mm
    arm = unit(joints.wrist - joints.elbow) * unit_mm
    instep, toward = joints.foot[1] * unit_mm, joints.foot[2] * unit_mm
    return {
        "femoral": ("thigh", groin, groin * 0.3 + inner * 0.7 + ahead * 0.004, 0.0030),
        "thigh": ("thigh", inner, hollow - down * 0.03, 0.0028),
        "popliteal": ("shin", hollow - down * 0.03, hollow + shin * 0.05, 0.0028),
        "calf": ("shin", hollow + shin * 0.05, joints.ankle - ahead * 0.014 - shin * 0.06, 0.0020),
        "great saphenous": (
            "shin",
            joints.knee - right * s * 0.026 - ahead * 0.010,
            joints.ankle - right * s * 0.014 - shin * 0.03,
            0.0014,
        ),
        "instep": (
            "foot",
            joints.ankle + toward * 0.012 + instep * 0.0005,
            joints.ankle + toward * 0.050 - instep * 0.0180,
            0.0012,
        ),
        "brachial": (
            "upper_arm",
            joints.shoulder - right * s * 0.018 - up * 0.04,
            joints.elbow - right * s * 0.018 + up * 0.015,
            0.0020,
        ),
        "cubital": ("forearm", joints.elbow + ahead * 0.014, joints.elbow + ahead * 0.011 + arm * 0.05, 0.0014),
        "wrist": ("hand", joints.wrist - arm * 0.05 + right * s * 0.014, joints.wrist + right * s * 0.011, 0.0011),
    }
