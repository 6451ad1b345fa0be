"""Cartilage, fluid and tendons around the bones: painted before the bones.

Cartilage that is not ossified yet within a bone is the painter's, see ``growth``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.phantom.body.axial import discs
from crmo_seg.phantom.body.curves import tube
from crmo_seg.phantom.body.growth_ages import PARTS
from crmo_seg.phantom.body.joints import joint_spaces
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.outline import shrunk, trunk
from crmo_seg.phantom.body.skeleton import grown_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.solids.combined import Both
from crmo_seg.phantom.solids.rigid import moved
from crmo_seg.phantom.solids.shapes import Capsule, Drum, Ellipsoid, Shape, Vector, vector

_REACHES_STERNUM: Final = 7
_COSTAL_RIBS: Final = 10
"""The cartilages of ribs 8 to 10 join the one above; the last two ribs end free."""

_UNDER_SKIN_MM: Final = 4.0


def cartilage_of(marks: Landmarks, bones: Sequence[SolidBone]) -> tuple[Organ, ...]:
    """Costal cartilages, joint spaces, discs, and the cartilage around nuclei of small bones; all organs are small."""
    skeleton = {bone.full_name: bone for bone in bones}
    spaces = joint_spaces(bones, marks.child)
    return (
        *small_bone_cartilage(marks),
        *(Organ(tissue, shapes) for tissue, shapes in spaces),
        *(costal_cartilage(skeleton, marks, number, side) for number in range(1, _COSTAL_RIBS + 1) for side in Side),
        *spinal_discs(marks),
    )


def small_bone_cartilage(marks: Landmarks) -> tuple[Organ, ...]:
    """Carpus, tarsus and patella as large as they will be; the bones are painted over them."""
    small = (bone for bone in grown_skeleton(marks) if bone_named(bone.full_name).name in PARTS)
    return tuple(Organ("cartilage", bone.shapes) for bone in small)


def costal_cartilage(skeleton: dict[str, SolidBone], marks: Landmarks, number: int, side: Side) -> Organ:
    """From the front end of a rib to the sternum, or to the cartilage above; longer and steeper further down."""
    rib = _last_rod(skeleton[f"rib_{number}_{side.value}"])
    end = _insertion(skeleton, marks, number, side)
    low = (rib.end + end) / 2 + vector(0, 0.006, -0.004 * max(number - 4, 0)) * marks.unit_mm
    radius = rib.radius_end * 1.05
    under_skin = shrunk(trunk(marks), _UNDER_SKIN_MM)
    rods = tube([rib.end, low, end], [radius, radius, radius * 0.85], 6)
    return Organ("cartilage", tuple(Both(rod, under_skin) for rod in rods))


def _insertion(skeleton: dict[str, SolidBone], marks: Landmarks, number: int, side: Side) -> Vector:
    """On the edge of manubrium or sternum; of the lower ribs near the rib above."""
    outward, u = marks.joints[side].outward, marks.unit_mm
    if number > _REACHES_STERNUM:
        above = _last_rod(skeleton[f"rib_{number - 1}_{side.value}"])
        point: Vector = above.end + vector(-outward * 0.012, 0.004, -0.004) * u
        return point
    handle, body = (skeleton[name].shapes[0] for name in ("manubrium", "sternum"))
    assert isinstance(handle, Ellipsoid)
    assert isinstance(body, Ellipsoid)
    bone, share = (handle, 0.1) if number == 1 else (body, 0.95 - 0.32 * (number - 2))
    axes = np.eye(3) if bone.axes is None else bone.axes
    across = float(np.sqrt(max(1 - share**2, 0.1)))
    edge: Vector = bone.centre + axes[2] * bone.radii[2] * share
    return edge + vector(outward * float(bone.radii[0]) * across, 0, 0)


def _last_rod(rib: SolidBone) -> Capsule:
    rod = rib.shapes[-1]
    assert isinstance(rod, Capsule)
    return rod


def spinal_discs(marks: Landmarks) -> tuple[Organ, ...]:
    """A dark ring of fibres around the bright core of each disc."""
    cores = discs(marks)
    rings = tuple(Drum(core.centre, core.radii * 1.08, core.half_height * 1.05, core.axes) for core in cores)
    cores = tuple(Drum(core.centre, core.radii * 0.80, core.half_height * 0.9, core.axes) for core in cores)
    return Organ("tendon", rings), Organ("disc", cores)


def joint_fluid_of(marks: Landmarks, rng: np.random.Generator) -> tuple[Organ, ...]:
    """A normal amount of fluid in each large joint, another one each day; one organ a joint."""
    return tuple(
        Organ("joint_fluid", (_fluid(marks, side, where, 0.6 + 0.8 * rng.random()),))
        for side in Side
        for where in _FLUID
    )


_FLUID: Final = (
    # part that it moves with, joint, offset and radii in statures; x outward
    ("trunk", "hip", (0.0, 0.012, -0.008), (0.012, 0.0032, 0.010)),
    ("trunk", "shoulder", (0.002, 0.0, -0.014), (0.010, 0.008, 0.0020)),
    ("thigh", "knee", (0.0, 0.020, 0.028), (0.013, 0.0014, 0.013)),
    ("shin", "knee", (0.0, 0.0, -0.0035), (0.017, 0.011, 0.0009)),
    ("shin", "ankle", (0.0, 0.004, 0.001), (0.0115, 0.0115, 0.0013)),
    ("upper_arm", "elbow", (0.0, 0.004, -0.003), (0.010, 0.008, 0.0014)),
    ("hand", "wrist", (0.0, 0.002, 0.0025), (0.004, 0.011, 0.0010)),
)


def _fluid(
    marks: Landmarks, side: Side, where: tuple[str, str, tuple[float, ...], tuple[float, ...]], amount: float
) -> Shape:
    part, joint, offset, radii = where
    joints = marks.reference.joints[side]
    centre = getattr(joints, joint) + vector(joints.outward * offset[0], *offset[1:]) * marks.unit_mm
    thin = np.array(radii) * marks.unit_mm
    thin[int(thin.argmin())] *= amount
    return moved(Ellipsoid(centre, thin), marks.motion(part, side))


def tendons_of(marks: Landmarks) -> tuple[Organ, ...]:
    """Dark cords at the knee and the heel, and the menisci."""
    return tuple(Organ("tendon", _cords(marks, side)) for side in Side)


def _cords(marks: Landmarks, side: Side) -> tuple[Shape, ...]:
    joints, u = marks.reference.joints[side], marks.unit_mm
    knee, ankle = joints.knee, joints.ankle
    patellar = Capsule(
        knee + vector(0, 0.0240, 0.002) * u, knee + vector(0, 0.0170, -0.030) * u, 0.0022 * u, 0.0020 * u
    )
    quadriceps = Capsule(
        knee + vector(0, 0.0265, 0.027) * u, knee + vector(0, 0.0200, 0.060) * u, 0.0024 * u, 0.0020 * u
    )
    heel = ankle + np.array([0.001, -0.019, -0.022]) @ joints.foot * u
    above, behind = ankle + vector(0, -0.012, 0.075) * u, ankle + vector(0, -0.0105, 0.014) * u
    achilles = tube([above, behind, heel], [0.0020 * u, 0.0022 * u, 0.0026 * u], 5)
    menisci = [
        Ellipsoid(knee + vector(w * 0.0165, -0.002, -0.0035) * u, vector(0.0050, 0.0125, 0.0022) * u) for w in (-1, 1)
    ]
    shin, thigh = marks.motion("shin", side), marks.motion("thigh", side)
    return (
        moved(patellar, marks.motion("patella", side)),
        moved(quadriceps, thigh),
        *(moved(part, shin) for part in achilles),
        *(moved(meniscus, shin) for meniscus in menisci),
    )
