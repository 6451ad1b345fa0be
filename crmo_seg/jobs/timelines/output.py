"""The folder of a timeline: tables, a summary and a page, complete or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from crmo_seg import __version__
from crmo_seg.files import folder_written_whole, write_table
from crmo_seg.jobs.comparison.output import alignment_summary, visit_summary
from crmo_seg.jobs.comparison.reading import Visit
from crmo_seg.jobs.timelines.pairs import PairReport
from crmo_seg.jobs.timelines.tables import BURDEN_COLUMNS, COURSE_COLUMNS, burden_rows, course_rows
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.longitudinal.settings import CompareSettings
from crmo_seg.longitudinal.timeline import Timeline
from crmo_seg.prediction import QualityFlag
from crmo_seg.report.timeline.page import PairNote, VisitColumn, write_timeline_page

SCHEMA_VERSION: Final = 1
TIMELINE_FILE: Final = "timeline.json"
COURSES_FILE: Final = "timeline.csv"
BURDEN_FILE: Final = "burden.csv"
PAGE_FILE: Final = "timeline.html"


def write_timeline(
    out: Path,
    visits: Sequence[Visit],
    timeline: Timeline,
    pairs: Sequence[PairReport],
    flags: Sequence[QualityFlag],
    settings: CompareSettings,
) -> None:
    """Write tables, summary and page.

    Args:
        out: the folder, replaced whole.
        visits: in the order of time.
        timeline: the courses.
        pairs: what is said of each pair of visits.
        flags: of the whole timeline.
        settings: goes into the summary.

    Raises:
        InputError: where the folder cannot be written.
    """
    summary = timeline_summary(visits, timeline, pairs, flags, settings)
    with folder_written_whole(out) as part:
        dates = [visit.facts.visit for visit in visits]
        write_table(part / COURSES_FILE, COURSE_COLUMNS, course_rows(timeline, dates))
        write_table(part / BURDEN_FILE, BURDEN_COLUMNS, burden_rows(timeline, visits))
        (part / TIMELINE_FILE).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        warnings = [flag.text for flag in flags]
        columns = [_column(visit) for visit in visits]
        write_timeline_page(part / PAGE_FILE, columns, timeline.courses, [_note(pair) for pair in pairs], warnings)


def timeline_summary(
    visits: Sequence[Visit],
    timeline: Timeline,
    pairs: Sequence[PairReport],
    flags: Sequence[QualityFlag],
    settings: CompareSettings,
) -> dict[str, Any]:
    """The content of ``timeline.json``; visits are counted from 1."""
    rows = list(course_rows(timeline, [visit.facts.visit for visit in visits]))
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": RESEARCH_ONLY,
        "visits": [visit_summary(visit) for visit in visits],
        "burden": list(burden_rows(timeline, visits)),
        "courses": [_course(rows, course.course_id) for course in timeline.courses],
        "pairs": [_pair(pair) for pair in pairs],
        "quality_flags": [flag.to_dict() for flag in flags],
        "settings": asdict(settings),
        "versions": {"crmo_seg": __version__},
    }


def _course(rows: Sequence[Any], course_id: int) -> dict[str, Any]:
    own = [dict(row) for row in rows if row["course_id"] == course_id]
    shared = {name: own[0][name] for name in ("course_id", "bone", "side", "segment")}
    return shared | {"visits": [{name: row[name] for name in row if name not in shared} for row in own]}


def _pair(pair: PairReport) -> dict[str, Any]:
    alignment = {} if pair.comparison is None else alignment_summary(pair.comparison.alignment)
    return {
        "earlier_visit": pair.earlier + 1,
        "later_visit": pair.later + 1,
        "aligned": pair.comparison is not None,
        "years_between": None if pair.years is None else round(pair.years, 3),
        **alignment,
        "quality_flags": [flag.to_dict() for flag in pair.flags],
    }


def _column(visit: Visit) -> VisitColumn:
    lesions = visit.masks.lesion_map
    return VisitColumn(
        name=str(visit.summary.get("case_id") or visit.folder.name),
        date=visit.facts.visit,
        n_lesions=len(lesions.lesions),
        volume_ml=lesions.total_volume_ml,
    )


def _note(pair: PairReport) -> PairNote:
    bones = [] if pair.comparison is None else list(pair.comparison.alignment.bones.values())
    return PairNote(
        earlier=pair.earlier,
        later=pair.later,
        months=None if pair.years is None else 12 * pair.years,
        growth=pair.comparison.alignment.scale - 1 if pair.comparison is not None and bones else None,
        bones=len(bones),
        bones_aligned=sum(bone.reliable for bone in bones),
        flags=pair.flags,
    )
