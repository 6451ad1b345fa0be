"""The table of courses: a row a course, a column a visit, rows of one bone and side together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from crmo_seg.longitudinal.course_status import CourseVisit, Status
from crmo_seg.longitudinal.timeline import Course

WORDS: Final[Mapping[Status, str]] = MappingProxyType({
    Status.PRESENT: "present",
    Status.NEW: "new",
    Status.CAME_BACK: "came back",
    Status.GROWN: "grown",
    Status.STABLE: "stable",
    Status.SHRUNK: "shrunk",
    Status.SIZE_UNCERTAIN: "present, size uncertain",
    Status.GONE: "gone",
    Status.NOT_YET: "not yet",
    Status.NOT_IN_VIEW: "not in the picture",
    Status.UNCERTAIN: "cannot be judged",
})  # fmt: skip

MEANINGS: Final[Mapping[Status, str]] = MappingProxyType({
    Status.PRESENT: "there is nothing to compare it with: no visit before shows its place",
    Status.NEW: "a visit before shows its place without it",
    Status.CAME_BACK: "it was gone at a visit between",
    Status.GROWN: "since the last visit that has it",
    Status.STABLE: "the change is within the error of measuring it, and growth",
    Status.SHRUNK: "since the last visit that has it",
    Status.SIZE_UNCERTAIN: "one of two pictures cuts it off",
    Status.GONE: "the picture shows its place, in a bone that is marked and aligned, without a lesion",
    Status.NOT_YET: "the same, before it appeared",
    Status.NOT_IN_VIEW: "not assessable: the picture does not show its place",
    Status.UNCERTAIN: "not assessable: its bone is missing or not aligned well",
})  # fmt: skip

_Site: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """A course at a visit: class of its colour, word, volume, ratio to the visit that it is compared with, and hint."""

    kind: str
    word: str
    volume: str
    ratio: str
    hint: str


@dataclass(frozen=True)
class Row:
    """A course: its number, the part of the bone, a cell a visit, and notes of all visits."""

    number: int
    segment: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class SiteRows:
    """The courses of one bone and side, and their volume by visit; empty where one of them cannot be judged."""

    place: str
    rows: tuple[Row, ...]
    volumes: tuple[str, ...]


def site_rows(courses: Sequence[Course]) -> tuple[SiteRows, ...]:
    """Rows by site, the site with most volume at any visit first; in it the courses by number."""
    groups: dict[_Site, list[Course]] = {}
    for course in courses:
        groups.setdefault(_site(course), []).append(course)
    ordered = sorted(groups.items(), key=lambda item: (-_most(item[1]), item[0]))
    return tuple(SiteRows(_place(site), tuple(map(_row, own)), _volumes(own)) for site, own in ordered)


def legend(courses: Sequence[Course]) -> tuple[tuple[Status, str, str], ...]:
    """Statuses that the table has: with their word and what it means."""
    seen = {visit.status for course in courses for visit in course.visits}
    return tuple((status, WORDS[status], MEANINGS[status]) for status in WORDS if status in seen)


def _site(course: Course) -> _Site:
    return course.site.bone or "", course.site.side.value if course.site.side else ""


def _place(site: _Site) -> str:
    bone, side = site
    return f"{side} {bone}".strip().replace("_", " ") if bone else "no known bone"


def _most(courses: Sequence[Course]) -> float:
    visits = zip(*(course.visits for course in courses), strict=True)
    return max(sum(one.volume_ml or 0.0 for one in visit) for visit in visits)


def _volumes(courses: Sequence[Course]) -> tuple[str, ...]:
    texts = []
    for visit in zip(*(course.visits for course in courses), strict=True):
        known = [one.volume_ml for one in visit if one.volume_ml is not None]
        bound = "≥ " if len(known) < len(visit) and sum(known) > 0 else ""
        texts.append(f"{bound}{sum(known):.1f} ml" if known and (bound or len(known) == len(visit)) else "")
    return tuple(texts)


def _row(course: Course) -> Row:
    segment = course.site.segment.value if course.site.segment else ""
    return Row(course.course_id, segment, tuple(map(_cell, course.visits)))


def _cell(visit: CourseVisit) -> Cell:
    several = f" in {len(visit.lesions)} parts" if len(visit.lesions) > 1 else ""
    ratio = "" if visit.volume_ratio is None else f"ratio {visit.volume_ratio:.2f}"
    return Cell(
        kind=visit.status.value,
        word=WORDS[visit.status],
        volume=f"{visit.volume_ml:.2f} ml{several}" if visit.lesions and visit.volume_ml is not None else "",
        ratio=ratio,
        hint=_hint(visit),
    )


def _hint(visit: CourseVisit) -> str:
    parts = [] if visit.compared_with is None else [f"Compared with visit {visit.compared_with + 1}."]
    if visit.lesions:
        ids = ", ".join(str(lesion.lesion_id) for lesion in visit.lesions)
        parts.append(f"In lesions.nii.gz of this visit: {ids}.")
    return " ".join((*parts, visit.note)).strip()
