"""Growth plates and apophyses of a bone, where they are and how far they are at the age of the child."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.growth_ages import CLOSING, bone_ossified, closing_openness, epiphysis_ossified
from crmo_seg.phantom.body.solid_bone import GrowthPlate, SolidBone
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Plate, unit

__all__ = ["OssifyingPlate", "bone_ossified", "growth_plates"]

Named: TypeAlias = tuple[str, GrowthPlate]


@dataclass(frozen=True, eq=False)
class OssifyingPlate(GrowthPlate):
    """A growth plate with its state; the normal points away from the shaft.

    Attributes:
        name: row of ``growth_ages.CLOSING``.
        openness: 1 wide open, 0 fused.
        ossified: share of the radius of what lies beyond the plate that is bone; the rest is cartilage.
        apophysis: whether a muscle, and no joint, lies beyond it.
    """

    name: str
    openness: float
    ossified: float
    apophysis: bool


def growth_plates(bone: SolidBone, child: Child) -> tuple[OssifyingPlate, ...]:
    """All plates of a bone of ``build_skeleton``, closed ones with openness 0; none in spine, ribs and small bones.

    Cartilage between the three hip bones is a space between bones, see ``joints``.
    """
    places = _PLACES.get(bone_named(bone.full_name).name)
    return () if places is None else tuple(_state(name, plate, child) for name, plate in places(bone))


def _state(name: str, plate: GrowthPlate, child: Child) -> OssifyingPlate:
    closing = CLOSING[name]
    return OssifyingPlate(
        plate.centre,
        plate.normal,
        plate.radius_mm,
        name=name,
        openness=closing_openness(closing, child),
        ossified=epiphysis_ossified(closing, child),
        apophysis=closing.apophysis,
    )


def _listed(*names: str) -> Callable[[SolidBone], list[Named]]:
    """Places for the plates that the bone has itself, in their order."""
    return lambda bone: list(zip(names, bone.growth_plates, strict=True))


def _femur(bone: SolidBone) -> list[Named]:
    neck, trochanter = _capsule(bone, 1), bone.shapes[2]
    assert isinstance(trochanter, Ellipsoid)
    normal = unit(trochanter.centre - neck.end)
    radius = float(trochanter.radii[1]) * 0.75
    plate = GrowthPlate(trochanter.centre - normal * 0.35 * radius, normal, radius)
    return [*_listed("femur head", "femur distal")(bone), ("greater trochanter", plate)]


def _tibia(bone: SolidBone) -> list[Named]:
    plateau, top = bone.shapes[0], _capsule(bone, 1)
    assert isinstance(plateau, Ellipsoid)
    assert plateau.axes is not None
    ahead, radius = plateau.axes[1], 0.55 * top.radius_start + 0.45 * top.radius_end
    tubercle = GrowthPlate(top.start + (top.end - top.start) * 0.45 + ahead * radius * 0.75, ahead, radius * 0.45)
    return [*_listed("tibia proximal", "tibia distal")(bone), ("tibial tubercle", tubercle)]


def _fibula(bone: SolidBone) -> list[Named]:
    return [*_listed("fibula distal")(bone), ("fibula proximal", _at_start(bone, 0.055))]


def _radius(bone: SolidBone) -> list[Named]:
    return [*_listed("radius distal")(bone), ("radius proximal", _at_start(bone, 0.035))]


def _ulna(bone: SolidBone) -> list[Named]:
    return [*_listed("ulna distal")(bone), ("olecranon", _at_start(bone, -0.015))]


def _at_start(bone: SolidBone, share: float) -> GrowthPlate:
    """Across the first end of a chain of rods; the share is of the whole length."""
    first, last = _capsule(bone, 0), _capsule(bone, 2)
    length = float(np.linalg.norm(last.end - first.start))
    along = unit(first.end - first.start)
    return GrowthPlate(first.start + along * share * length, -along, first.radius_start * 0.9)


def _rays(name: str, thumb: int) -> Callable[[SolidBone], list[Named]]:
    """A plate at the far end of each ray, at the near end of the thumb or the great toe."""

    def places(bone: SolidBone) -> list[Named]:
        rods = _rods(bone)
        return [(name, _in_rod(rod, 0.13 if i == thumb else 0.86)) for i, rod in enumerate(rods)]

    return places


def _phalanges(name: str) -> Callable[[SolidBone], list[Named]]:
    """A plate at the near end of each."""
    return lambda bone: [(name, _in_rod(rod, 0.14)) for rod in _rods(bone)]


def _rods(bone: SolidBone) -> list[tuple[Capsule, Capsule]]:
    """Both halves of each small tubular bone."""
    return [(_capsule(bone, i), _capsule(bone, i + 1)) for i in range(0, len(bone.shapes), 2)]


def _in_rod(rod: tuple[Capsule, Capsule], share: float) -> GrowthPlate:
    start, end = rod[0].start, rod[1].end
    along = unit(end - start)
    radius = rod[0].radius_start if share < 0.5 else rod[1].radius_end
    return GrowthPlate(start + (end - start) * share, along if share > 0.5 else -along, radius * 0.9)


def _calcaneus(bone: SolidBone) -> list[Named]:
    heel = bone.shapes[0]
    assert isinstance(heel, Ellipsoid)
    assert heel.axes is not None
    back, length = -heel.axes[2], float(heel.radii[2])
    plate = GrowthPlate(heel.centre + back * 0.70 * length, back, float(heel.radii[:2].mean()) * 0.6)
    return [("calcaneal apophysis", plate)]


def _ilium(bone: SolidBone) -> list[Named]:
    """The crest in three pieces, from the posterior to the anterior spine."""
    back, middle, _, front = bone.shapes[:4]
    return [("iliac crest", _rim(piece)) for piece in (back, middle, front) if isinstance(piece, Plate)]


def _rim(piece: Plate) -> GrowthPlate:
    """Along the edge between the first two corners of a triangle."""
    first, second, inner = piece.corners
    middle, along = (first + second) / 2, unit(second - first)
    outward = middle - inner - along * float((middle - inner) @ along)
    return GrowthPlate(middle, unit(outward), float(np.linalg.norm(second - first)) * 0.31)


def _ischium(bone: SolidBone) -> list[Named]:
    body = _capsule(bone, 0)
    down = unit(body.end - body.start)
    plate = GrowthPlate(body.end + down * 0.45 * body.radius_end, down, body.radius_end * 0.8)
    return [("ischial tuberosity", plate)]


def _scapula(bone: SolidBone) -> list[Named]:
    spine = _capsule(bone, 2)
    outward = unit(spine.end - spine.start)
    return [("acromion", GrowthPlate(spine.end + outward * 0.1 * spine.radius_end, outward, spine.radius_end * 0.9))]


def _capsule(bone: SolidBone, index: int) -> Capsule:
    shape = bone.shapes[index]
    assert isinstance(shape, Capsule)
    return shape


_PLACES: Final[Mapping[str, Callable[[SolidBone], Sequence[Named]]]] = MappingProxyType(
    {
        "clavicle": _listed("clavicle medial"),
        "scapula": _scapula,
        "humerus": _listed("humerus proximal", "humerus distal"),
        "radius": _radius,
        "ulna": _ulna,
        "metacarpals": _rays("metacarpal", thumb=4),
        "hand_phalanges": _phalanges("hand phalanx"),
        "ilium": _ilium,
        "ischium": _ischium,
        "femur": _femur,
        "tibia": _tibia,
        "fibula": _fibula,
        "calcaneus": _calcaneus,
        "metatarsals": _rays("metatarsal", thumb=0),
        "foot_phalanges": _phalanges("foot phalanx"),
    }
)
