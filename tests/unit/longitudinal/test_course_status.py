"""What a course is called at each visit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from timeline_builders import Comparisons, Found, changes_of, lesion

from crmo_seg.longitudinal.change import Change, Relation
from crmo_seg.longitudinal.course_status import CourseVisit, Status, judge_course, together
from crmo_seg.longitudinal.courses import Members


def judged(members: Members, groups: dict[tuple[int, int], Sequence[Found]]) -> tuple[CourseVisit, ...]:
    lesions = [{one: lesion(one) for one in range(1, 5)} for _ in members]
    return judge_course(members, lesions, Comparisons(groups))


def words(visits: Sequence[CourseVisit]) -> list[str]:
    return [visit.status.value for visit in visits]


def test_there_all_along() -> None:
    groups = {(0, 1): [Found((1,), (2,), {2: 12.0})], (1, 2): [Found((2,), (1,))]}
    first, second, third = judged(((1,), (2,), (1,)), groups)
    assert words([first, second, third]) == ["present", "grown", "stable"]
    assert (first.compared_with, second.compared_with, third.compared_with) == (None, 0, 1)
    assert second.volume_ratio == pytest.approx(1.5**3, rel=0.15)
    assert first.volume_ml == lesion(1).volume_ml
    assert first.signal_ratio == pytest.approx(4.0)


def test_new_then_gone_and_each_visit_is_judged_by_its_own_picture() -> None:
    groups = {
        (0, 1): [Found((), (1,))],
        (1, 2): [Found((1,), ())],
        (1, 3): [Found((1,), (), in_view=0.0)],
        (1, 4): [Found((1,), (), reliable=False)],
    }  # fmt: skip
    visits = judged(((), (1,), (), (), ()), groups)
    assert words(visits) == ["not_yet", "new", "gone", "not_in_view", "uncertain"]
    assert [visit.volume_ml for visit in visits] == [0.0, lesion(1).volume_ml, 0.0, None, None]
    assert "not in the picture" in visits[3].note
    assert "could not be aligned well" in visits[4].note


def test_new_is_only_said_where_an_earlier_picture_shows_the_place() -> None:
    hidden = {(0, 2): [Found((), (1,), in_view=0.0)], (1, 2): [Found((), (1,), reliable=False)]}
    assert words(judged(((), (), (1,)), hidden)) == ["not_in_view", "uncertain", "present"]
    seen = hidden | {(0, 2): [Found((), (1,))]}
    visits = judged(((), (), (1,)), seen)
    assert words(visits) == ["not_yet", "uncertain", "new"]
    assert visits[2].compared_with == 0


def test_came_back_only_if_it_was_gone() -> None:
    direct = {(0, 2): [Found((1,), (1,), {1: 12.0})]}
    gone = judged(((1,), (), (1,)), direct | {(0, 1): [Found((1,), ())]})
    assert words(gone) == ["present", "gone", "came_back"]
    assert gone[2].compared_with == 0
    assert gone[2].volume_ratio == pytest.approx(1.5**3, rel=0.15)
    hidden = judged(((1,), (), (1,)), direct | {(0, 1): [Found((1,), (), in_view=0.0)]})
    assert words(hidden) == ["present", "not_in_view", "grown"]


def test_visits_that_cannot_be_aligned_are_never_gone() -> None:
    (_, missing) = judged(((1,), ()), {})
    assert (missing.status, missing.volume_ml) == (Status.UNCERTAIN, None)
    assert missing.note.startswith("This visit could not be aligned")


def test_a_place_that_is_another_courses_directly_is_uncertain() -> None:
    groups = {(0, 1): [Found((1,), ())], (0, 2): [Found((1,), (2,))]}
    visits = judged(((1,), (), ()), groups)
    assert words(visits) == ["present", "gone", "uncertain"]
    assert "another course" in visits[2].note


def test_a_part_that_is_cut_off_has_no_size() -> None:
    visits = judged(((1,), (1,)), {(0, 1): [Found((1,), (1,), in_view=0.8)]})
    assert words(visits) == ["present", "size_uncertain"]
    assert visits[1].volume_ml is not None


def test_a_part_that_another_course_claims_across_a_gap_has_no_size() -> None:
    groups = {
        (0, 1): [Found((1,), ()), Found((2,), ())],
        (0, 2): [Found((1,), (1,)), Found((2,), (4,))],
    }  # fmt: skip
    visits = judged(((1, 2), (), (1,)), groups)
    assert words(visits) == ["present", "gone", "came_back"]
    assert visits[2].volume_ratio is None


def test_parts_of_a_course_are_judged_together() -> None:
    """A lesion that is new beside its course makes the course larger; one that resolved makes it smaller."""
    alone, new, resolved = changes_of([Found((1,), (1,)), Found((), (2,)), Found((2,), ())])
    assert together([alone]) is alone
    larger = together([alone, new])
    assert (larger.change, larger.relation) == (Change.GROWN, Relation.SPLIT)
    assert larger.volume_ratio == pytest.approx(2.0)
    smaller = together([alone, resolved])
    assert (smaller.change, smaller.relation) == (Change.SHRUNK, Relation.MERGED)
    parts = judged(((1,), (1, 2)), {(0, 1): [Found((1,), (1,)), Found((), (2,))]})
    assert parts[1].volume_ml == pytest.approx(2 * lesion(1).volume_ml)


def test_one_part_out_of_the_picture_makes_the_whole_course_so() -> None:
    groups = {(0, 1): [Found((1,), ()), Found((2,), (), in_view=0.0)]}
    assert words(judged(((1, 2), ()), groups)) == ["present", "not_in_view"]
