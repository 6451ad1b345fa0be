"""A planned visit is drawn and scanned: a study with its truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.lesions import measure_lesions
from crmo_seg.phantom.draw.canvas import Canvas, stacked
from crmo_seg.phantom.draw.lesions import PaintedLesion
from crmo_seg.phantom.draw.study import Subject, draw_subject
from crmo_seg.phantom.edema.plan import PlannedLesion
from crmo_seg.phantom.normal.finding import Finding
from crmo_seg.phantom.scan.acquire import acquire
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.scan.slices import fine_grid
from crmo_seg.phantom.scan.study import Drawing, Scan
from crmo_seg.phantom.settings import PhantomSettings
from crmo_seg.phantom.signal.contrast import ScannerContrast, draw_palette, edema_signal, look_alike_signal
from crmo_seg.phantom.signal.palette import Palette
from crmo_seg.phantom.signal.randomised import texture_amounts
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.phantom.streams import stream
from crmo_seg.phantom.visit import VisitPlan, plan_visits, visit_findings, visit_protocol

HALO_SHARE: Final = 0.6
"""Signal of inflamed soft tissue over that of the edema beside it; an assumption."""


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


def make_studies(settings: PhantomSettings, seed: int, index: int, visits: int = 1) -> Iterator[PhantomStudy]:
    """The studies of one patient; the same arguments give the same voxels."""
    for plan in plan_visits(settings, seed, index, visits):
        yield scan_visit(settings, plan)


def scan_visit(settings: PhantomSettings, plan: VisitPlan, protocol: Protocol | None = None) -> PhantomStudy:
    """Draw and scan a planned visit, with a protocol of its own or a given one."""
    protocol = protocol or visit_protocol(settings, plan)
    palettes, contrast = _contrast(settings, plan, protocol)
    canvas = draw_subject(_subject(settings, plan, palettes), fine_grid(protocol), plan.seed)
    scan = acquire(_drawing(canvas, settings), protocol, stream(plan.seed, "scan"))
    return PhantomStudy(plan, scan, contrast, _true_lesions(plan, scan))


def _contrast(
    settings: PhantomSettings, plan: VisitPlan, protocol: Protocol
) -> tuple[dict[str, Palette], dict[str, ScannerContrast]]:
    """The same stream for each sequence: the same tissues, seen by each."""
    drawn = {
        name: draw_palette(name, settings.contrast, stream(plan.seed, "contrast"), protocol.field_strength_t)
        for name in settings.sequences
    }
    return {name: palette for name, (palette, _) in drawn.items()}, {name: how for name, (_, how) in drawn.items()}


def _subject(settings: PhantomSettings, plan: VisitPlan, palettes: Mapping[str, Palette]) -> Subject:
    return Subject(
        marks=plan.marks,
        skeleton=plan.skeleton,
        phenotype=plan.phenotype,
        findings=[(finding, _finding_values(finding, palettes)) for finding in visit_findings(settings, plan)],
        lesions=[_painted(number, lesion, palettes) for number, lesion in enumerate(plan.lesions, 1)],
        paints=stacked([palette.values for palette in palettes.values()]),
        amounts=texture_amounts(stream(plan.seed, "textures")),
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
