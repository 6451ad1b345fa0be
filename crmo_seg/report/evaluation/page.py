"""The page of an evaluation: one HTML file that opens offline, without scripts; its figures are PNG files too."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import CohortSummary
from crmo_seg.keys import EDEMA, RESEARCH_ONLY
from crmo_seg.report.evaluation.elements import PageFigure, Section, counted, readable
from crmo_seg.report.evaluation.headline import headline
from crmo_seg.report.evaluation.tables import case_table
from crmo_seg.report.evaluation.worst import (
    FALSE_COLOUR,
    FOUND_COLOUR,
    MISSED_COLOUR,
    WORST_CASES,
    by_dice,
    case_png,
    has_empty_case,
    shown_head,
)
from crmo_seg.volume import Volume

LEGEND: Final = (
    (MISSED_COLOUR, "solid", "missed: reference that no prediction overlaps"),
    (FALSE_COLOUR, "dashed", "false: prediction that overlaps no reference"),
    (FOUND_COLOUR, "solid", "found: reference"),
    (FOUND_COLOUR, "dashed", "found: prediction"),
)


@dataclass(frozen=True)
class PageFacts:
    """What the numbers themselves do not say.

    Attributes:
        title: what was evaluated.
        sources: name -> where it came from; in the last table of the page.
        warnings: what has to be known before any number is read.
    """

    title: str
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    warnings: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class CaseImages:
    """A case that is shown; the volumes share one grid.

    Attributes:
        metrics: of the case.
        image: signal; None where there is none on this grid.
        pred: prediction of the head that is shown.
        ref: reference of the head that is shown.
    """

    metrics: CaseMetrics
    image: Volume | None
    pred: Volume
    ref: Volume


def case_figure(shown: CaseImages) -> PageFigure:
    """The picture of one case, with its numbers below."""
    case_id = shown.metrics.case_id
    ground = "" if shown.image else " Without the image: there is none on the grid of the masks."
    caption = f"{case_caption(shown.metrics)}{ground}"
    alt = f"{case_id}: projection, and the slice in which the masks differ most, both with outlines"
    png = case_png(shown.image, pred=shown.pred, ref=shown.ref)
    return PageFigure(f"case_{case_id}", png, alt, caption)


def case_caption(case: CaseMetrics) -> str:
    """The numbers of a case in a line."""
    head = shown_head([case])
    dice = f"{case.case_id}: Dice {readable(case.mean_dice(head))}" if head else case.case_id
    if head != EDEMA or case.lesions is None:
        return f"{dice}."
    counts, volumes = case.lesions.any_overlap, case.heads[EDEMA][EDEMA]
    lesions = f"{counts.n_found} of {counts.n_ref} lesions found, {counts.n_false_positive} false"
    return (
        f"{dice}; {lesions}; {readable(volumes.pred_ml)} ml predicted, {readable(volumes.ref_ml)} ml in the reference."
    )


def worst_section(summary: CohortSummary, figures: Sequence[PageFigure]) -> Section:
    """The pictures of the worst cases under one heading; their order is that of the figures."""
    head = shown_head(summary.cases)
    text = f"The cases with the lowest Dice, up to {WORST_CASES}, the lowest first"
    text += (
        "; last, of those without a reference, the one with most false volume."
        if has_empty_case(summary.cases)
        else "."
    )
    text += " Left: maximum projection; right: the slice in which the masks differ most. All components are outlined."
    text += "" if head in (EDEMA, None) else f" All classes of {head} are outlined as one."
    return Section("The worst cases", text, tuple(figures))


def render_page(summary: CohortSummary, content: Sequence[Section], worst: Section | None, facts: PageFacts) -> str:
    """The page as HTML.

    Args:
        summary: of the cohort.
        content: from ``sections``.
        worst: from ``worst_section``; None without pictures.
        facts: sources and warnings.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("crmo_seg", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = lambda png: base64.b64encode(png).decode("ascii")
    html: str = environment.get_template("evaluation/page.html.j2").render(
        facts=facts,
        banner=RESEARCH_ONLY,
        counts=_counts(summary),
        tiles=headline(summary),
        interval=f"{100 * summary.settings.confidence_level:g} %",
        notes=(*facts.warnings, *summary.notes),
        sections=content,
        worst=worst,
        legend=LEGEND,
        cases=case_table(by_dice(summary.cases)),
        settings=_settings(summary),
    )
    return html


def _counts(summary: CohortSummary) -> str:
    return f"{counted(summary.n_scans, 'scan')} of {counted(summary.n_patients, 'patient')}"


def _settings(summary: CohortSummary) -> dict[str, str]:
    chosen = summary.settings
    of_edema = {
        "Smallest lesion": f"{chosen.minimum_lesion_ml:g} ml",
        "Smallest IoU of a pair": f"{chosen.minimum_iou:g}",
        "Tolerance of surfaces": f"{chosen.surface_tolerance_mm:g} mm",
    }
    return {
        **(of_edema if summary.any_overlap else {}),
        "Intervals": f"percentile bootstrap over patients, {chosen.bootstrap_repeats} samples, "
        f"seed {chosen.bootstrap_seed}",
    }
