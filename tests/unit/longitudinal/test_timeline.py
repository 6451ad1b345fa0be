"""Four visits of a stick child: the fates drawn are the courses found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from followup_builders import StickChild
from timeline_builders import FATES, FOUR_VISITS, KNEE, SACRUM

from crmo_seg.errors import InputError
from crmo_seg.longitudinal.comparison import VisitMasks
from crmo_seg.longitudinal.timeline import Course, Timeline, follow_visits


@pytest.fixture(scope="module")
def followed() -> Timeline:
    return follow_visits([child.masks() for child in FOUR_VISITS])


def words(course: Course) -> tuple[str, ...]:
    return tuple(visit.status.value for visit in course.visits)


@pytest.mark.slow
def test_the_fates_drawn_are_the_courses_found(followed: Timeline) -> None:
    assert sorted(map(words, followed.courses)) == sorted(FATES.values())
    assert [course.course_id for course in followed.courses] == [1, 2, 3, 4]
    assert not followed.not_aligned
    assert {(0, 1), (1, 2), (2, 3)} < set(followed.comparisons)


@pytest.mark.slow
def test_what_the_statuses_refer_to(followed: Timeline) -> None:
    by_fate = {words(course): course for course in followed.courses}
    knee, hip = by_fate[FATES["knee"]], by_fate[FATES["hip"]]
    other = by_fate[FATES["other knee"]]
    assert knee.visits[3].compared_with == 1
    assert hip.visits[2].compared_with == 0
    assert other.visits[3].compared_with == 1
    assert (knee.site.bone, other.site.side and other.site.side.value) == ("femur", "right")
    assert knee.visits[2].volume_ml is None
    assert hip.visits[1].volume_ml == 0.0


def test_a_visit_that_shares_no_bone_is_left_out_and_the_others_still_chained() -> None:
    child = StickChild(lesions=(SACRUM,))
    masks = child.masks()
    bare = replace(child, lesions=(), without=frozenset({"ilium_left", "ilium_right", "femur_left", "femur_right"}))
    other = bare.masks()
    assert other.bones is not None
    foreign = other.bones.with_array((other.bones.array > 0).astype(other.bones.array.dtype))  # all skull
    followed = follow_visits([masks, masks, VisitMasks(other.lesion_map, foreign), masks])
    assert set(followed.not_aligned) == {(1, 2), (2, 3)}
    (course,) = followed.courses
    assert words(course) == ("present", "stable", "uncertain", "stable")


def test_visits_of_which_none_can_be_aligned() -> None:
    masks = StickChild(lesions=(KNEE,)).masks()
    shorter = replace(StickChild(lesions=(KNEE,)), lowest_mm=-300.0).masks()
    bare = [VisitMasks(one.lesion_map, None) for one in (masks, shorter)]
    with pytest.raises(InputError, match="have no marks of bones to be aligned by"):
        follow_visits(bare)


def test_visits_without_lesions_have_no_course() -> None:
    healthy = StickChild().masks()
    assert follow_visits([healthy, healthy]).courses == ()
