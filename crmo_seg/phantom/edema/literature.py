"""The studies that the lesions of the phantom follow, and the numbers that they report.

One primary source per quantity; where others disagree, the primary one wins (spine: 27 % of d'Angelo's children, not
19 % as in the mapping study). Every number is from an abstract. The DOI of the mapping study and of the pamidronate
study could not be found, so their titles are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Source:
    """A published study: how to name it in a table, and where to find it."""

    name: str
    reference: str


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """Share from 0 to 1; nan of nothing."""
        return self.hits / self.total if self.total else float("nan")


@dataclass(frozen=True)
class TwoGroups:
    """Means of two equally large groups that are compared with a p value.

    Attributes:
        first: mean of the first group.
        second: mean of the second group.
        per_group: patients in each.
        p_value: of their difference, two-sided.
    """

    first: float
    second: float
    per_group: int
    p_value: float


DANGELO: Final = Source("d'Angelo 2020", "doi:10.1007/s00247-020-04827-6")
FALIP: Final = Source("Falip 2013", "doi:10.1007/s00247-012-2544-6")
MAPPING: Final = Source(
    "Mapping study",
    '"Radiological diagnosis of chronic recurrent multifocal osteomyelitis using whole-body MRI-based lesion '
    'distribution patterns"',
)
KIENINGER: Final = Source("Kieninger 2021", "doi:10.1259/bjr.20211091")
PAMIDRONATE: Final = Source(
    "Pamidronate study",
    '"Whole-body MRI Quantification for Assessment of Bone Lesions in CNO Patients Treated with Pamidronate"',
)

# d'Angelo 2020: 75 children at diagnosis, 68 of them by whole-body MRI.
SITES_MEDIAN: Final = 6.0
SITES_RANGE: Final = (1, 27)
SITES_CHILDREN: Final = 68
UNIFOCAL: Final = Share(5, 75)
FEMUR: Final = Share(46, 75)
TIBIA: Final = Share(48, 75)
PELVIS: Final = Share(29, 75)
SPINE: Final = Share(20, 75)

# Falip 2013: 31 children, 108 lesions, 56 in metaphyses of long bones, 42 edemas on MRI, taken as those of long bones.
IN_METAPHYSES: Final = Share(56, 108)
JUXTAPHYSEAL: Final = Share(36, 56)
REACHING_EPIPHYSIS: Final = Share(23, 42)
WITH_HALO: Final = Share(22, 42)
NODULAR: Final = Share(7, 42)
SEVERAL_VERTEBRAE: Final = Share(6, 9)

# Mapping study: 37 children, 317 lesions, 173 of them beside a growth plate of a long bone. The abstract has percents.
CLAVICLE: Final = Share(14, 37)
CLAVICLE_AND_TIBIA: Final = Share(5, 37)
TIBIA_ON_BOTH_SIDES: Final = Share(17, 25)
SYMMETRIC: Final = Share(34, 37)
"""93 % of bilateral disease; the abstract does not say of how many, so the 37 children are taken."""
METAPHYSEAL_PARTS: Final = Share(112, 173)
"""65 % metaphyseal, 35 % epiphyseal: there an edema on both sides of a plate counts twice."""
DISTAL_METAPHYSEAL_PARTS: Final = Share(73, 173)

# Kieninger 2021: 20 children, 223 lesions; 10 responders, 10 non-responders; signal ratio of lesion to muscle.
LOWER_LIMB: Final = Share(119, 223)
RATIO_BEFORE: Final = TwoGroups(5.6, 6.1, 10, 0.047)
RATIO_AFTER: Final = TwoGroups(5.8, 7.2, 10, 0.005)

# Pamidronate study: 32 children, 279 lesions without hands and feet, before and after the first cycle.
RESOLVED: Final = Share(96, 279)
WORSENED: Final = Share(21, 279)
NEW: Final = Share(46, 279)
