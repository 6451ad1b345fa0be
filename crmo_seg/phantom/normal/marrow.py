"""How much of the marrow is red (haematopoietic) at each point of a bone; see ``conversion`` for the sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.phantom.body.bone_kinds import kind_of
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.normal.conversion import EARLY_SPOTS, Conversion, conversion_of
from crmo_seg.phantom.normal.ends import BoneEnd, bone_ends
from crmo_seg.phantom.solids.shapes import FloatArray, Vector

OpenAxes: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]

STEEPNESS: Final = 0.8
"""Loss of red share while the age grows by one half-conversion age."""
METAPHYSIS_REACH: Final = 2.4
"""How far the late conversion of a metaphysis reaches into the shaft, in radii of the growth plate."""
PROXIMAL_REACH: Final = 4.0
"""The same at the proximal end: the proximal shaft keeps red marrow longer."""
SYMMETRY_RANGE: Final = (0.72, 0.98)
"""6 of 7 children had the same in both ankles (Shabshin 2006, doi:10.1007/s00247-006-0129-y)."""
FOCALITY_SHAPE: Final = 1.25
"""Of the gamma distribution of ``focality``: children differ much more in their foci than chance would make them."""


@dataclass(frozen=True)
class MarrowPhenotype:
    """What stays with a patient over the years.

    Attributes:
        speed: of the conversion to fat, 1 is the mean.
        patchiness: how much the age of conversion varies from place to place (share of that age).
        side_lag: how much the left side is ahead of the right (share of the age), nearly nothing.
        focality: tendency to have foci of red marrow, mean 1.
        symmetry: probability that a focus comes on both sides.
        seed: of the foci, so that they come back at the next visit.
    """

    speed: float
    patchiness: float
    side_lag: float
    focality: float
    symmetry: float
    seed: int


def draw_phenotype(rng: np.random.Generator) -> MarrowPhenotype:
    """A patient's marrow; the spreads are assumptions."""
    return MarrowPhenotype(
        speed=float(np.exp(0.15 * np.clip(rng.standard_normal(), -2.5, 2.5))),
        patchiness=float(rng.uniform(0.10, 0.35)),
        side_lag=float(0.015 * rng.standard_normal()),
        focality=float(rng.gamma(FOCALITY_SHAPE, 1 / FOCALITY_SHAPE)),
        symmetry=float(rng.uniform(*SYMMETRY_RANGE)),
        seed=int(rng.integers(2**31)),
    )


def redness(
    bone: SolidBone, child: Child, phenotype: MarrowPhenotype, points: OpenAxes, texture: FloatArray
) -> FloatArray:
    """Share of red marrow, 0 to 1, float32 (X, Y, Z), as if the whole box were marrow of this bone.

    Args:
        bone: whose plates and name say when it converts.
        child: age.
        phenotype: of the patient.
        points: open axes of the box in RAS+ mm, shapes (X, 1, 1), (1, Y, 1), (1, 1, Z).
        texture: smooth noise of unit variance, (X, Y, Z).
    """
    age = marrow_age_years(bone, child, phenotype)
    relative_age = 1 - np.float32(phenotype.patchiness) * texture
    relative_age *= age / half_conversion_years(bone, points)
    relative_age -= np.float32(1 + 0.5 / STEEPNESS)
    relative_age *= np.float32(-STEEPNESS)
    return np.clip(relative_age, 0, 1, out=relative_age)


def marrow_age_years(bone: SolidBone, child: Child, phenotype: MarrowPhenotype) -> float:
    """The child's age as the marrow of this side has it."""
    side = bone_named(bone.full_name).side
    lead = 0.0 if side is None else phenotype.side_lag * (0.5 if side is Side.LEFT else -0.5)
    return child.age_years * phenotype.speed * (1 + lead)


def half_conversion_years(bone: SolidBone, points: OpenAxes) -> FloatArray:
    """Age at which half of the marrow is fat, (X, Y, Z); (1, 1, 1) for a bone that converts evenly."""
    table = conversion_of(bone.full_name)
    years: FloatArray = np.full((1, 1, 1), table.shaft, dtype=np.float32)
    ends = bone_ends(bone)
    for end in ends:
        late = np.float32(_metaphysis_years(table, end))
        years = np.maximum(years, table.shaft + (late - table.shaft) * _near_plate(end, points))
    for site in bone.sites:
        early = EARLY_SPOTS.get((kind_of(bone_named(bone.full_name)), site.region))
        if early is not None:
            years = (years + (np.float32(early) - years) * _near_site(site, points)).astype(np.float32, copy=False)
    for end in ends:
        years = np.where(_beyond(end, points) > 0, np.float32(table.epiphysis), years).astype(np.float32)
    return years


def _metaphysis_years(table: Conversion, end: BoneEnd) -> float:
    return table.distal if end.name == "distal" else table.proximal


def _beyond(end: BoneEnd, points: OpenAxes) -> FloatArray:
    """Height above the growth plate towards the joint, mm."""
    return _projected(points, end.plate.centre, end.plate.normal)


def _near_plate(end: BoneEnd, points: OpenAxes) -> FloatArray:
    """1 at the plate, smoothly down to 0 in the shaft."""
    reach = end.plate.radius_mm * (METAPHYSIS_REACH if end.name == "distal" else PROXIMAL_REACH)
    t = np.clip(1 + _beyond(end, points) * np.float32(1 / reach), 0, 1)
    near: FloatArray = t * t * (3 - 2 * t)
    return near


def _near_site(site: LesionSite, points: OpenAxes) -> FloatArray:
    """1 in the middle of a site, smoothly down to 0 at one and a half of its radii."""
    u, v, w = (_projected(points, site.centre, axis / r) for axis, r in zip(site.axes, site.radii, strict=True))
    square: FloatArray = u * u + v * v + w * w
    t = np.clip(np.float32(1.5) - np.sqrt(square), 0, 1)
    near: FloatArray = t * t * (3 - 2 * t)
    return near


def _projected(points: OpenAxes, origin: Vector, direction: Vector) -> FloatArray:
    x, y, z = points
    i, j, k = direction.tolist()
    height: FloatArray = (x * np.float32(i) + y * np.float32(j)) + (z * np.float32(k) - np.float32(origin @ direction))
    return height
