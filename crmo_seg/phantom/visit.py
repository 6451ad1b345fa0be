"""Patients and their visits before any voxel: who they are, how they lie, where their lesions are.

Everything random derives from the seed, the index of the patient, the visit, and a name: a patient does not depend on
how many others are made, a visit not on those after it, the body not on the lesions.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.outline import outline
from crmo_seg.phantom.body.person import AGE_RANGE_YEARS, Person, child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.edema.fates import Fate, next_visit
from crmo_seg.phantom.edema.plan import PlannedLesion, plan_lesions
from crmo_seg.phantom.edema.room import ossified_room
from crmo_seg.phantom.edema.spread import cohort_chances
from crmo_seg.phantom.normal.finding import Finding
from crmo_seg.phantom.normal.marrow import MarrowPhenotype, draw_phenotype
from crmo_seg.phantom.normal.plan import plan_findings
from crmo_seg.phantom.regions import region_bounds
from crmo_seg.phantom.scan.draw_protocol import draw_protocol
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.settings import PhantomSettings
from crmo_seg.phantom.solids.grid import bounds_of
from crmo_seg.phantom.streams import stream

FIRST_VISIT: Final = datetime.date(2020, 1, 1)
"""Of every patient; the phantom has no calendar of its own."""
DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True, eq=False)
class VisitPlan:
    """One visit of a patient before any voxel: cheap, for statistics.

    Attributes:
        case_id: for example ``phantom-0003``, with ``-v2`` for the second of several visits.
        patient_id: for example ``P0003``.
        visit: ISO date; None where a patient has a single one.
        person: lasting traits.
        marks: joints and sizes at this visit.
        skeleton: the bones at this visit.
        phenotype: of the marrow.
        lesions: where edema shall be.
        fates: of the lesions of this visit and the one before, by their key; empty at the first visit.
        seed: of what is drawn and scanned at this visit.
    """

    case_id: str
    patient_id: str
    visit: str | None
    person: Person
    marks: Landmarks
    skeleton: tuple[SolidBone, ...]
    phenotype: MarrowPhenotype
    lesions: tuple[PlannedLesion, ...]
    fates: Mapping[str, Fate]
    seed: int


def plan_visits(settings: PhantomSettings, seed: int, index: int, visits: int = 1) -> tuple[VisitPlan, ...]:
    """Visits of one patient without voxels, the first one first."""
    person = draw_person(stream(seed, index, "person"), settings.body)
    phenotype = draw_phenotype(stream(seed, index, "marrow"))
    ages = _ages(settings, stream(seed, index, "ages"), visits)
    chances = cohort_chances(seed, index)
    plans: list[VisitPlan] = []
    for number, age in enumerate(ages):
        name = f"phantom-{index:04d}" + (f"-v{number + 1}" if visits > 1 else "")
        date = FIRST_VISIT + datetime.timedelta(days=round((age - ages[0]) * DAYS_PER_YEAR))
        marks = find_landmarks(child_at(person, age, stream(seed, index, "pose", number)))
        skeleton = build_skeleton(marks)
        lesions, fates = _lesions(settings, marks, skeleton, plans, stream(seed, index, "edema", number), chances)
        visit = date.isoformat() if visits > 1 else None
        draw_seed = int(stream(seed, index, "visit", number).integers(2**63))
        plans.append(
            VisitPlan(
                name, f"P{index:04d}", visit, person, marks, skeleton, phenotype, lesions, MappingProxyType(fates),
                draw_seed,
            )
        )  # fmt: skip
    return tuple(plans)


def visit_findings(settings: PhantomSettings, plan: VisitPlan) -> tuple[Finding, ...]:
    """The look-alikes of a visit."""
    rng = stream(plan.seed, "findings")
    return plan_findings(plan.skeleton, plan.marks, plan.phenotype, rng, settings.normal)


def visit_protocol(settings: PhantomSettings, plan: VisitPlan) -> Protocol:
    """How a visit is scanned."""
    body = bounds_of([part.shape for part in outline(plan.marks, plan.skeleton)])
    regions = region_bounds(plan.marks, plan.skeleton)
    return draw_protocol(settings.scan, body, regions, stream(plan.seed, "protocol"))


def _ages(settings: PhantomSettings, rng: np.random.Generator, visits: int) -> list[float]:
    """Age at each visit; the oldest children of the range come to their first visit early enough for the last."""
    first = float(rng.uniform(*settings.age_years))
    steps = rng.uniform(*settings.months_between_visits, visits - 1) / 12
    ages = first + np.concatenate([[0.0], np.cumsum(steps)])
    beyond = max(float(ages[-1]) - AGE_RANGE_YEARS[1], 0.0)
    return [float(age) for age in ages - beyond]


def _lesions(
    settings: PhantomSettings,
    marks: Landmarks,
    skeleton: tuple[SolidBone, ...],
    before: list[VisitPlan],
    rng: np.random.Generator,
    chances: tuple[float, float, float],
) -> tuple[tuple[PlannedLesion, ...], Mapping[str, Fate]]:
    room = ossified_room(marks.child)
    if not before:
        return plan_lesions(skeleton, rng, settings.edema, chances=chances, room_ml=room), {}
    lasting = [lesion.lasting for lesion in before[-1].lesions]
    now = next_visit(lasting, skeleton, rng, settings.edema, room_ml=room)
    return now.lesions, now.fates
