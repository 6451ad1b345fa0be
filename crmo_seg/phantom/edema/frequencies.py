"""How often each site is ill: patterns of the disease, weights of the sites, symmetry. Data and small draws.

Which bones: d'Angelo 2020. Clavicle, and that it rarely goes with the tibia: the mapping study, whose two patterns
("tibio-appendicular multifocal", "claviculo-spinal pauci-focal") are drawn here as such. Distal over proximal and
symmetry: the mapping study. The weights themselves are not published: they were tuned until the cohort statistics
(``crmo_seg.phantom.statistics``) of drawn children met the reports. Sites that the reports do not name have the
weights of an educated guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy import special

from crmo_seg.anatomy import Bone
from crmo_seg.phantom.body.bone_kinds import kind_of
from crmo_seg.phantom.edema.literature import SITES_RANGE


@dataclass(frozen=True)
class Pattern:
    """A kind of disease.

    Attributes:
        share: of the ill children.
        sites_median: median number of lesions.
        tibia: True where at least one tibia is ill, False where none is, None where chance decides.
        clavicle: the same for the clavicles.
    """

    share: float
    sites_median: float
    tibia: bool | None
    clavicle: bool | None


TIBIO_APPENDICULAR: Final = Pattern(0.49, 7.3, tibia=True, clavicle=False)
CLAVICULO_SPINAL: Final = Pattern(0.24, 3.1, tibia=False, clavicle=True)
MIXED: Final = Pattern(0.14, 8.5, tibia=True, clavicle=True)
OTHER: Final = Pattern(0.12, 6.0, tibia=False, clavicle=False)
PATTERNS: Final = (TIBIO_APPENDICULAR, CLAVICULO_SPINAL, MIXED, OTHER)
"""Tibia 64 % (d'Angelo), clavicle 38 %, both 14 % (mapping study)."""

SITES_SPREAD: Final = 0.86
"""Of the logarithm of the number of lesions within a pattern."""
MIRRORED: Final = 0.48
"""How often the same bone of the other side is ill too."""
OTHER_SITE: Final = 0.16
"""How often it is then at another site, if the bone has one."""
NEIGHBOURLY: Final = 6.0
"""By how much one ill vertebra or rib raises the weight of its fellows (Falip 2013: several vertebrae in 6 of 9)."""
PROPENSITY_SPREAD: Final = 0.9
"""How much children differ in the weight of each part of the skeleton: standard deviation of the logarithm."""

SITE_WEIGHTS: Final[Mapping[tuple[str, str], float]] = MappingProxyType(
    {
        ("femur", "distal metaphysis"): 11.2, ("femur", "distal epiphysis"): 0.6, ("femur", "proximal metaphysis"): 4.4,
        ("femur", "proximal epiphysis"): 0.2, ("femur", "trochanter"): 0.5, ("femur", "diaphysis"): 0.25,
        ("tibia", "proximal metaphysis"): 3.9, ("tibia", "proximal epiphysis"): 0.25,
        ("tibia", "distal metaphysis"): 7.6, ("tibia", "distal epiphysis"): 0.25, ("tibia", "diaphysis"): 0.25,
        ("fibula", "distal metaphysis"): 4.0, ("fibula", "diaphysis"): 0.1, ("patella", "body"): 0.25,
        ("calcaneus", "body"): 0.95, ("talus", "body"): 0.6, ("tarsus", "body"): 0.4,
        ("metatarsals", "metatarsal"): 0.16,
        ("ilium", "roof"): 1.0, ("ilium", "sacroiliac"): 1.55, ("ilium", "wing"): 0.4,
        ("ischium", "body"): 0.9, ("pubis", "body"): 0.9, ("sacrum", "wing"): 0.9,
        ("vertebra", "body"): 0.34, ("rib", "rib"): 0.026, ("manubrium", "body"): 0.5, ("sternum", "body"): 0.4,
        ("clavicle", "medial metaphysis"): 3.0, ("clavicle", "diaphysis"): 0.6, ("scapula", "neck"): 0.35,
        ("humerus", "proximal metaphysis"): 2.1, ("humerus", "proximal epiphysis"): 0.1,
        ("humerus", "distal metaphysis"): 0.5, ("humerus", "diaphysis"): 0.15,
        ("radius", "distal metaphysis"): 2.4, ("radius", "diaphysis"): 0.1,
        ("ulna", "distal metaphysis"): 1.4, ("ulna", "diaphysis"): 0.1,
        ("carpus", "body"): 0.2, ("metacarpals", "metacarpal"): 0.1, ("mandible", "body"): 0.2, ("skull", "base"): 0.1,
    }
)  # fmt: skip
"""Relative frequency of (kind of bone, region), for each site of that name on each side."""

_PART_OF_KIND: Final = MappingProxyType({"sacrum": "pelvis", "tibia": "shin", "fibula": "shin", "femur": "thigh"})


def part_of(bone: Bone) -> str:
    """The part of the skeleton whose sites tend to be ill together.

    The sacrum goes with the pelvis, as its wings are ill where the sacroiliac joints are.
    """
    return _PART_OF_KIND.get(bone.name, bone.group)


def weight_of(bone: Bone, region: str) -> float:
    """Relative frequency of a site; 0 for sites that the table does not name."""
    return SITE_WEIGHTS.get((kind_of(bone), region), 0.0)


def pattern_at(chance: float) -> Pattern:
    """One of ``PATTERNS`` by its share, from a chance of 0 to 1."""
    shares = np.cumsum([pattern.share for pattern in PATTERNS])
    return PATTERNS[min(int(np.searchsorted(shares / shares[-1], chance, side="right")), len(PATTERNS) - 1)]


def count_at(pattern: Pattern, chance: float) -> int:
    """Number of lesions of an ill child, log-normal around the median of its pattern, from a chance of 0 to 1.

    >>> count_at(TIBIO_APPENDICULAR, 0.5), count_at(MIXED, 0.0), count_at(MIXED, 1.0)
    (7, 2, 27)
    """
    drawn = pattern.sites_median * float(np.exp(SITES_SPREAD * np.clip(special.ndtri(chance), -9, 9)))
    required = (pattern.tibia is True) + (pattern.clavicle is True)
    return int(np.clip(round(drawn), max(required, SITES_RANGE[0]), SITES_RANGE[1]))


def draw_propensity(parts: tuple[str, ...], rng: np.random.Generator) -> dict[str, float]:
    """By how much the child's weights of each part of the skeleton differ from the mean child's."""
    return {part: float(np.exp(PROPENSITY_SPREAD * rng.standard_normal())) for part in parts}
