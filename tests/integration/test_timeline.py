"""Three visits of a tiny phantom: courses against the planned lesions, whose keys are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmo_seg.lesions import LesionMap, find_lesions, overlap_voxels
from crmo_seg.longitudinal.comparison import VisitMasks
from crmo_seg.longitudinal.course_status import Status
from crmo_seg.longitudinal.timeline import Course, follow_visits
from crmo_seg.phantom.dataset import PhantomOptions
from crmo_seg.phantom.generate import PhantomStudy, make_studies

SEED, CHILD, VISITS = 5, 3, 3


def keys_of(study: PhantomStudy, lesions: LesionMap) -> dict[int, set[str]]:
    """The planned lesions that each component shows."""
    shared = overlap_voxels(ref=lesions.labels.array, pred=study.scan.lesions.array)
    drawn = [one for one in study.lesions if one.number < shared.shape[1]]
    return {
        one.lesion_id: {other.plan.lesion_key for other in drawn if shared[one.lesion_id, other.number]}
        for one in lesions.lesions
    }


def planned(course: Course, visit: int, keys: list[dict[int, set[str]]]) -> set[str]:
    return set[str]().union(*(keys[visit][one.lesion_id] for one in course.visits[visit].lesions))


@pytest.mark.slow
def test_planned_lesions_keep_one_course_and_gone_ones_are_not_drawn() -> None:
    """Voxels of 4 x 8 x 4 mm, on which components of several lesions touch: most, not all."""
    settings = replace(
        PhantomOptions(tiny=True).settings(), age_years=(4.0, 9.0), months_between_visits=(17.0, 18.0)
    )  # fmt: skip
    studies = list(make_studies(settings, SEED, CHILD, VISITS))
    maps = [find_lesions(study.scan.edema) for study in studies]
    courses = follow_visits(
        [VisitMasks(one, study.scan.bones) for one, study in zip(maps, studies, strict=True)]
    ).courses  # fmt: skip
    keys = [keys_of(study, one) for study, one in zip(studies, maps, strict=True)]
    seen = [set[str]().union(*one.values()) for one in keys]

    for visit, found in enumerate(maps):
        listed = sorted(one.lesion_id for course in courses for one in course.visits[visit].lesions)
        assert listed == [one.lesion_id for one in found.lesions]
    lasting = (seen[0] & seen[1]) | (seen[1] & seen[2])
    owners = {key: {course.course_id for course in courses for visit in range(VISITS)
                    if key in planned(course, visit, keys)} for key in lasting}  # fmt: skip
    assert len(lasting) >= 5
    assert sum(len(one) == 1 for one in owners.values()) >= 0.9 * len(lasting)
    gone = [
        (set[str]().union(*(planned(course, one, keys) for one in range(visit))), seen[visit])
        for course in courses
        for visit in range(VISITS)
        if course.visits[visit].status is Status.GONE
    ]
    assert sum(bool(own - drawn) for own, drawn in gone) >= 0.9 * len(gone)
