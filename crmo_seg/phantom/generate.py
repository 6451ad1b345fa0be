"""Synthetic patients from settings, a seed and an index: first planned, then drawn and scanned.

Everything random derives from the seed, the index of the patient, the visit, and a name: a patient does not depend on
how many others are made, a visit not on those after it, the body not on the lesions.
"""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.lesions import measure_lesions
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.outline import outline
from crmo_seg.phantom.body.person import AGE_RANGE_YEARS, Person, child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.draw.canvas import Canvas, stacked
from crmo_seg.phantom.draw.lesions import PaintedLesion
from crmo_seg.phantom.draw.study import Subject, draw_subject
from crmo_seg.phantom.edema.fates import Fate, next_visit
from crmo_seg.phantom.edema.plan import PlannedLesion, plan_lesions
from crmo_seg.phantom.edema.room import ossified_room
from crmo_seg.phantom.edema.spread import cohort_chances
from crmo_seg.phantom.normal.finding import Finding
from crmo_seg.phantom.normal.marrow import MarrowPhenotype, draw_phenotype
from crmo_seg.phantom.normal.plan import plan_findings
from crmo_seg.phantom.regions import region_bounds
from crmo_seg.phantom.scan.acquire import acquire
from crmo_seg.phantom.scan.draw_protocol import draw_protocol
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.scan.slices import fine_grid
from crmo_seg.phantom.scan.study import Drawing, Scan
from crmo_seg.phantom.settings import PhantomSettings
from crmo_seg.phantom.signal.contrast import ScannerContrast, draw_palette, edema_signal, look_alike_signal
from crmo_seg.phantom.signal.palette import Palette
from crmo_seg.phantom.signal.randomised import texture_amounts
from crmo_seg.phantom.solids.grid import bounds_of
from crmo_seg.phantom.solids.shapes import FloatArray

FIRST_VISIT: Final = datetime.date(2020, 1, 1)
"""Of every patient; the phantom has no calendar of its own."""
DAYS_PER_YEAR: Final = 365.25
HALO_SHARE: Final = 0.6
"""Signal of inflamed soft tissue over that of the edema beside it; an assumption."""


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


@dataclass(frozen=True, eq=False)
class TrueLesion:
    """A lesion as drawn: its plan, its number in ``Scan.lesions``, and the voxels of the scan that it covers."""

    number: int
    plan: PlannedLesion
    volume_ml: float
    centroid_ras_mm: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class PhantomStudy:
    """A visit as scanned, with its truth.

    Attributes:
        plan: the visit.
        scan: images, masks, stations.
        contrast: of each sequence.
        lesions: those that cover a voxel of the scan or more.
    """

    plan: VisitPlan
    scan: Scan
    contrast: Mapping[str, ScannerContrast]
    lesions: tuple[TrueLesion, ...]


def plan_visits(settings: PhantomSettings, seed: int, index: int, visits: int = 1) -> tuple[VisitPlan, ...]:
    """Visits of one patient without voxels, the first one first."""
    person = draw_person(_stream(seed, index, "person"))
    phenotype = draw_phenotype(_stream(seed, index, "marrow"))
    ages = _ages(settings, _stream(seed, index, "ages"), visits)
    chances = cohort_chances(seed, index)
    plans: list[VisitPlan] = []
    for number, age in enumerate(ages):
        name = f"phantom-{index:04d}" + (f"-v{number + 1}" if visits > 1 else "")
        date = FIRST_VISIT + datetime.timedelta(days=round((age - ages[0]) * DAYS_PER_YEAR))
        own = np.random.default_rng(_sequence(seed, index, "visit", number))
        marks = find_landmarks(child_at(person, age, _stream(seed, index, "pose", number)))
        skeleton = build_skeleton(marks)
        lesions, fates = _lesions(settings, marks, skeleton, plans, _stream(seed, index, "edema", number), chances)
        visit = date.isoformat() if visits > 1 else None
        draw_seed = int(own.integers(2**63))
        plans.append(
            VisitPlan(
                name, f"P{index:04d}", visit, person, marks, skeleton, phenotype, lesions, MappingProxyType(fates),
                draw_seed,
            )
        )  # fmt: skip
    return tuple(plans)


def make_studies(settings: PhantomSettings, seed: int, index: int, visits: int = 1) -> Iterator[PhantomStudy]:
    """The studies of one patient; the same arguments give the same voxels."""
    for plan in plan_visits(settings, seed, index, visits):
        yield scan_visit(settings, plan)


def scan_visit(settings: PhantomSettings, plan: VisitPlan, protocol: Protocol | None = None) -> PhantomStudy:
    """Draw and scan a planned visit, with a protocol of its own or a given one."""
    protocol = protocol or visit_protocol(settings, plan)
    palettes, contrast = _contrast(settings, plan, protocol)
    canvas = draw_subject(_subject(settings, plan, palettes), fine_grid(protocol), _number(plan.seed, "drawing"))
    scan = acquire(_drawing(canvas, settings), protocol, _stream(plan.seed, "scan"))
    return PhantomStudy(plan, scan, contrast, _true_lesions(plan, scan))


def visit_protocol(settings: PhantomSettings, plan: VisitPlan) -> Protocol:
    """How a visit is scanned."""
    body = bounds_of([part.shape for part in outline(plan.marks, plan.skeleton)])
    regions = region_bounds(plan.marks, plan.skeleton)
    return draw_protocol(settings.scan, body, regions, _stream(plan.seed, "protocol"))


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


def _contrast(
    settings: PhantomSettings, plan: VisitPlan, protocol: Protocol
) -> tuple[dict[str, Palette], dict[str, ScannerContrast]]:
    """The same stream for each sequence: the same tissues, seen by each."""
    drawn = {
        name: draw_palette(name, settings.contrast, _stream(plan.seed, "contrast"), protocol.field_strength_t)
        for name in settings.sequences
    }
    return {name: palette for name, (palette, _) in drawn.items()}, {name: how for name, (_, how) in drawn.items()}


def visit_findings(settings: PhantomSettings, plan: VisitPlan) -> tuple[Finding, ...]:
    """The look-alikes of a visit."""
    rng = _stream(plan.seed, "findings")
    return plan_findings(plan.skeleton, plan.marks, plan.phenotype, rng, settings.normal)


def _subject(settings: PhantomSettings, plan: VisitPlan, palettes: Mapping[str, Palette]) -> Subject:
    return Subject(
        marks=plan.marks,
        skeleton=plan.skeleton,
        phenotype=plan.phenotype,
        findings=[(finding, _finding_values(finding, palettes)) for finding in visit_findings(settings, plan)],
        lesions=[_painted(number, lesion, palettes) for number, lesion in enumerate(plan.lesions, 1)],
        paints=stacked([palette.values for palette in palettes.values()]),
        amounts=texture_amounts(_stream(plan.seed, "textures")),
    )


def _finding_values(finding: Finding, palettes: Mapping[str, Palette]) -> FloatArray:
    values = [look_alike_signal(palette, name, finding.strength) for name, palette in palettes.items()]
    return np.concatenate(values)


def _painted(number: int, lesion: PlannedLesion, palettes: Mapping[str, Palette]) -> PaintedLesion:
    ratio = lesion.signal_ratio
    values = [edema_signal(palette, name, ratio) for name, palette in palettes.items()]
    halo = [look_alike_signal(palette, name, HALO_SHARE * ratio, "muscle_edema") for name, palette in palettes.items()]
    return PaintedLesion(number, lesion, np.concatenate(values), np.concatenate(halo))


def _drawing(canvas: Canvas, settings: PhantomSettings) -> Drawing:
    return Drawing(
        grid=canvas.grid,
        signal=canvas.signal,
        sequences=settings.sequences,
        edema=canvas.edema,
        bones=canvas.bones,
        lesions=canvas.lesions,
        findings=canvas.findings,
    )


def _true_lesions(plan: VisitPlan, scan: Scan) -> tuple[TrueLesion, ...]:
    """Those with a voxel in the scan: others lie outside the field, or are lost in thick slices."""
    measured = {lesion.lesion_id: lesion for lesion in measure_lesions(scan.lesions)}
    return tuple(
        TrueLesion(number, lesion, measured[number].volume_ml, measured[number].centroid_ras_mm)
        for number, lesion in enumerate(plan.lesions, 1)
        if number in measured
    )


def _sequence(seed: int, *names: str | int) -> np.random.SeedSequence:
    words = [zlib.crc32(name.encode()) if isinstance(name, str) else name for name in names]
    return np.random.SeedSequence([seed, *words])


def _stream(seed: int, *names: str | int) -> np.random.Generator:
    return np.random.default_rng(_sequence(seed, *names))


def _number(seed: int, *names: str | int) -> int:
    return int(_stream(seed, *names).integers(2**31))
