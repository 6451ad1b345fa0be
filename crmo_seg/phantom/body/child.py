"""How tall and how built a child of some age is, and how it lies in the scanner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.pose import Pose

AGES_YEARS: Final = tuple(range(3, 18))
BOYS_STATURE_MM: Final = (
    960, 1020, 1090, 1155, 1220, 1280, 1335, 1390, 1435, 1490, 1560, 1640, 1700, 1735, 1750,
)  # fmt: skip
"""Median stature at 3, 4, ... 17 years: CDC growth charts 2000 (https://www.cdc.gov/growthcharts), rounded."""
GIRLS_STATURE_MM: Final = (
    945, 1010, 1080, 1150, 1215, 1275, 1330, 1380, 1445, 1515, 1575, 1605, 1620, 1625, 1630,
)  # fmt: skip
STATURE_VARIATION: Final = 0.042
"""Standard deviation over median; 0.04 to 0.045 at these ages in the same charts."""
PHYSES_CLOSE_YEARS: Final = (13.5, 16.5)
"""Ages between which the growth plates of the phantom fade from open to closed; girls are 1.5 years earlier."""


class Sex(StrEnum):
    """As in DICOM's PatientSex."""

    GIRL = "F"
    BOY = "M"


@dataclass(frozen=True)
class Variation:
    """Individual shape of bones and organs, the same at each visit.

    Attributes:
        seed: of everything drawn for it.
        strength: 1 as usual, 0 gives the mean shapes.
    """

    seed: int
    strength: float = 1.0


@dataclass(frozen=True)
class Proportions:
    """Lengths of limb segments over those of ``landmarks``.

    Attributes:
        arm: upper arm and forearm over the stature.
        forearm: forearm beyond that.
        knee: height of the knee over that of the hip.
    """

    arm: float = 1.0
    forearm: float = 1.0
    knee: float = 1.0


@dataclass(frozen=True)
class Limbs:
    """Arm and leg of one side.

    Attributes:
        scale: length over the mean of both sides.
        arm_abduction_deg: of the upper arm from the trunk.
        leg_abduction_deg: of the leg from the vertical.
        foot_flexion_deg: plantar flexion, 0 is a right angle to the shin.
        foot_rotation_deg: toes outward.
    """

    scale: float
    arm_abduction_deg: float
    leg_abduction_deg: float
    foot_flexion_deg: float
    foot_rotation_deg: float


@dataclass(frozen=True)
class Child:
    """A body to build: sizes in mm, ratios to the mean child of that height.

    Attributes:
        age_years: 3 to 17.
        height_mm: stature.
        sitting_height_mm: seat to vertex.
        head_height_mm: upper end of the first vertebra to vertex.
        face_height_mm: chin to vertex.
        head_breadth_mm: largest breadth of the skull, skin included.
        head_length_mm: forehead to occiput.
        girth: widths of trunk and limbs over the mean.
        bone_girth: radii of the bones over the mean.
        fat_mm: thickness of the subcutaneous fat on the trunk.
        scoliosis_mm: sideways swing of the spine.
        physis_openness: 1 open growth plates, 0 closed; one number for all, ``growth`` tells them apart.
        limbs: by side.
        sex: of the child.
        maturity_years: how much older the skeleton looks than its age.
        flesh: widths of the soft tissue beyond ``girth``.
        proportions: of the limbs.
        pose: None lies as drawn in ``limbs``.
        variation: None has the mean shapes.
    """

    age_years: float
    height_mm: float
    sitting_height_mm: float
    head_height_mm: float
    face_height_mm: float
    head_breadth_mm: float
    head_length_mm: float
    girth: float
    bone_girth: float
    fat_mm: float
    scoliosis_mm: float
    physis_openness: float
    limbs: Mapping[Side, Limbs]
    sex: Sex = Sex.GIRL
    maturity_years: float = 0.0
    flesh: float = 1.0
    proportions: Proportions = Proportions()
    pose: Pose | None = None
    variation: Variation | None = None

    @property
    def bone_age_years(self) -> float:
        """Age of the mean child with such a skeleton."""
        return self.age_years + self.maturity_years


def draw_child(rng: np.random.Generator, *, age_years: tuple[float, float]) -> Child:
    """A child of an age drawn evenly from the range.

    Sitting height falls from 0.56 to 0.52 of stature, the head keeps most of its size (Snyder et al. 1977,
    "Anthropometry of infants, children and youths to age 18", UM-HSRI-77-17; rounded).
    """
    age = float(rng.uniform(*age_years))
    girl = bool(rng.random() < 0.6)
    height = _stature_mm(age, girl=girl) * _ratio(rng, STATURE_VARIATION)
    sitting = height * float(np.interp(age, (3, 12, 17), (0.56, 0.525, 0.52)))
    skull = _ratio(rng, 0.02)
    return Child(
        age_years=age,
        height_mm=height,
        sitting_height_mm=sitting,
        head_height_mm=float(np.interp(age, (3, 17), (128, 146))) * skull,
        face_height_mm=float(np.interp(age, (3, 17), (178, 224))) * skull,
        head_breadth_mm=float(np.interp(age, (3, 17), (138, 152))) * skull,
        head_length_mm=float(np.interp(age, (3, 17), (174, 192))) * skull * _ratio(rng, 0.02),
        girth=_ratio(rng, 0.04),
        bone_girth=_ratio(rng, 0.04),
        fat_mm=height * 0.006 * _ratio(rng, 0.3),
        scoliosis_mm=height * 0.002 * float(rng.standard_normal()),
        physis_openness=_physis_openness(age + (1.5 if girl else 0.0)),
        limbs=MappingProxyType({side: _draw_limbs(rng) for side in Side}),
        sex=Sex.GIRL if girl else Sex.BOY,
    )


def _stature_mm(age_years: float, *, girl: bool) -> float:
    return float(np.interp(age_years, AGES_YEARS, GIRLS_STATURE_MM if girl else BOYS_STATURE_MM))


def _ratio(rng: np.random.Generator, deviation: float) -> float:
    """A factor around 1, never further than two deviations, so that no organ leaves its place."""
    return float(np.exp(deviation * np.clip(rng.standard_normal(), -2, 2)))


def _physis_openness(bone_age_years: float) -> float:
    return float(np.interp(bone_age_years, PHYSES_CLOSE_YEARS, (1.0, 0.0)))


def _draw_limbs(rng: np.random.Generator) -> Limbs:
    return Limbs(
        scale=_ratio(rng, 0.006),
        arm_abduction_deg=float(rng.uniform(6.5, 9.5)),
        leg_abduction_deg=float(rng.uniform(0.5, 3.0)),
        foot_flexion_deg=float(rng.uniform(38, 55)),
        foot_rotation_deg=float(rng.uniform(5, 20)),
    )
