"""A person: what stays the same from visit to visit, and the child that it is at an age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.errors import InputError
from crmo_seg.phantom.body.child import Child, Limbs, Proportions, Sex, Variation
from crmo_seg.phantom.body.growth_ages import CLOSING, closing_openness
from crmo_seg.phantom.body.growth_charts import BODY_MASS_INDEX, STATURE_CM
from crmo_seg.phantom.body.lying import draw_pose
from crmo_seg.phantom.body.settings import USUAL_BODIES, BodySettings

AGE_RANGE_YEARS: Final = (3.0, 17.0)
GIRLS_SHARE: Final = 0.6
"""Of the children; CRMO is somewhat more frequent in girls."""
_AGES: Final = (3, 5, 8, 10, 12, 14, 16, 17)
SITTING_SHARE: Final[Mapping[Sex, tuple[float, ...]]] = MappingProxyType(
    {
        Sex.BOY: (0.567, 0.548, 0.531, 0.524, 0.517, 0.512, 0.517, 0.520),
        Sex.GIRL: (0.566, 0.547, 0.530, 0.523, 0.519, 0.522, 0.526, 0.527),
    }
)
"""Sitting height over stature at 3, 5, 8, 10, 12, 14, 16, 17 years: falls to puberty, then rises a little, as in the
charts of Fredriks et al. 2005 (doi:10.1136/adc.2004.050799) and Hawkes et al. 2020 (PMC9030919); values recalled."""
SITTING_SPREAD: Final = 0.010
"""Standard deviation of that share."""
KNEE: Final = 0.955
"""Factor that makes the tibia 0.8 of the femur's length (0.78 to 0.79 in Ha et al. 2003,
doi:10.3346/jkms.2003.18.5.715)."""
ARM: Final = ((3.0, 8.0, 13.0), (0.94, 0.97, 1.0))
"""Length of the arm over that of the grown-up of the same stature, at ages."""
MASS_OF_HEAD_KG: Final = (0.70, 1.10)
"""Of the phantom's head: at stature 0, and per metre."""
MASS_PER_CUBIC_METRE: Final = 11.7
"""Mass of the rest of the phantom over its cubed stature in m, at ``flesh`` 1: measured on its voxels, 1 kg per litre;
growing with flesh to the power ``MASS_POWER``."""
MASS_POWER: Final = 1.68
FLESH_RANGE: Final = (0.80, 1.60)
FAT_SHARE: Final = 0.0058
"""Thickness of the subcutaneous fat of the trunk over the stature, at a median body mass index."""
BODY_MASS_Z: Final = (-2.2, 2.3)
"""Range of the z-score of the body mass index in the usual population."""
HIGHEST_BODY_MASS_Z: Final = 2.6
"""Of any population: the formula of the growth charts has a pole a little beyond 3."""
TEMPO_SPREAD_YEARS: Final = 0.9
"""Standard deviation of skeletal maturity around age; 0.6 to 1.2 years in Greulich and Pyle's series, recalled."""


@dataclass(frozen=True)
class Person:
    """Lasting traits; ratios are to the mean child of the same age, sex and stature.

    Attributes:
        sex: girl or boy.
        stature_z: z-score on the growth chart.
        body_mass_z: z-score of the body mass index.
        maturity_years: how much older the skeleton is than its age.
        frame: breadth of trunk and shoulders.
        bone_girth: thickness of the bones.
        fat: thickness of the fat beyond what the body mass index gives.
        sitting_shift: added to sitting height over stature.
        arm: length of the arms.
        thigh: height of the knee over that of the hip.
        head: size of the head.
        head_length: of the skull over its breadth.
        scoliosis: sideways swing of the spine over the stature.
        limb_lengths: of each side over the mean of both.
        variation_seed: of the shapes of bones and organs.
        shape: how far these are from the mean ones; 1 as usual.
    """

    sex: Sex
    stature_z: float
    body_mass_z: float
    maturity_years: float
    frame: float
    bone_girth: float
    fat: float
    sitting_shift: float
    arm: float
    thigh: float
    head: float
    head_length: float
    scoliosis: float
    limb_lengths: Mapping[Side, float]
    variation_seed: int
    shape: float = 1.0


def draw_person(rng: np.random.Generator, settings: BodySettings = USUAL_BODIES) -> Person:
    """A person from the population; the same generator gives the same person, more or less unlike the mean one."""
    ratio = _Ratios(rng, settings.build)
    asymmetry = 0.006 * ratio.normal()
    return Person(
        sex=Sex.GIRL if rng.random() < GIRLS_SHARE else Sex.BOY,
        stature_z=ratio.normal(),
        body_mass_z=_body_mass_z(float(rng.standard_normal()), settings.build),
        maturity_years=TEMPO_SPREAD_YEARS * _Ratios(rng).normal(),
        frame=ratio.around_1(0.035),
        bone_girth=ratio.around_1(0.05),
        fat=ratio.around_1(0.20),
        sitting_shift=SITTING_SPREAD * ratio.normal(),
        arm=ratio.around_1(0.020),
        thigh=ratio.around_1(0.010),
        head=ratio.around_1(0.022),
        head_length=ratio.around_1(0.030),
        scoliosis=0.003 * ratio.normal(),
        limb_lengths=MappingProxyType({Side.RIGHT: 1 + asymmetry / 2, Side.LEFT: 1 - asymmetry / 2}),
        variation_seed=int(rng.integers(2**31)),
        shape=settings.shape,
    )


def child_at(person: Person, age_years: float, pose_rng: np.random.Generator | None = None) -> Child:
    """The person at an age, lying in a new pose; stretched out without ``pose_rng``.

    Raises:
        InputError: for an age beyond 3 to 17 years.
    """
    if not AGE_RANGE_YEARS[0] <= age_years <= AGE_RANGE_YEARS[1]:
        raise InputError("--age", f"is {age_years:g} years", "give 3 to 17 years")
    stature_m = STATURE_CM[person.sex].at(age_years, person.stature_z) / 100
    child = _body(person, age_years, stature_m * 1000)
    child = replace(child, flesh=_flesh(person, age_years, stature_m))
    return child if pose_rng is None else replace(child, pose=draw_pose(pose_rng, child))


def body_mass_kg(person: Person, age_years: float) -> float:
    """Mass from the growth charts."""
    stature_m = STATURE_CM[person.sex].at(age_years, person.stature_z) / 100
    return BODY_MASS_INDEX[person.sex].at(age_years, person.body_mass_z) * stature_m**2


def _body(person: Person, age: float, height: float) -> Child:
    share = float(np.interp(age, _AGES, SITTING_SHARE[person.sex])) + person.sitting_shift
    head = person.head * (1.012 if person.sex is Sex.BOY else 0.990)
    child = Child(
        age_years=age,
        height_mm=height,
        sitting_height_mm=height * share,
        head_height_mm=float(np.interp(age, (3, 17), (128, 146))) * head,
        face_height_mm=float(np.interp(age, (3, 17), (178, 224))) * head,
        head_breadth_mm=float(np.interp(age, (3, 17), (138, 152))) * head,
        head_length_mm=float(np.interp(age, (3, 17), (174, 192))) * head * person.head_length,
        girth=person.frame * float(np.interp(age, (3, 12), (1.03, 1.0))),
        bone_girth=person.bone_girth * (1.02 if person.sex is Sex.BOY else 0.98),
        fat_mm=_fat_mm(person, age, height),
        scoliosis_mm=person.scoliosis * height,
        physis_openness=1.0,
        limbs=MappingProxyType({side: _limbs(person.limb_lengths[side]) for side in Side}),
        sex=person.sex,
        maturity_years=person.maturity_years,
        proportions=Proportions(arm=person.arm * float(np.interp(age, *ARM)), knee=KNEE * person.thigh),
        variation=Variation(person.variation_seed, person.shape),
    )
    return replace(child, physis_openness=closing_openness(CLOSING["femur distal"], child))


def _limbs(length: float) -> Limbs:
    """The reference pose from which all others are turned."""
    return Limbs(length, arm_abduction_deg=8.0, leg_abduction_deg=1.5, foot_flexion_deg=45.0, foot_rotation_deg=12.0)


def _flesh(person: Person, age: float, stature_m: float) -> float:
    """Width of the soft tissue that gives the child the mass of the growth chart."""
    at_0, per_metre = MASS_OF_HEAD_KG
    frame = person.frame * float(np.interp(age, (3, 12), (1.03, 1.0)))
    rest = (body_mass_kg(person, age) - at_0 - per_metre * stature_m) / (stature_m**3 * frame**2)
    return float(np.clip((rest / MASS_PER_CUBIC_METRE) ** (1 / MASS_POWER), *FLESH_RANGE))


def _fat_mm(person: Person, age: float, height_mm: float) -> float:
    """Girls gain fat in puberty, boys lose some; a z-score of the body mass index adds 45 %."""
    puberty = float(np.interp(age, (9, 15), (0, 1)))
    sex = 1.05 + 0.35 * puberty if person.sex is Sex.GIRL else 1.0 - 0.15 * puberty
    toddler = float(np.interp(age, (3, 6), (1.25, 1.0)))
    return FAT_SHARE * height_mm * sex * toddler * person.fat * float(np.exp(0.45 * person.body_mass_z))


def _body_mass_z(normal: float, build: float) -> float:
    lowest, highest = (limit * max(build, 1.0) for limit in BODY_MASS_Z)
    return float(np.clip(0.2 + 1.05 * build * normal, lowest, min(highest, HIGHEST_BODY_MASS_Z)))


class _Ratios:
    """Draws that are never further than two deviations from the mean, so that nothing leaves its place.

    Args:
        rng: source of chance.
        build: multiplies the deviations.
    """

    def __init__(self, rng: np.random.Generator, build: float = 1.0) -> None:
        self._rng = rng
        self._build = build

    def normal(self) -> float:
        return float(np.clip(self._rng.standard_normal(), -2.2, 2.2)) * self._build

    def around_1(self, deviation: float) -> float:
        return float(np.exp(deviation * self._build * np.clip(self._rng.standard_normal(), -2, 2)))
