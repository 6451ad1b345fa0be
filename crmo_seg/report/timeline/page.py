"""The page of several visits: what was there when, in one view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crmo_seg.files import written_whole
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.longitudinal.course_status import NOT_ASSESSABLE, Status
from crmo_seg.longitudinal.timeline import Course
from crmo_seg.prediction import QualityFlag
from crmo_seg.report.page import render_page
from crmo_seg.report.timeline import chart
from crmo_seg.report.timeline.table import legend, site_rows

_TOTALS: Final = {
    Status.NEW: "New", Status.CAME_BACK: "Came back", Status.GROWN: "Grown", Status.STABLE: "Stable",
    Status.SHRUNK: "Shrunk", Status.GONE: "Gone",
}  # fmt: skip


@dataclass(frozen=True)
class VisitColumn:
    """One visit.

    Attributes:
        name: its case id; no name of a patient.
        date: ISO date; None where it is not known.
        n_lesions: all lesions of the visit.
        volume_ml: of all of them.
    """

    name: str
    date: str | None
    n_lesions: int
    volume_ml: float


@dataclass(frozen=True)
class PairNote:
    """What a reader should know of two visits.

    Attributes:
        earlier: index of the visit, from 0.
        later: index of the visit.
        months: between them; None where a date is not known.
        growth: of the bones in length, relative; None where that is not known.
        bones: with lesions, and those that they hang on, that were aligned.
        bones_aligned: how many of them fit well.
        flags: warnings first.
    """

    earlier: int
    later: int
    months: float | None
    growth: float | None
    bones: int
    bones_aligned: int
    flags: tuple[QualityFlag, ...]


def write_timeline_page(
    path: Path,
    visits: Sequence[VisitColumn],
    courses: Sequence[Course],
    pairs: Sequence[PairNote],
    warnings: Sequence[str] = (),
) -> None:
    """Write the page, complete or not at all.

    Args:
        path: the HTML file.
        visits: in the order of time.
        courses: with an entry for each visit.
        pairs: neighbours first, then others that were compared.
        warnings: sentences on the whole timeline, to read first.
    """
    with written_whole(path) as part:
        part.write_text(render_timeline(visits, courses, pairs, warnings), encoding="utf-8")


def render_timeline(
    visits: Sequence[VisitColumn], courses: Sequence[Course], pairs: Sequence[PairNote], warnings: Sequence[str] = ()
) -> str:
    """The page as HTML; arguments as in ``write_timeline_page``."""
    dates = [visit.date for visit in visits]
    x = chart.positions(dates)
    whole = [not _hidden(courses, index) for index in range(len(visits))]
    return render_page(
        "timeline/page.html.j2",
        [],
        banner=RESEARCH_ONLY,
        span=" to ".join(date for date in dict.fromkeys((dates[0], dates[-1])) if date),
        totals=_totals(courses),
        warnings=list(warnings),
        visits=visits,
        hidden=[_hidden(courses, index) for index in range(len(visits))],
        chart=chart,
        panels=[
            chart.panel("Volume of all lesions (ml)", [visit.volume_ml for visit in visits], x, whole, 1),
            chart.panel("Number of lesions", [float(visit.n_lesions) for visit in visits], x, whole, 0),
        ],
        labels=chart.axis_labels(dates, x),
        in_time=all(dates) and dates[0] != dates[-1],
        sites=site_rows(courses),
        legend=legend(courses),
        pairs=pairs,
    )


def _hidden(courses: Sequence[Course], visit: int) -> int:
    """How many courses cannot be judged at a visit."""
    return sum(course.visits[visit].status in NOT_ASSESSABLE for course in courses)


def _totals(courses: Sequence[Course]) -> dict[str, str]:
    """What the courses are at the last visit."""
    last = [course.visits[-1].status for course in courses]
    totals = {"Courses": str(len(courses))}
    totals |= {name: str(last.count(status)) for status, name in _TOTALS.items()}
    other = sum(status in (Status.PRESENT, Status.SIZE_UNCERTAIN) for status in last)
    hidden = sum(status in NOT_ASSESSABLE for status in last)
    rest = {"Present, not compared": other, "Not assessable": hidden}
    return totals | {name: str(count) for name, count in rest.items() if count}
