"""What is counted in planned cohorts, as the studies count it. A patient is the tuple of the lesions of a visit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.anatomy import Bone, Segment
from crmo_seg.phantom.body.bone_kinds import kind_of
from crmo_seg.phantom.edema.fates import Fate, NextVisit
from crmo_seg.phantom.edema.frequencies import part_of
from crmo_seg.phantom.edema.lesion import LONG_BONES, PlannedLesion, SiteKey
from crmo_seg.phantom.edema.literature import Share

Patient: TypeAlias = Sequence[PlannedLesion]
Cohort: TypeAlias = Sequence[Patient]
Visits: TypeAlias = tuple[Patient, NextVisit]
"""The lesions of a child at a visit, and what came after."""
IsLesion: TypeAlias = Callable[[PlannedLesion], bool]
Counted: TypeAlias = Callable[[Cohort], Share]

LOWER_LIMB_GROUPS: Final = frozenset({"leg", "foot"})


def ill(cohort: Cohort) -> list[Patient]:
    """The patients with lesions."""
    return [patient for patient in cohort if patient]


def lesion_free(cohort: Cohort) -> Share:
    """Patients without any lesion."""
    return _count([not patient for patient in cohort])


def unifocal(cohort: Cohort) -> Share:
    """Patients with one lesion, of the ill."""
    return _count([len(patient) == 1 for patient in ill(cohort)])


def sites_median(cohort: Cohort) -> float:
    """Median number of lesions of the ill; nan where nobody is."""
    counts = [len(patient) for patient in ill(cohort)]
    return float(np.median(counts)) if counts else float("nan")


def patients_with(*kinds: str) -> Counted:
    """How many of the ill have lesions in all of these kinds of bones or parts of the skeleton."""

    def count(cohort: Cohort) -> Share:
        return _count([_affected(patient).issuperset(kinds) for patient in ill(cohort)])

    return count


def lesions_that(is_hit: IsLesion, among: IsLesion = lambda _: True) -> Counted:
    """How many of the lesions of a sort have a property."""

    def count(cohort: Cohort) -> Share:
        return _count([is_hit(lesion) for patient in cohort for lesion in patient if among(lesion)])

    return count


def in_long_metaphysis(lesion: PlannedLesion) -> bool:
    """Metaphysis of a long bone (the clavicle is not one here)."""
    return lesion.bone.name in LONG_BONES and lesion.segment is Segment.METAPHYSIS


def at_long_end(lesion: PlannedLesion) -> bool:
    """Metaphysis or epiphysis of a long bone."""
    return lesion.bone.name in LONG_BONES and lesion.segment in (Segment.METAPHYSIS, Segment.EPIPHYSIS)


def reaches_epiphysis(lesion: PlannedLesion) -> bool:
    """In the epiphysis alone or on both sides of the plate."""
    return lesion.crosses_plate or lesion.segment is Segment.EPIPHYSIS


def in_lower_limb(lesion: PlannedLesion) -> bool:
    """Femur to toes."""
    return lesion.bone.group in LOWER_LIMB_GROUPS


def metaphyseal_parts(cohort: Cohort) -> Share:
    """Metaphyseal, where a lesion on both sides of a plate counts once on each side."""
    metaphyseal, parts = _parts(cohort)
    return Share(len(metaphyseal), parts)


def distal_metaphyseal_parts(cohort: Cohort) -> Share:
    """Distal metaphyseal, counted in the same way."""
    metaphyseal, parts = _parts(cohort)
    return Share(sum(lesion.region.startswith("distal") for lesion in metaphyseal), parts)


def symmetric(cohort: Cohort) -> Share:
    """Of the paired bones that are ill on both sides of a patient: at the same site at least once."""
    return _count([_same_site(*both) for patient in cohort for both in _both_sides(patient).values()])


def on_both_sides(bone_name: str) -> Counted:
    """Of the patients with lesions in a paired bone: on both sides."""

    def count(cohort: Cohort) -> Share:
        affected = [patient for patient in ill(cohort) if bone_name in _affected(patient)]
        return _count([bone_name in _both_sides(patient) for patient in affected])

    return count


def several_vertebrae(cohort: Cohort) -> Share:
    """Of the patients with an ill vertebra: with more than one."""
    numbers = [len({le.bone for le in patient if kind_of(le.bone) == "vertebra"}) for patient in cohort]
    return _count([number > 1 for number in numbers if number])


def ratio_mean(*, responders: bool) -> Callable[[Cohort], float]:
    """Mean over the ill responders (or the others) of the mean signal ratio of their lesions."""

    def mean(cohort: Cohort) -> float:
        means = [np.mean([le.signal_ratio for le in p]) for p in ill(cohort) if p[0].lasting.responder is responders]
        return float(np.mean(means)) if means else float("nan")

    return mean


def fate_share(fate: Fate) -> Callable[[Sequence[Visits]], Share]:
    """How many lesions had a fate, of the lesions of the visit before."""

    def count(visits: Sequence[Visits]) -> Share:
        hits = sum(seen is fate for _, after in visits for seen in after.fates.values())
        return Share(hits, sum(len(before) for before, _ in visits))

    return count


def ratio_mean_after(*, responders: bool) -> Callable[[Sequence[Visits]], float]:
    """``ratio_mean`` of the later visit."""
    measure = ratio_mean(responders=responders)
    return lambda visits: measure([after.lesions for _, after in visits])


def _affected(patient: Patient) -> set[str]:
    return {name for lesion in patient for name in (kind_of(lesion.bone), part_of(lesion.bone))}


def _parts(cohort: Cohort) -> tuple[list[PlannedLesion], int]:
    """Metaphyseal lesions of long bones, and how many parts beside a plate there are in all."""
    lesions = [lesion for patient in cohort for lesion in patient if at_long_end(lesion)]
    metaphyseal = [lesion for lesion in lesions if lesion.segment is Segment.METAPHYSIS]
    return metaphyseal, len(metaphyseal) + sum(reaches_epiphysis(lesion) for lesion in lesions)


def _both_sides(patient: Patient) -> dict[str, tuple[list[SiteKey], list[SiteKey]]]:
    """Sites of the paired bones that are ill on both sides, by bone."""
    sites = [lesion.lasting.site for lesion in patient if lesion.bone.side is not None]
    bones: dict[str, dict[Bone, list[SiteKey]]] = {}
    for site in sites:
        bones.setdefault(site.bone.name, {}).setdefault(site.bone, []).append(site)
    pairs = {name: list(sides.values()) for name, sides in bones.items()}
    return {name: (sides[0], sides[1]) for name, sides in pairs.items() if len(sides) == 2}


def _same_site(one: Collection[SiteKey], other: Collection[SiteKey]) -> bool:
    return not {(s.region, s.number) for s in one}.isdisjoint((s.region, s.number) for s in other)


def _count(hits: Collection[bool]) -> Share:
    return Share(sum(map(bool, hits)), len(hits))
