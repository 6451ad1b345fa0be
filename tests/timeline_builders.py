"""Comparisons written by hand: which lesions of two visits are one, without drawing any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from followup_builders import StickChild, carried_ball

from crmo_seg.anatomy import Site
from crmo_seg.lesions import Lesion
from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.change import LesionChange, classify_changes
from crmo_seg.longitudinal.course_status import CourseVisit, Status
from crmo_seg.longitudinal.match import Group
from crmo_seg.longitudinal.timeline import Course

KNEE = ("femur_left", (-70.0, 0.0, -225.0), 14.0)
LARGE_KNEE = ("femur_left", (-70.0, 0.0, -225.0), 19.0)
HIP = ("femur_left", (-70.0, 0.0, -60.0), 12.0)
OTHER_KNEE = ("femur_right", (70.0, 0.0, -225.0), 12.0)
SACRUM = ("sacrum", (0.0, -20.0, 30.0), 11.0)

FOUR_VISITS = (
    StickChild(lesions=(KNEE, HIP, SACRUM)),
    StickChild(lesions=(LARGE_KNEE, SACRUM), shift_mm=(6.0, 0.0, 9.0), growth=1.02),
    StickChild(lesions=(HIP, SACRUM), lowest_mm=-160.0),
    StickChild(lesions=(LARGE_KNEE, OTHER_KNEE), shift_mm=(-5.0, 2.0, 0.0), growth=1.04, lowest_mm=-340.0),
)
"""The knee is out of the third picture; the hip's lesion is gone at the second visit, comes back, and is gone again."""
FEMUR = Site("femur")
FATES: Mapping[str, tuple[str, ...]] = {
    "knee": ("present", "grown", "not_in_view", "stable"),
    "hip": ("present", "gone", "came_back", "gone"),
    "sacrum": ("present", "stable", "stable", "gone"),
    "other knee": ("not_yet", "not_yet", "not_in_view", "new"),
}


@dataclass(frozen=True)
class Found:
    """A group of a comparison: lesion ids of both visits, radii in mm by id, and what its places are worth."""

    before: tuple[int, ...]
    now: tuple[int, ...]
    radii: Mapping[int, float] = field(default_factory=dict)
    reliable: bool = True
    in_view: float = 1.0


def changes_of(groups: Iterable[Found]) -> tuple[LesionChange, ...]:
    """The groups as a comparison would classify them; ``radii`` are those of the later visit, 8 mm else."""
    return tuple(_change(group) for group in groups)


@dataclass(frozen=True)
class Comparisons:
    """Comparisons by pair of visits, to be asked for; a pair that is missing could not be aligned."""

    groups: Mapping[tuple[int, int], Sequence[Found]]

    def __call__(self, earlier: int, later: int) -> tuple[LesionChange, ...] | None:
        found = self.groups.get((earlier, later))
        return None if found is None else changes_of(found)


def lesion(lesion_id: int, radius: float = 8.0) -> Lesion:
    """The lesion of a ball."""
    return _ball(lesion_id, radius, True, 1.0).lesion


def course(
    number: int, statuses: Sequence[str], volumes_ml: Sequence[float], site: Site = FEMUR, *, note: str = ""
) -> Course:  # fmt: skip
    """A course with these statuses; a volume of 0 is no lesion."""
    visits = []
    for index, (status, volume) in enumerate(zip(statuses, volumes_ml, strict=True)):
        lesions = (Lesion(number, volume, 10.0, (0.0, 0.0, 0.0), signal_ratio=3.0, site=site),) if volume else ()
        visits.append(CourseVisit(Status(status), lesions, index - 1 if index else None, None, note))
    return Course(number, site, tuple(visits))


def _change(group: Found) -> LesionChange:
    before = [_ball(one, 8.0, group.reliable, group.in_view) for one in group.before]
    now = [_ball(one, group.radii.get(one, 8.0), group.reliable, group.in_view) for one in group.now]
    everything = Group(tuple(range(len(before))), tuple(range(len(now))))
    return classify_changes(before, now, [everything], 1.0)[0]


@cache
def _ball(lesion_id: int, radius: float, reliable: bool, in_view: float) -> Carried:
    carried = carried_ball((0.0, 0.0, 0.0), radius, lesion_id=lesion_id, reliable=reliable, in_view=in_view)
    return replace(carried, lesion=replace(carried.lesion, site=Site("femur")))
