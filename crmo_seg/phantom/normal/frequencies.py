"""Where foci of bright marrow lie in healthy children, and how often: data, tuned so that ``statistics`` is met.

Primary sources, one for each quantity:
- numbers of foci and of major foci, limbs: doi:10.1016/j.ejrad.2022.110365 (196 healthy children of 5 to 19 years,
  whole-body T2 Dixon; mostly hand and proximal humerus, feet and knees; no difference by sex or side of handedness,
  more minor ones in the arms of 15 to 18 than of 5 to 8 years); axial skeleton: doi:10.1016/j.ejrad.2022.110425 (same
  children; pelvis, spine, sternum; more minor ones with age).
- which bones of the foot: Shabshin 2006, doi:10.1007/s00247-006-0129-y (until 15 years).
- which bones of the wrist and their age: doi:10.1007/s00256-009-0752-4. A dedicated scan of the wrist shows far more
  than a whole-body scan does; the surplus is drawn as ``trace``.
- apex of the patella in 3 of 57 knees: Hemke 2018, doi:10.1007/s00330-017-5067-6.
How the rest divides among the bones of a region is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AGE_KNOTS: Final = (3.0, 6.0, 9.0, 12.0, 15.0, 16.0, 18.0)
"""Ages of the rates below, years."""


@dataclass(frozen=True)
class Spot:
    """A place in a cluster.

    Attributes:
        kind: ``flame``, ``patch`` or ``speckle``.
        bone: name without the side.
        region: of the bone's site (for a flame: of the metaphysis); None if ``part`` says it.
        part: name (``growth_ages.PARTS``) or index of one of the bone's solids, for small bones that share a label.
        chance: to be affected when the cluster is.
    """

    kind: str
    bone: str
    region: str | None = None
    part: str | int | None = None
    chance: float = 1.0


@dataclass(frozen=True)
class Cluster:
    """Places that are affected together.

    Attributes:
        name: unique.
        rates: expected number of affected clusters a child, for both sides as one, at ``AGE_KNOTS``.
        spots: its places.
        major: share of foci with the extension and signal of a major one.
        trace: share of foci too faint for a whole-body scan, at ``AGE_KNOTS``.
        alike: probability that a further focus of the cluster is major or not as the first is.
        mirrored: multiplies the patient's probability that both sides are affected.
        focal: how far the patient's tendency to have foci counts, 0 not at all, 1 fully.
    """

    name: str
    rates: tuple[float, ...]
    spots: tuple[Spot, ...]
    major: float
    trace: tuple[float, ...] = (0.0,) * 7
    alike: float = 0.97
    mirrored: float = 1.0
    focal: float = 1.0


def _flat(rate: float) -> tuple[float, ...]:
    return (rate,) * len(AGE_KNOTS)


def _rising(young: float, old: float) -> tuple[float, ...]:
    return tuple(young + (old - young) * (age - 3) / 15 for age in AGE_KNOTS)


FOOT: Final = Cluster(
    "foot",
    (1.75, 1.75, 1.75, 1.6, 1.2, 0.0, 0.0),
    (
        Spot("speckle", "calcaneus", "body", chance=0.47),
        Spot("speckle", "talus", "body", chance=0.31),
        Spot("speckle", "tarsus", part="navicular", chance=0.31),
        Spot("speckle", "tarsus", part="cuboid", chance=0.16),
        Spot("speckle", "metatarsals", part=0, chance=0.12),
    ),
    major=0.52,
    alike=0.98,
)
FOREFOOT: Final = Cluster(
    "forefoot and ankle of the adolescent",
    (0.0, 0.0, 0.0, 0.1, 0.5, 1.1, 1.1),
    (
        Spot("patch", "metatarsals", part=0, chance=0.5),
        Spot("flame", "tibia", "distal metaphysis", chance=0.5),
        Spot("flame", "fibula", "distal metaphysis", chance=0.3),
    ),
    major=0.52,
)
WRIST: Final = Cluster(
    "wrist",
    (5.0, 6.0, 5.0, 2.0, 0.70, 0.45, 0.27),
    (
        Spot("flame", "radius", "distal metaphysis", chance=0.88),
        Spot("flame", "ulna", "distal metaphysis", chance=0.88),
        Spot("speckle", "metacarpals", part=8, chance=0.52),  # base of the thumb's
        Spot("speckle", "carpus", part="scaphoid", chance=0.42),
        Spot("speckle", "carpus", part="lunate", chance=0.28),
        Spot("speckle", "carpus", part="triquetrum", chance=0.28),  # for the pisiform on it
    ),
    major=0.22,
    trace=(0.92, 0.91, 0.88, 0.78, 0.50, 0.35, 0.35),
    alike=0.85,
    focal=0.3,
)

LIMBS: Final[tuple[Cluster, ...]] = (
    FOOT,
    FOREFOOT,
    Cluster(
        "distal femur",
        (0.17, 0.24, 0.31, 0.34, 0.34, 0.34, 0.33),
        (Spot("flame", "femur", "distal metaphysis"),),
        0.55,
    ),
    Cluster(
        "proximal tibia",
        (0.15, 0.21, 0.26, 0.29, 0.29, 0.29, 0.28),
        (Spot("flame", "tibia", "proximal metaphysis"),),
        0.55,
    ),
    Cluster("distal tibia", _flat(0.10), (Spot("flame", "tibia", "distal metaphysis"),), 0.45),
    Cluster("distal fibula", _flat(0.06), (Spot("flame", "fibula", "distal metaphysis"),), 0.45),
    Cluster("patella", _flat(0.06), (Spot("patch", "patella", "body"),), 0.30),
    Cluster("proximal femur", _rising(0.05, 0.16), (Spot("flame", "femur", "proximal metaphysis"),), 0.35),
    Cluster("trochanter", _rising(0.04, 0.14), (Spot("patch", "femur", "trochanter"),), 0.30),
    WRIST,
    Cluster(
        "proximal humerus", _rising(0.06, 0.34), (Spot("flame", "humerus", "proximal metaphysis"),), 0.36, focal=0.6
    ),
    Cluster(
        "head of the humerus", _rising(0.03, 0.26), (Spot("patch", "humerus", "proximal epiphysis"),), 0.12, focal=0.4
    ),
    Cluster("distal humerus", _rising(0.01, 0.09), (Spot("patch", "humerus", "distal metaphysis"),), 0.12, focal=0.4),
    Cluster("metacarpals", _rising(0.03, 0.23), (Spot("speckle", "metacarpals", part=2),), 0.15, focal=0.4),
)

_LEVELS: Final = (*(f"T{i}" for i in range(1, 13)), *(f"L{i}" for i in range(1, 6)))
_PELVIS: Final = 0.295
_TRUNK: Final = 0.09

AXIAL: Final[tuple[Cluster, ...]] = tuple(
    Cluster(name, _rising(0.60 * rate, 1.45 * rate), (Spot("patch", bone, region),), major, alike=0.15, mirrored=0.65)
    for name, rate, bone, region, major in (
        ("roof", 0.20, "ilium", "roof", _PELVIS),
        ("sacroiliac", 0.14, "ilium", "sacroiliac", _PELVIS),
        ("wing", 0.08, "ilium", "wing", _PELVIS),
        ("ischium", 0.10, "ischium", "body", _PELVIS),
        ("pubis", 0.10, "pubis", "body", _PELVIS),
        ("sacrum", 0.16, "sacrum", "wing", _TRUNK),
        ("manubrium", 0.10, "manubrium", "body", _TRUNK),
        ("sternum", 0.14, "sternum", "body", _TRUNK),
        ("clavicle", 0.06, "clavicle", "medial metaphysis", _TRUNK),
        ("scapula", 0.06, "scapula", "neck", _TRUNK),
        ("mandible", 0.04, "mandible", "body", _TRUNK),
        *((level, 0.032, f"vertebra_{level}", "body", _TRUNK) for level in _LEVELS),
    )
)

CLUSTERS: Final[tuple[Cluster, ...]] = (*LIMBS, *AXIAL)
