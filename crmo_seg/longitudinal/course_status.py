"""A course at each visit: there, and how it changed; not there; or not to be judged, which is never called gone.

A visit with lesions of the course is compared with the last one before it that has some. A visit without is compared
directly with the last one before that has some, or with the first one after where there is none before; it is ``gone``
or ``not_yet`` only where that comparison says ``resolved`` or ``new``. A course that has lesions again is ``came_back``
where at least one visit between was ``gone``, and else ``grown``, ``stable`` or ``shrunk`` over the gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from crmo_seg.lesions import Lesion
from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.change import Change, LesionChange, classify_changes
from crmo_seg.longitudinal.courses import Between, Members
from crmo_seg.longitudinal.match import Group
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.longitudinal.site_changes import mean_signal_ratio


class Status(Enum):
    """A course at a visit."""

    PRESENT = "present"  # nothing to compare it with
    NEW = "new"
    GROWN = "grown"
    STABLE = "stable"
    SHRUNK = "shrunk"
    SIZE_UNCERTAIN = "size_uncertain"  # there, but one of two pictures cuts it off
    CAME_BACK = "came_back"
    NOT_YET = "not_yet"
    GONE = "gone"
    NOT_IN_VIEW = "not_in_view"
    UNCERTAIN = "uncertain"


NOT_ASSESSABLE: Final = frozenset({Status.NOT_IN_VIEW, Status.UNCERTAIN})
"""No lesion is marked, and none can be ruled out."""

_OF_ABSENT: Final = MappingProxyType({
    Change.RESOLVED: Status.GONE, Change.NEW: Status.NOT_YET, Change.NOT_IN_VIEW: Status.NOT_IN_VIEW,
})  # fmt: skip
_OF_PAIRED: Final = MappingProxyType({
    Change.GROWN: Status.GROWN, Change.STABLE: Status.STABLE, Change.SHRUNK: Status.SHRUNK,
})  # fmt: skip

_NOT_ALIGNED: Final = "This visit could not be aligned with the one that has the lesion."
_ELSEWHERE: Final = "Compared directly, its place is that of a lesion of another course."


@dataclass(frozen=True)
class CourseVisit:
    """A course at one visit.

    Attributes:
        status: there or not, and how.
        lesions: of this visit; empty where there is none.
        compared_with: index of the visit that the status refers to; None where it refers to none.
        volume_ratio: volume here over volume there; None where one of them has no lesion.
        note: what a reader should know; empty where there is nothing.
    """

    status: Status
    lesions: tuple[Lesion, ...] = ()
    compared_with: int | None = None
    volume_ratio: float | None = None
    note: str = ""

    @property
    def volume_ml(self) -> float | None:
        """Of all its lesions; 0 where there is none, None where that cannot be said."""
        return None if self.status in NOT_ASSESSABLE else float(sum(one.volume_ml for one in self.lesions))

    @property
    def signal_ratio(self) -> float | None:
        """Signal to muscle, mean weighted by volume."""
        return mean_signal_ratio(self.lesions)


def judge_course(
    members: Members,
    lesions: Sequence[Mapping[int, Lesion]],
    between: Between,
    settings: CompareSettings = DEFAULT_SETTINGS,
) -> tuple[CourseVisit, ...]:
    """The course at every visit.

    Args:
        members: its lesion ids at each visit, at least one in all.
        lesions: by id, of each visit.
        between: comparisons of two visits.
        settings: the errors.
    """
    judge = _Judge(members, lesions, between, settings)
    shown = [visit for visit, ids in enumerate(members) if ids]
    absent = {visit: judge.absent(visit, shown) for visit in range(len(members)) if visit not in shown}
    return tuple(absent.get(visit) or judge.present(visit, shown, absent) for visit in range(len(members)))


@dataclass(frozen=True, eq=False)
class _Judge:
    """One course, and what its comparisons say."""

    members: Members
    lesions: Sequence[Mapping[int, Lesion]]
    between: Between
    settings: CompareSettings

    def absent(self, visit: int, shown: Sequence[int]) -> CourseVisit:
        other = max((one for one in shown if one < visit), default=min(shown))
        earlier, later = sorted((visit, other))
        changes = self.between(earlier, later)
        if changes is None:
            return CourseVisit(Status.UNCERTAIN, compared_with=other, note=_NOT_ALIGNED)
        own = [change for change in changes if self._touches(change, earlier, later)]
        if any(change.before and change.now for change in own):
            return CourseVisit(Status.UNCERTAIN, compared_with=other, note=_ELSEWHERE)
        change = together(own, self.settings)
        return CourseVisit(_OF_ABSENT.get(change.change, Status.UNCERTAIN), compared_with=other, note=change.note)

    def present(self, visit: int, shown: Sequence[int], absent: Mapping[int, CourseVisit]) -> CourseVisit:
        lesions = tuple(self.lesions[visit][one] for one in self.members[visit])
        before = max((one for one in shown if one < visit), default=None)
        if before is None:
            return self._first(visit, lesions, absent)
        own = [one for one in self.between(before, visit) or () if self._touches(one, before, visit)]
        change = together(own, self.settings)
        gone = any(absent[one].status is Status.GONE for one in range(before + 1, visit))
        status = Status.CAME_BACK if gone else _OF_PAIRED.get(change.change, Status.SIZE_UNCERTAIN)
        if not self._holds(own, before, visit):  # a group of a direct comparison with a lesion of another course
            return CourseVisit(Status.CAME_BACK if gone else Status.SIZE_UNCERTAIN, lesions, before, None, _ELSEWHERE)
        return CourseVisit(status, lesions, before, change.volume_ratio, change.note)

    def _first(self, visit: int, lesions: tuple[Lesion, ...], absent: Mapping[int, CourseVisit]) -> CourseVisit:
        """New where an earlier visit shows the place without it."""
        seen = [one for one in range(visit) if absent[one].status is Status.NOT_YET]
        if not seen:
            return CourseVisit(Status.PRESENT, lesions)
        return CourseVisit(Status.NEW, lesions, seen[-1], None, absent[seen[-1]].note)

    def _touches(self, change: LesionChange, earlier: int, later: int) -> bool:
        before, now = set(self.members[earlier]), set(self.members[later])
        return bool(_ids(change.before) & before or _ids(change.now) & now)

    def _holds(self, changes: Iterable[LesionChange], earlier: int, later: int) -> bool:
        """Whether groups have no lesion of another course."""
        before, now = set(self.members[earlier]), set(self.members[later])
        return all(_ids(one.before) <= before and _ids(one.now) <= now for one in changes)


def together(changes: Sequence[LesionChange], settings: CompareSettings = DEFAULT_SETTINGS) -> LesionChange:
    """Several groups of one comparison as one, classified by their volumes together."""
    if len(changes) == 1:
        return changes[0]
    before = [one for change in changes for one in change.before]
    now = [one for change in changes for one in change.now]
    group = Group(tuple(range(len(before))), tuple(range(len(now))))
    return classify_changes(before, now, [group], changes[0].growth, settings)[0]


def _ids(carried: Iterable[Carried]) -> set[int]:
    return {one.lesion.lesion_id for one in carried}
