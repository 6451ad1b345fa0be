"""Bones that meet: which one gives way, and how wide the space between them is.

In the reference shapes some neighbours touch or overlap a little. For a person the second bone of each pair is cut back
to a gap around the first; what lies in the gap is cartilage of the joint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.growth_ages import CLOSING, closing_openness
from crmo_seg.phantom.body.landmarks import LEVELS
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.solids.combined import Both
from crmo_seg.phantom.solids.shapes import Bounds, Grown, Shape, Vector, unit

_CLEAR: Final = 0.3
"""Least distance of a site's middle from a hole, in its smallest radius."""


@dataclass(frozen=True)
class Joint:
    """Two bones that meet, by full name.

    Attributes:
        first: keeps its shape.
        second: is cut back.
        gap: width of the space in statures, in the grown-up.
        cartilage: tissue of the space, None where muscle or fluid may lie.
        plate: row of ``growth_ages.CLOSING`` where the gap is a growth plate that closes; then it is 0 when closed.
    """

    first: str
    second: str
    gap: float
    cartilage: str | None = None
    plate: str | None = None


_SIDED: Final = (
    Joint("femur", "ilium", 0.0018, "cartilage"), Joint("femur", "ischium", 0.0018, "cartilage"),
    Joint("femur", "pubis", 0.0018, "cartilage"),
    Joint("ilium", "ischium", 0.0022, "growth_plate", "triradiate"),
    Joint("ilium", "pubis", 0.0022, "growth_plate", "triradiate"),
    Joint("ischium", "pubis", 0.0018, "growth_plate", "triradiate"),
    Joint("femur", "tibia", 0.0026, "cartilage"), Joint("femur", "patella", 0.0024, "cartilage"),
    Joint("tibia", "patella", 0.0015), Joint("tibia", "fibula", 0.0008, "cartilage"), Joint("femur", "fibula", 0.0020),
    Joint("tibia", "talus", 0.0020, "cartilage"), Joint("fibula", "talus", 0.0012, "cartilage"),
    Joint("tibia", "calcaneus", 0.0020), Joint("fibula", "calcaneus", 0.0016),
    Joint("talus", "calcaneus", 0.0015, "cartilage"), Joint("talus", "tarsus", 0.0013, "cartilage"),
    Joint("calcaneus", "tarsus", 0.0013, "cartilage"), Joint("tarsus", "metatarsals", 0.0011, "cartilage"),
    Joint("metatarsals", "foot_phalanges", 0.0008, "cartilage"),
    Joint("humerus", "scapula", 0.0020, "cartilage"), Joint("humerus", "radius", 0.0016, "cartilage"),
    Joint("humerus", "ulna", 0.0016, "cartilage"), Joint("radius", "ulna", 0.0008),
    Joint("radius", "carpus", 0.0014, "cartilage"), Joint("ulna", "carpus", 0.0016),
    Joint("carpus", "metacarpals", 0.0009, "cartilage"), Joint("metacarpals", "hand_phalanges", 0.0007, "cartilage"),
    Joint("clavicle", "scapula", 0.0015), Joint("humerus", "clavicle", 0.0020),
    Joint("rib_1", "clavicle", 0.0010), Joint("rib_2", "clavicle", 0.0010),
)  # fmt: skip


def _joints() -> tuple[Joint, ...]:
    pairs = [
        replace(joint, first=f"{joint.first}_{side.value}", second=f"{joint.second}_{side.value}")
        for side in Side
        for joint in _SIDED
    ]
    for side in Side:
        pairs += [
            Joint("sacrum", f"ilium_{side.value}", 0.0020, "cartilage"),
            Joint("manubrium", f"clavicle_{side.value}", 0.0016, "cartilage"),
            *(Joint(f"vertebra_T{n}", f"rib_{n}_{side.value}", 0.0007, "cartilage") for n in range(1, 13)),
            *(Joint(f"vertebra_T{n - 1}", f"rib_{n}_{side.value}", 0.0007) for n in range(2, 13)),
            *(Joint(f"rib_{n}_{side.value}", f"rib_{n + 1}_{side.value}", 0.0015) for n in range(1, 12)),
            *(Joint(f"rib_{n}_{side.value}", f"scapula_{side.value}", 0.0020) for n in range(1, 9)),
        ]
    spine = [f"vertebra_{level}" for level in LEVELS]
    pairs += [Joint(low, high, 0.0007) for low, high in pairwise(spine)]
    pairs += [
        Joint("pubis_right", "pubis_left", 0.0030, "cartilage"), Joint("vertebra_L5", "sacrum", 0.0040),
        Joint("sacrum", "coccyx", 0.0008, "cartilage"), Joint("manubrium", "sternum", 0.0010, "cartilage"),
        Joint("vertebra_C1", "skull", 0.0014), Joint("vertebra_C2", "skull", 0.0014),
        Joint("skull", "mandible", 0.0012, "cartilage"),
    ]  # fmt: skip
    return tuple(pairs)


JOINTS: Final = _joints()
"""All pairs; sides and levels included."""


def separated(skeleton: Sequence[SolidBone], child: Child) -> tuple[SolidBone, ...]:
    """The skeleton with a space at each joint."""
    bones = {bone.full_name: bone for bone in skeleton}
    boxes = _boxes(skeleton)
    for joint in JOINTS:
        gap = gap_mm(joint, child)
        second = bones[joint.second]
        holes = {id(near): Grown(near, gap) for near, _ in _near_pairs(joint, bones, boxes, gap)}
        if not holes:
            continue
        sites = tuple(_clear(site, tuple(holes.values())) for site in second.sites)
        bones[joint.second] = replace(second, holes=(*second.holes, *holes.values()), sites=sites)
    return tuple(bones[bone.full_name] for bone in skeleton)


def _clear(site: LesionSite, holes: Sequence[Shape]) -> LesionSite:
    """The site moved out of the holes, so that its middle is bone."""
    wanted = _CLEAR * float(site.radii.min())
    for hole in holes:
        low, high = hole.bounds()
        if (site.centre < low - wanted).any() or (site.centre > high + wanted).any():
            continue
        missing = wanted - _distance(hole, site.centre)
        if missing > 0:
            away = [_distance(hole, site.centre + step) - _distance(hole, site.centre - step) for step in np.eye(3)]
            site = replace(site, centre=site.centre + unit(np.array(away)) * missing)
    return site


def _distance(shape: Shape, point: Vector) -> float:
    x, y, z = point.astype(np.float32).reshape(3, 1, 1, 1)
    return float(shape.distance(x, y, z).item())


def joint_spaces(skeleton: Sequence[SolidBone], child: Child) -> tuple[tuple[str, tuple[Shape, ...]], ...]:
    """(tissue, solids that fill the space) of each joint; painted before the bones."""
    bones = {bone.full_name: bone for bone in skeleton}
    boxes = _boxes(skeleton)
    filled = ((joint, gap_mm(joint, child)) for joint in JOINTS if joint.cartilage is not None)
    return tuple(
        (str(joint.cartilage), tuple(_between(a, b, gap) for a, b in pairs))
        for joint, gap in filled
        if gap > 0 and (pairs := _near_pairs(joint, bones, boxes, gap))
    )


def gap_mm(joint: Joint, child: Child) -> float:
    """Width of the space: wider in small children, whose joints have thick cartilage."""
    if joint.plate is not None:
        return joint.gap * child.height_mm * closing_openness(CLOSING[joint.plate], child)
    return joint.gap * child.height_mm * float(np.interp(child.age_years, (3, 14), (1.5, 1.0)))


def _between(first: Shape, second: Shape, gap_mm: float) -> Shape:
    return Both(Grown(first, gap_mm * 1.3), Grown(second, gap_mm * 1.3))


def _near_pairs(
    joint: Joint, bones: Mapping[str, SolidBone], boxes: Mapping[str, Bounds], gap_mm: float
) -> list[tuple[Shape, Shape]]:
    """Pairs of their solids whose boxes come closer than the gap."""
    (low, high), (other_low, other_high) = boxes[joint.first], boxes[joint.second]
    near = (low[:, None] - gap_mm < other_high).all(axis=2) & (other_low < high[:, None] + gap_mm).all(axis=2)
    first, second = bones[joint.first].shapes, bones[joint.second].shapes
    return [(first[i], second[j]) for i, j in np.argwhere(near).tolist()]


def _boxes(skeleton: Sequence[SolidBone]) -> dict[str, Bounds]:
    """Lowest and highest corners of the solids of each bone, (n, 3) each."""
    bounds = {bone.full_name: np.array([shape.bounds() for shape in bone.shapes]) for bone in skeleton}
    return {name: (corners[:, 0], corners[:, 1]) for name, corners in bounds.items()}
