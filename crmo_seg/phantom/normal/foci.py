"""Foci of bright marrow are planned on a skeleton: which clusters, which sides, how bright and how large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.normal.ends import bone_ends
from crmo_seg.phantom.normal.finding import (
    MAJOR_EXTENSION,
    MAJOR_STRENGTH,
    VISIBLE_STRENGTH,
    Finding,
    Grade,
    Streams,
    draw_waves,
)
from crmo_seg.phantom.normal.frequencies import AGE_KNOTS, CLUSTERS, Cluster, Spot
from crmo_seg.phantom.normal.marrow import MarrowPhenotype
from crmo_seg.phantom.normal.shapes import flame_place, named_part, part_site, patch_place, speckle_place

STRENGTH: Final[Mapping[Grade, tuple[float, float, float, float]]] = {
    "trace": (1.32, 0.08, 1.15, 1.49),
    "minor": (3.3, 0.30, VISIBLE_STRENGTH, 5.5),
    "major": (6.0, 0.30, MAJOR_STRENGTH, 9.5),
}
"""Median, spread of the logarithm, smallest and largest ratio to muscle. An assumption: no study reports the ratio of
normal foci. They are as bright as lesions (median 5.6 to 6.1, Kieninger 2021) on purpose, since signal alone does not
tell one from the other in life; where they fade, their mean is lower."""
_WAVES_MM: Final[Mapping[str, tuple[float, float]]] = {
    "flame": (3.5, 12.0),
    "patch": (6.0, 16.0),
    "speckle": (5.0, 11.0),
}
_BORDER_MM: Final[Mapping[str, tuple[float, float]]] = {"flame": (1.5, 4.0), "patch": (4.0, 9.0), "speckle": (0.8, 2.0)}
_WAVE_COUNT: Final = 8


_Affected: TypeAlias = tuple[Spot, SolidBone, LesionSite, Grade]


@dataclass(frozen=True)
class Marrow:
    """What the foci depend on: the child and its marrow, and how often foci are asked for."""

    child: Child
    phenotype: MarrowPhenotype
    frequency: float


def plan_foci(skeleton: Mapping[str, SolidBone], marrow: Marrow) -> Iterator[Finding]:
    """Flames, patches and speckles of a child; the same at each visit but for what age changes.

    Args:
        skeleton: bones by full name.
        marrow: the patient.
    """
    streams = Streams(marrow.phenotype.seed)
    taken: set[str] = set()
    for cluster in CLUSTERS:
        for spot, bone, site, level in _plan_cluster(cluster, skeleton, marrow, streams.of(cluster.name)):
            place = _name(spot, bone, site)
            if place not in taken:  # the midline has one site for both sides, an ankle belongs to two clusters
                taken.add(place)
                yield _finding(f"{cluster.name}: {spot.kind} {place}", spot, (bone, site), level, streams)


def _plan_cluster(
    cluster: Cluster, skeleton: Mapping[str, SolidBone], marrow: Marrow, rng: np.random.Generator
) -> Iterator[_Affected]:
    happens, both, right = rng.random(3)
    expected, trace = (
        float(np.interp(marrow.child.age_years, AGE_KNOTS, row)) for row in (cluster.rates, cluster.trace)
    )
    expected *= marrow.phenotype.focality**cluster.focal * marrow.frequency
    if happens >= 1 - np.exp(-expected):
        return
    mirrored = both < marrow.phenotype.symmetry * cluster.mirrored
    first, second = (Side.RIGHT, Side.LEFT) if right < 0.5 else (Side.LEFT, Side.RIGHT)
    affected, first_bright = _affected(cluster.spots, rng), rng.random() < cluster.major
    for side in (first, second) if mirrored else (first,):
        for spot, is_affected in zip(cluster.spots, affected, strict=True):
            # Drawn for every spot, so that the grades stay the same whichever spots are affected.
            faint, bright, alike = rng.random(3)
            major = first_bright if alike < cluster.alike else bright < cluster.major
            found = _find(spot, side, skeleton, marrow.child)
            if is_affected and found is not None:
                yield spot, *found, "trace" if faint < trace else "major" if major else "minor"


def _affected(spots: tuple[Spot, ...], rng: np.random.Generator) -> list[bool]:
    """Each by its chance, at least one."""
    ease = rng.random(len(spots)) / np.array([spot.chance for spot in spots])
    return [bool(value < 1 or value == ease.min()) for value in ease]


def _find(
    spot: Spot, side: Side, skeleton: Mapping[str, SolidBone], child: Child
) -> tuple[SolidBone, LesionSite] | None:
    """The bone of the side and the spot's site in it; of a midline bone with two sites, the one on that side."""
    bone = skeleton.get(f"{spot.bone}_{side.value}")
    if bone is None:
        return _find_midline(spot, side, skeleton)
    if spot.part is not None:
        solid = named_part(bone, spot.part, child)
        return None if solid is None else (bone, part_site(solid))
    return next(((bone, site) for site in bone.sites if site.region == spot.region), None)


def _find_midline(spot: Spot, side: Side, skeleton: Mapping[str, SolidBone]) -> tuple[SolidBone, LesionSite] | None:
    bone = skeleton.get(spot.bone)
    sites = [site for site in bone.sites if site.region == spot.region] if bone else []
    if bone is None or not sites:
        return None
    return bone, max(sites, key=lambda site: site.centre[0] * (1 if side is Side.RIGHT else -1))


def _finding(key: str, spot: Spot, found: tuple[SolidBone, LesionSite], level: Grade, streams: Streams) -> Finding:
    bone, site = found
    rng = streams.of(key)
    strength, extension = _draw_strength(level, rng), _draw_extension(level, rng)
    if level == "minor" and strength >= MAJOR_STRENGTH:
        extension = min(extension, float(rng.uniform(0.08, MAJOR_EXTENSION)))
    vectors, phases = draw_waves(rng, _WAVE_COUNT, _WAVES_MM[spot.kind])
    return Finding(
        key=key,
        kind=spot.kind,
        bone=bone.full_name,
        place=_place(spot.kind, bone, site, extension, rng),
        strength=strength,
        border_mm=float(rng.uniform(*_BORDER_MM[spot.kind])),
        confined="marrow",
        extension=extension,
        wave_vectors=vectors,
        wave_phases=phases,
    )


def _name(spot: Spot, bone: SolidBone, site: LesionSite) -> str:
    """Bone, region, and which of its solids or which wing of the sacrum."""
    which = "" if spot.part is None else f" {spot.part}"
    if spot.bone == "sacrum":
        which = " right" if site.centre[0] > 0 else " left"
    return f"{bone.full_name} {site.region}{which}"


def _draw_strength(level: Grade, rng: np.random.Generator) -> float:
    median, spread, smallest, largest = STRENGTH[level]
    return float(np.clip(median * np.exp(spread * rng.standard_normal()), smallest, largest))


def _draw_extension(level: Grade, rng: np.random.Generator) -> float:
    return float(rng.uniform(MAJOR_EXTENSION + 0.01, 0.95) if level == "major" else rng.uniform(0.08, 0.5))


def _place(kind: str, bone: SolidBone, site: LesionSite, extension: float, rng: np.random.Generator) -> LesionSite:
    if kind == "flame":
        end = next((end for end in bone_ends(bone) if end.metaphysis is site), None)
        return flame_place(end, extension, rng) if end else patch_place(site, extension, rng)
    return patch_place(site, extension, rng) if kind == "patch" else speckle_place(site, extension, rng)
