"""Chaining: by hand, and that each lesion of each visit lies in exactly one course."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from timeline_builders import Comparisons, Found, lesion

from crmo_seg.longitudinal.course_status import NOT_ASSESSABLE, Status, judge_course
from crmo_seg.longitudinal.courses import chain_lesions


def test_neighbours_are_chained_and_what_ends_begins_anew() -> None:
    between = Comparisons({
        (0, 1): [Found((1,), (2,)), Found((2,), ()), Found((), (1,))],
        (1, 2): [Found((1,), ()), Found((2,), (1,))],
        (0, 2): [Found((1,), (1,)), Found((2,), ())],
    })  # fmt: skip
    assert chain_lesions([[1, 2], [1, 2], [1]], between) == (
        ((1,), (2,), (1,)),
        ((2,), (), ()),
        ((), (1,), ()),
    )  # fmt: skip


def test_what_merges_and_what_splits_is_one_course_all_along() -> None:
    between = Comparisons({
        (0, 1): [Found((1,), (1,)), Found((), (2,))],
        (1, 2): [Found((1, 2), (1,))],
        (2, 3): [Found((1,), (1, 2))],
    })  # fmt: skip
    assert chain_lesions([[1], [1, 2], [1], [1, 2]], between) == (((1,), (1, 2), (1,), (1, 2)),)


def test_parts_of_one_lesion_are_one_course_at_every_visit() -> None:
    """Seen as two at the second visit only, of which one is all that is left at the third."""
    between = Comparisons({
        (0, 1): [Found((1,), (1,)), Found((2,), (2,)), Found((3,), ())],
        (1, 2): [Found((1,), ()), Found((2,), (1,))],
    })  # fmt: skip
    parts = ([], [frozenset({1, 2})], [])
    assert chain_lesions([[1, 2, 3], [1, 2], [1]], between, parts) == (((1, 2), (1, 2), (1,)), ((3,), (), ()))


def test_a_gap_is_bridged_by_a_direct_comparison() -> None:
    neighbours = {(0, 1): [Found((1,), ())], (1, 2): [Found((), (1,))]}
    back = Comparisons(neighbours | {(0, 2): [Found((1,), (1,))]})
    assert chain_lesions([[1], [], [1]], back) == (((1,), (), (1,)),)
    elsewhere = Comparisons(neighbours | {(0, 2): [Found((1,), ()), Found((), (1,))]})
    assert chain_lesions([[1], [], [1]], elsewhere) == (((1,), (), ()), ((), (), (1,)))


def test_a_gap_is_not_bridged_where_the_bone_is_badly_aligned_or_another_course_has_a_part_in_it() -> None:
    neighbours = {
        (0, 1): [Found((1,), ()), Found((2,), (1,))],
        (1, 2): [Found((1,), (1,)), Found((), (2,))],
    }  # fmt: skip
    two_courses = (((1,), (), ()), ((2,), (1,), (1,)), ((), (), (2,)))
    unsure = Comparisons(neighbours | {(0, 2): [Found((1,), (2,), reliable=False), Found((2,), (1,))]})
    assert chain_lesions([[1, 2], [1], [1, 2]], unsure) == two_courses
    mixed = Comparisons(neighbours | {(0, 2): [Found((1, 2), (1, 2))]})
    assert chain_lesions([[1, 2], [1], [1, 2]], mixed) == two_courses
    clear = Comparisons(neighbours | {(0, 2): [Found((1,), (2,)), Found((2,), (1,))]})
    assert chain_lesions([[1, 2], [1], [1, 2]], clear) == (((1,), (), (2,)), ((2,), (1,), (1,)))


def test_narrow_gaps_come_first() -> None:
    """The lesion of the last visit could be that of either of two earlier ones; it is the later one's."""
    between = Comparisons({
        (0, 1): [Found((1,), ()), Found((), (1,))],
        (1, 2): [Found((1,), ())],
        (2, 3): [Found((), (1,))],
        (0, 2): [Found((1,), ())],
        (1, 3): [Found((1,), (1,))],
        (0, 3): [Found((1,), (1,))],
    })  # fmt: skip
    assert chain_lesions([[1], [1], [], [1]], between) == (((1,), (), (), ()), ((), (1,), (), (1,)))


def test_visits_that_cannot_be_aligned_are_bridged_too() -> None:
    between = Comparisons({(0, 2): [Found((1,), (1,))]})
    assert chain_lesions([[1], [5], [1]], between) == (((1,), (), (1,)), ((), (5,), ()))


def test_nothing_to_chain() -> None:
    assert chain_lesions([[], []], Comparisons({(0, 1): []})) == ()


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[int]], Comparisons]:
    """Visits with any lesions, and any comparison of any pair; some cannot be aligned."""
    visits = [list(range(1, draw(st.integers(0, 3)) + 1)) for _ in range(draw(st.integers(2, 5)))]
    groups = {}
    for pair in combinations(range(len(visits)), 2):
        if not draw(st.booleans()) and draw(st.booleans()):
            continue
        label = st.integers(0, 3)
        before, now = ({one: draw(label) for one in visits[visit]} for visit in pair)
        groups[pair] = [group for number in range(4) for group in _groups(before, now, number, draw(st.booleans()))]
    return visits, Comparisons(groups)


def _groups(before: dict[int, int], now: dict[int, int], number: int, reliable: bool) -> list[Found]:
    first, second = (tuple(one for one, own in side.items() if own == number) for side in (before, now))
    if first and second:
        return [Found(first, second, reliable=reliable)]
    return [Found((one,), (), reliable=reliable) for one in first] + [
        Found((), (one,), reliable=reliable) for one in second
    ]


@settings(max_examples=40, deadline=None)
@given(histories())
def test_each_lesion_lies_in_exactly_one_course_and_groups_stay_together(
    history: tuple[list[list[int]], Comparisons],
) -> None:
    visits, between = history
    courses = chain_lesions(visits, between)
    for visit, ids in enumerate(visits):
        assert sorted(one for members in courses for one in members[visit]) == ids
    for visit in range(len(visits) - 1):
        for group in between.groups.get((visit, visit + 1), ()):
            owners = {
                number
                for number, members in enumerate(courses)
                if {*group.before} & {*members[visit]} or {*group.now} & {*members[visit + 1]}
            }
            assert len(owners) == 1
    starts = [next((visit, ids[0]) for visit, ids in enumerate(members) if ids) for members in courses]
    assert starts == sorted(starts)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_every_visit_of_every_course_is_judged_and_gone_is_only_said_where_it_was_seen(
    history: tuple[list[list[int]], Comparisons],
) -> None:
    visits, between = history
    lesions = [{one: lesion(one) for one in ids} for ids in visits]
    for members in chain_lesions(visits, between):
        for visit, judged in enumerate(judge_course(members, lesions, between)):
            assert [one.lesion_id for one in judged.lesions] == list(members[visit])
            nothing = judged.status in NOT_ASSESSABLE | {Status.GONE, Status.NOT_YET}
            assert nothing is not bool(judged.lesions)
            if judged.status is Status.GONE:
                assert judged.compared_with is not None
                pair = judged.compared_with, visit
                assert all(one.reliable for one in between.groups[pair] if {*one.before} & {*members[pair[0]]})
