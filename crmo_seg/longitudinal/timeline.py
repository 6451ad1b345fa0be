"""Several visits as one: each lesion's course, and the burden of every visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from crmo_seg.anatomy import Site
from crmo_seg.errors import InputError
from crmo_seg.lesions import Lesion
from crmo_seg.longitudinal.change import LesionChange
from crmo_seg.longitudinal.comparison import Comparison, VisitMasks, compare_visits
from crmo_seg.longitudinal.course_status import CourseVisit, judge_course
from crmo_seg.longitudinal.courses import chain_lesions
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.sites import across_plates

Pair: TypeAlias = tuple[int, int]
"""Indices, from 0, of an earlier and a later visit."""


@dataclass(frozen=True)
class Course:
    """A lesion through all visits.

    Attributes:
        course_id: from 1, in the order of the visit and the lesion id at which courses begin.
        site: of its largest lesion of all visits, one with a known bone if there is any.
        visits: one entry a visit.
    """

    course_id: int
    site: Site
    visits: tuple[CourseVisit, ...]


@dataclass(frozen=True, eq=False)
class Timeline:
    """The courses, and what they were told from.

    Attributes:
        courses: every lesion of every visit lies in exactly one.
        comparisons: pairs of visits that were compared: neighbours, and others where a course has a gap.
        not_aligned: pairs that could not be, with the reason.
    """

    courses: tuple[Course, ...]
    comparisons: Mapping[Pair, Comparison]
    not_aligned: Mapping[Pair, InputError]


def follow_visits(visits: Sequence[VisitMasks], settings: CompareSettings = DEFAULT_SETTINGS) -> Timeline:
    """Chain the lesions of two or more visits, in the order of time; those across a growth plate are parts of one.

    Raises:
        InputError: where no visit can be aligned with its neighbour.
    """
    pairs = _Pairs(visits, settings)
    for visit in range(len(visits) - 1):
        pairs(visit, visit + 1)
    if not pairs.comparisons:
        raise next(iter(pairs.not_aligned.values()))
    lesions = [{one.lesion_id: one for one in visit.lesion_map.lesions} for visit in visits]
    parts = [across_plates(one.lesion_map, one.bones) if one.bones is not None else () for one in visits]
    courses = []
    for number, members in enumerate(chain_lesions(lesions, pairs, parts), 1):
        judged = judge_course(members, lesions, pairs, settings)
        courses.append(Course(number, _site([one for visit in judged for one in visit.lesions]), judged))
    return Timeline(tuple(courses), MappingProxyType(pairs.comparisons), MappingProxyType(pairs.not_aligned))


class _Pairs:
    """Comparisons of two visits, made when they are first asked for."""

    def __init__(self, visits: Sequence[VisitMasks], settings: CompareSettings) -> None:
        self.comparisons: dict[Pair, Comparison] = {}
        self.not_aligned: dict[Pair, InputError] = {}
        self._visits, self._settings = visits, settings

    def __call__(self, earlier: int, later: int) -> Sequence[LesionChange] | None:
        pair = earlier, later
        if pair not in self.comparisons and pair not in self.not_aligned:
            try:
                self.comparisons[pair] = compare_visits(self._visits[earlier], self._visits[later], self._settings)
            except InputError as error:
                self.not_aligned[pair] = error
        found = self.comparisons.get(pair)
        return None if found is None else found.changes


def _site(lesions: Sequence[Lesion]) -> Site:
    return max(lesions, key=lambda one: (one.site.bone is not None, one.volume_ml)).site
