"""Which children have edema, at which sites, how large: drawn on the skeleton, without any voxel.

How often a site is chosen follows two series: d'Angelo 2020 (doi:10.1007/s00247-020-04827-6; 75 children, median 6
sites, range 1-27; femur 61 %, tibia 64 %, pelvis 39 %, spine 27 % of the children), and a mapping study of 37 children
(two thirds of the lesions of long bones in the metaphysis, more distal than proximal; clavicle 38 %; 93 % of the
bilateral ones symmetric).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Bone, Side, bone_named
from crmo_seg.phantom.body.bone_kinds import kind_of
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.plain.signal import draw_lesion_ratio
from crmo_seg.phantom.solids.shapes import Vector, unit

SITES_MEDIAN: Final = 6.0
SITES_RANGE: Final = (1, 27)
SITES_SPREAD: Final = 0.85
"""Standard deviation of the logarithm of the number of sites; about 6 % of the children then have a single one."""
SYMMETRIC: Final = 0.6
"""How often the same site of the other side is taken too."""
VOLUME_SPREAD: Final = 1.1
LARGEST_SHARE: Final = 0.9
"""Largest part of a site that a lesion fills."""

SITE_WEIGHTS: Final[Mapping[tuple[str, str], float]] = MappingProxyType(
    {
        ("femur", "distal metaphysis"): 5.2, ("femur", "distal epiphysis"): 2.0, ("femur", "proximal metaphysis"): 2.2,
        ("femur", "proximal epiphysis"): 0.7, ("femur", "trochanter"): 1.0, ("femur", "diaphysis"): 0.7,
        ("tibia", "proximal metaphysis"): 4.2, ("tibia", "proximal epiphysis"): 1.5,
        ("tibia", "distal metaphysis"): 5.4, ("tibia", "distal epiphysis"): 1.5, ("tibia", "diaphysis"): 0.8,
        ("fibula", "distal metaphysis"): 4.5, ("fibula", "diaphysis"): 0.5, ("patella", "body"): 0.7,
        ("calcaneus", "body"): 3.0, ("talus", "body"): 2.2, ("tarsus", "body"): 1.7, ("metatarsals", "metatarsal"): 0.5,
        ("ilium", "roof"): 1.2, ("ilium", "sacroiliac"): 1.8, ("ilium", "wing"): 0.6,
        ("ischium", "body"): 1.2, ("pubis", "body"): 1.2, ("sacrum", "wing"): 1.2,
        ("vertebra", "body"): 0.50, ("rib", "rib"): 0.06, ("manubrium", "body"): 1.2, ("sternum", "body"): 1.0,
        ("clavicle", "medial metaphysis"): 4.2, ("clavicle", "diaphysis"): 0.8, ("scapula", "neck"): 0.7,
        ("humerus", "proximal metaphysis"): 2.6, ("humerus", "proximal epiphysis"): 0.5,
        ("humerus", "distal metaphysis"): 0.7, ("humerus", "diaphysis"): 0.3,
        ("radius", "distal metaphysis"): 2.3, ("radius", "diaphysis"): 0.2,
        ("ulna", "distal metaphysis"): 1.2, ("ulna", "diaphysis"): 0.2,
        ("carpus", "body"): 0.4, ("metacarpals", "metacarpal"): 0.2, ("mandible", "body"): 0.5, ("skull", "base"): 0.2,
    }
)  # fmt: skip
"""Relative frequency of (bone, region), for each site of that name on each side."""


@dataclass(frozen=True)
class Volumes:
    """Volumes of single lesions in ml: drawn around the median, held between smallest and largest."""

    smallest: float
    median: float
    largest: float


@dataclass(frozen=True, eq=False)
class PlannedLesion:
    """A lesion before it is drawn.

    Attributes:
        bone: row of ``anatomy.BONES_TABLE``, side included.
        site: where in the bone; its radii are those of the lesion itself.
        planned_ml: marrow to fill; less if the bone has less there.
        signal_ratio: to muscle.
        wave_vectors: (n, 3), radians per lesion radius, deform the ellipsoid to a blob.
        wave_phases: (n,) radians.
    """

    bone: Bone
    site: LesionSite
    planned_ml: float
    signal_ratio: float
    wave_vectors: Vector
    wave_phases: Vector


@dataclass(frozen=True, eq=False)
class _Candidate:
    bone: Bone
    site: LesionSite
    weight: float


def plan_lesions(
    skeleton: Sequence[SolidBone], rng: np.random.Generator, *, volume_ml: Volumes, lesion_free: float
) -> tuple[PlannedLesion, ...]:
    """Lesions of one child: none with probability ``lesion_free``, else at least one, each at another site.

    Sites that cannot hold the smallest volume are left out.
    """
    if rng.random() < lesion_free:
        return ()
    candidates = [c for c in _candidates(skeleton) if c.site.capacity_ml * LARGEST_SHARE >= volume_ml.smallest]
    chosen = _choose(candidates, _draw_count(rng), rng)
    return tuple(_plan(candidate, rng, volume_ml) for candidate in chosen)


def _candidates(skeleton: Sequence[SolidBone]) -> list[_Candidate]:
    return [
        _Candidate(bone, site, SITE_WEIGHTS[kind_of(bone), site.region])
        for solid in skeleton
        for bone in (bone_named(solid.full_name),)
        for site in solid.sites
    ]


def _draw_count(rng: np.random.Generator) -> int:
    drawn = SITES_MEDIAN * np.exp(SITES_SPREAD * rng.standard_normal())
    return int(np.clip(round(float(drawn)), *SITES_RANGE))


def _choose(candidates: Sequence[_Candidate], count: int, rng: np.random.Generator) -> list[_Candidate]:
    weights = np.array([candidate.weight for candidate in candidates])
    chosen: list[int] = []
    while len(chosen) < count and weights.any():
        pick = int(rng.choice(len(candidates), p=weights / weights.sum()))
        other = _mirrored(candidates, pick)
        symmetric = rng.random() < SYMMETRIC
        weights[pick] = 0
        chosen.append(pick)
        if symmetric and other is not None and weights[other] > 0 and len(chosen) < count:
            weights[other] = 0
            chosen.append(other)
    return [candidates[index] for index in chosen]


def _mirrored(candidates: Sequence[_Candidate], index: int) -> int | None:
    """The same site of the other side, if the bone is paired and the site large enough there too."""
    one = candidates[index]
    if one.bone.side is None:
        return None
    opposite = Side.LEFT if one.bone.side is Side.RIGHT else Side.RIGHT
    same = (
        i
        for i, other in enumerate(candidates)
        if (other.bone.name, other.bone.side, other.site.region) == (one.bone.name, opposite, one.site.region)
    )
    return next(same, None)


def _plan(candidate: _Candidate, rng: np.random.Generator, volume_ml: Volumes) -> PlannedLesion:
    site = candidate.site
    largest = min(volume_ml.largest, site.capacity_ml * LARGEST_SHARE)
    drawn = volume_ml.median * float(np.exp(VOLUME_SPREAD * rng.standard_normal()))
    volume = float(np.clip(drawn, volume_ml.smallest, largest))
    scale = (volume / site.capacity_ml) ** (1 / 3)
    shift = rng.uniform(-0.4, 0.4, 3) * site.radii * (1 - scale)
    placed = LesionSite(site.region, site.segment, site.centre + shift @ site.axes, site.radii * scale, site.axes)
    waves = np.stack([unit(row) for row in rng.standard_normal((4, 3))]) * rng.uniform(1.5, 3.5, (4, 1))
    return PlannedLesion(candidate.bone, placed, volume, draw_lesion_ratio(rng), waves, rng.uniform(0, 2 * np.pi, 4))
