"""Individual shape of each bone: bent, thicker or thinner, wider or narrower parts, an uneven surface.

All is drawn from the seed of the person and the name of the bone, in a frame that mirrors left onto right and grows
with the stature: the same person has the same bones at each visit. A part of the draw is common to all bones of a kind
(vertebrae, ribs), a part to both sides. Near the joints little changes, so that they stay joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.bone_numbers import bone_stream, fixed_normals, normals
from crmo_seg.phantom.body.child import Variation
from crmo_seg.phantom.body.landmarks import Landmarks, outward_sign
from crmo_seg.phantom.body.solid_bone import GrowthPlate, LesionSite, SolidBone
from crmo_seg.phantom.solids.many import distances_at
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import Capsule, Drum, Ellipsoid, Plate, Shape, Vector, unit, vector

GIRTH_SPREAD: Final = 0.085
"""Standard deviation of the logarithm of a bone's thickness, held within two."""
PART_SPREAD: Final = 0.05
"""The same along the bone, and of the three radii of rounded parts."""
BEND: Final = 0.022
"""Standard deviation of the shift of its points, in lengths of the bone."""
BEND_OF_LIMBS: Final = 0.011
"""The same in bones between two joints."""
BEND_OF_BLADES: Final[Mapping[str, float]] = MappingProxyType({"ilium": 0.034, "scapula": 0.034})
"""The same in the wings of the pelvis and the shoulder blades, whose outlines differ most."""
STEADY: Final = 0.25
"""What is left of the variation of thickness at a joint."""
ROUGHNESS: Final = 0.075
"""Standard deviation of the surface, in radii of the bone's parts; never more than ``ROUGHEST_MM`` in all."""
ROUGHEST_MM: Final = 1.6
WAVELENGTHS: Final = (0.010, 0.040)
"""Of the surface, in statures: 15 to 60 mm at 1500 mm."""
_WAVES: Final = 4
_WAVE_COUNTS: Final = np.linspace(0.5, 1.5, _WAVES)
_RIPPLES: Final = 6

_JOINTS_OF_BONE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "humerus": ("shoulder", "elbow"), "radius": ("elbow", "wrist"), "ulna": ("elbow", "wrist"),
        "scapula": ("shoulder",), "femur": ("hip", "knee"), "tibia": ("knee", "ankle"), "fibula": ("knee", "ankle"),
        "ilium": ("hip",), "ischium": ("hip",), "pubis": ("hip",),
    }
)  # fmt: skip
_JOINT_REACH: Final = 0.040
"""In statures; bones with joints change freely beyond this distance from them."""
_LOOSE: Final[Mapping[str, float]] = MappingProxyType({"rib": 0.9, "manubrium": 0.7, "sternum": 0.7, "clavicle": 0.6})
_SHORT: Final = 0.45
"""Variation of all other bones, over that in the middle of a long one."""


@dataclass(frozen=True, eq=False)
class _Change:
    """A smooth field of shifts and thickenings in the bone's own frame."""

    origin: Vector
    mirror: Vector
    joints: Vector
    joint_reach_mm: float
    looseness: float
    bend_mm: float
    wave_vectors: Vector
    coefficients: Vector
    girth: float

    def freedom(self, points: Vector) -> Vector:
        """(n,): 1 where the bone may change, 0 at a joint; points (n, 3)."""
        if not len(self.joints):
            return np.full(len(points), self.looseness)
        nearest = np.linalg.norm(points[:, None] - self.joints, axis=2).min(axis=1)
        free: Vector = self.looseness * (1 - np.exp(-((nearest / self.joint_reach_mm) ** 2)))
        return free

    def at(self, points: Vector) -> tuple[Vector, Vector]:
        """Where points (n, 3) go, and the factor (n,) for radii there."""
        free = self.freedom(points)
        phases = ((points - self.origin) * self.mirror) @ self.wave_vectors.T
        waves = np.concatenate([np.cos(phases), np.sin(phases)], axis=1) / np.sqrt(_WAVES)
        field = np.clip(waves @ self.coefficients, -2.2, 2.2)
        shifted = points + field[:, :3] * self.mirror * (self.bend_mm * free)[:, None]
        thicker = np.exp(np.maximum(free, STEADY) * (self.girth + PART_SPREAD * field[:, 3]))
        return shifted, thicker


def varied(bone: SolidBone, marks: Landmarks, variation: Variation) -> SolidBone:
    """The bone of this person, in the reference pose."""
    solid = [point for shape in bone.shapes for point in _points(shape)]
    change = _change(bone, np.array(solid), marks, variation)
    changed = _Changed(*change.at(np.array(solid)))
    spreads = PART_SPREAD * np.maximum(change.freedom(np.array(solid)), STEADY).min()
    radii = np.exp(spreads * normals(variation, bone.full_name, 3 * len(bone.shapes), "part")).reshape(-1, 3)
    shapes = tuple(_varied_shape(shape, changed, row) for shape, row in zip(bone.shapes, radii, strict=True))
    if bone.full_name == "skull":
        shapes = (bone.shapes[0], *shapes[1:])  # the vault stays: the brain is cut out of it
    plates, sites = bone.growth_plates, bone.sites
    inside = [*(plate.centre for plate in plates), *(site.centre for site in sites)]
    centres = iter(_Carry(bone.shapes, shapes).points(inside))
    return replace(
        bone,
        shapes=shapes,
        growth_plates=tuple(_varied_plate(plate, change, next(centres)) for plate in plates),
        sites=tuple(_varied_site(site, change, next(centres)) for site in sites),
        ripple=_ripple(bone.full_name, shapes, marks, variation),
    )


class _Changed:
    """Changed points and factors for radii, taken one after another in the order in which they were given."""

    def __init__(self, points: Vector, factors: Vector) -> None:
        self._rows = iter(zip(points, factors.tolist(), strict=True))

    def take(self) -> tuple[Vector, float]:
        return next(self._rows)


def _change(bone: SolidBone, points: Vector, marks: Landmarks, variation: Variation) -> _Change:
    side, name = bone_named(bone.full_name).side, bone_named(bone.full_name).name
    extent = points.max(axis=0) - points.min(axis=0) + 0.01 * marks.unit_mm
    drawn = normals(variation, bone.full_name, 8 * _WAVES + 1, "form")
    joints = [getattr(marks.joints[side], joint) for joint in _JOINTS_OF_BONE.get(name, ())] if side else []
    loose = _LOOSE.get(name.split("_")[0], _SHORT)
    return _Change(
        origin=points.mean(axis=0),
        mirror=vector(outward_sign(side) if side else 1.0, 1, 1),
        joints=np.array(joints).reshape(-1, 3),
        joint_reach_mm=_JOINT_REACH * marks.unit_mm,
        looseness=1.0 if joints else loose,
        bend_mm=BEND_OF_BLADES.get(name, BEND_OF_LIMBS if len(joints) > 1 else BEND) * float(extent.max()),
        wave_vectors=_wave_vectors(name, extent),
        coefficients=drawn[1:].reshape(2 * _WAVES, 4),
        girth=GIRTH_SPREAD * float(np.clip(drawn[0], -2, 2)),
    )


def _wave_vectors(name: str, extent_mm: Vector) -> Vector:
    """Fixed for a bone: waves mostly along its length, one half to one and a half of them."""
    along = np.eye(3)[int(extent_mm.argmax())] + 0.5 * fixed_normals(name, _WAVES)
    longest = extent_mm.max()
    return np.array([unit(a) * 2 * np.pi * n / longest for a, n in zip(along, _WAVE_COUNTS, strict=True)])


def _points(shape: Shape) -> tuple[Vector, ...]:
    match shape:
        case Capsule():
            return shape.start, shape.end
        case Ellipsoid() | Drum():
            return (shape.centre,)
        case Plate():
            return shape.corners
    return ()


def _varied_shape(shape: Shape, changed: _Changed, parts: Vector) -> Shape:
    match shape:
        case Capsule():
            (start, first), (end, last) = changed.take(), changed.take()
            return Capsule(start, end, shape.radius_start * first, shape.radius_end * last)
        case Ellipsoid() | Drum():
            centre, factor = changed.take()
            return replace(shape, centre=centre, radii=shape.radii * factor * parts[: len(shape.radii)])
        case Plate():
            (a, _), (b, middle), (c, _) = changed.take(), changed.take(), changed.take()
            return Plate((a, b, c), shape.half_thickness * middle)
    return shape


@dataclass(frozen=True, eq=False)
class _Carry:
    """Takes points within a bone along with the solid that they are deepest in."""

    before: tuple[Shape, ...]
    after: tuple[Shape, ...]

    def points(self, points: Sequence[Vector]) -> list[Vector]:
        """Where points go."""
        if not points:
            return []
        deepest = distances_at(self.before, np.array(points)).argmin(axis=0).tolist()
        return [self._with(index, point) for index, point in zip(deepest, points, strict=True)]

    def _with(self, index: int, point: Vector) -> Vector:
        corners, moved = (np.array(_points(shapes[index])) for shapes in (self.before, self.after))
        carried: Vector = point + _weights(point, corners) @ (moved - corners)
        return carried


def _weights(point: Vector, corners: Vector) -> Vector:
    """Of one, two or three corners, so that they add to 1 and come closest to the point."""
    if len(corners) == 1:
        return np.ones(1)
    edges = (corners[1:] - corners[0]).T
    shares = np.clip(np.linalg.lstsq(edges, point - corners[0], rcond=None)[0], 0, 1)
    weights: Vector = np.concatenate([[1 - shares.sum()], shares])
    return weights


def _varied_plate(plate: GrowthPlate, change: _Change, centre: Vector) -> GrowthPlate:
    factor = float(change.at(plate.centre[None])[1][0])
    return GrowthPlate(centre, plate.normal, plate.radius_mm * factor)


def _varied_site(site: LesionSite, change: _Change, centre: Vector) -> LesionSite:
    factor = float(change.at(site.centre[None])[1][0])
    return replace(site, centre=centre, radii=site.radii * factor)


def _ripple(full_name: str, shapes: tuple[Shape, ...], marks: Landmarks, variation: Variation) -> Ripple:
    rng = bone_stream(variation.seed, f"ripple/{full_name}")
    lengths = marks.unit_mm * np.exp(rng.uniform(np.log(WAVELENGTHS[0]), np.log(WAVELENGTHS[1]), _RIPPLES))
    directions = rng.standard_normal((_RIPPLES, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    drawn = np.clip(rng.standard_normal(_RIPPLES), -2, 2) * variation.strength
    thickness = float(median(_thickness(shape) for shape in shapes))
    amplitudes = drawn * ROUGHNESS * thickness * np.sqrt(8 / _RIPPLES)
    amplitudes *= min(1.0, ROUGHEST_MM / max(float(np.abs(amplitudes).sum()), 1e-9))
    origin = _points(shapes[0])[0]
    waves = directions * (2 * np.pi / lengths[:, None])
    return Ripple(origin, waves, rng.uniform(0, 2 * np.pi, (_RIPPLES, 3)), amplitudes)


def _thickness(shape: Shape) -> float:
    """Half of what a ruler finds across the thin side, mm."""
    match shape:
        case Capsule():
            return (shape.radius_start + shape.radius_end) / 2
        case Ellipsoid() | Drum():
            return float(shape.radii.min())
        case Plate():
            return shape.half_thickness
    return 1.0
