"""The rows of ``timeline.csv`` and ``burden.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from crmo_seg.jobs.comparison.reading import Visit
from crmo_seg.longitudinal.course_status import NOT_ASSESSABLE, Status
from crmo_seg.longitudinal.timeline import Course, Timeline

COURSE_COLUMNS: Final = (
    "course_id", "visit", "date", "bone", "side", "segment", "status", "volume_ml", "signal_ratio", "lesion_ids",
    "compared_with_visit", "volume_ratio", "note",
)  # fmt: skip
BURDEN_COLUMNS: Final = (
    "visit", "date", "case_id", "n_lesions", "total_volume_ml", "n_courses", "n_not_assessable",
    *(status.value for status in Status),
)  # fmt: skip

Row = Mapping[str, str | int | float | None]


def course_rows(timeline: Timeline, dates: Sequence[str | None]) -> Iterator[Row]:
    """A row a course and visit; visits are counted from 1, None is what is not known."""
    for course in timeline.courses:
        for visit in range(len(dates)):
            yield _course_row(course, visit, dates[visit])


def burden_rows(timeline: Timeline, visits: Sequence[Visit]) -> Iterator[Row]:
    """A row a visit: all its lesions, and how many courses have which status there."""
    for index, visit in enumerate(visits):
        lesions = visit.masks.lesion_map
        statuses = [course.visits[index].status for course in timeline.courses]
        yield {
            "visit": index + 1,
            "date": visit.facts.visit,
            "case_id": visit.summary.get("case_id"),
            "n_lesions": len(lesions.lesions),
            "total_volume_ml": round(lesions.total_volume_ml, 4),
            "n_courses": sum(bool(course.visits[index].lesions) for course in timeline.courses),
            "n_not_assessable": sum(status in NOT_ASSESSABLE for status in statuses),
            **{status.value: statuses.count(status) for status in Status},
        }


def _course_row(course: Course, visit: int, date: str | None) -> Row:
    found, site = course.visits[visit], course.site
    return {
        "course_id": course.course_id,
        "visit": visit + 1,
        "date": date,
        "bone": site.bone,
        "side": site.side.value if site.side else None,
        "segment": site.segment.value if site.segment else None,
        "status": found.status.value,
        "volume_ml": _rounded(found.volume_ml, 4),
        "signal_ratio": _rounded(found.signal_ratio, 3),
        "lesion_ids": " ".join(str(lesion.lesion_id) for lesion in found.lesions),
        "compared_with_visit": None if found.compared_with is None else found.compared_with + 1,
        "volume_ratio": _rounded(found.volume_ratio, 3),
        "note": found.note,
    }


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)
