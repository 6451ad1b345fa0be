"""Lesion to lesion: the nearest, one to one, and what merged or split."""

from __future__ import annotations

import numpy as np
from followup_builders import carried_ball
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.longitudinal.match import Group, match_lesions


def test_a_shifted_lesion_is_matched_and_a_far_one_is_not() -> None:
    before = [carried_ball((0, 0, 0), 8), carried_ball((100, 0, 0), 8)]
    now = [carried_ball((4, 0, 0), 8), carried_ball((0, 60, 0), 8)]
    assert match_lesions(before, now) == (Group((0,), (0,)), Group((1,), ()), Group((), (1,)))


def test_the_place_at_the_other_visit_counts_not_the_own_one() -> None:
    before = [carried_ball((0, 0, 0), 8, there=(50, 0, 0))]
    assert match_lesions(before, [carried_ball((50, 0, 0), 8)]) == (Group((0,), (0,)),)
    assert len(match_lesions(before, [carried_ball((0, 0, 0), 8)])) == 2


def test_two_that_merged_and_one_that_split() -> None:
    parts, whole = [carried_ball((-7, 0, 0), 6), carried_ball((7, 0, 0), 6)], [carried_ball((0, 0, 0), 14)]
    assert match_lesions(parts, whole) == (Group((0, 1), (0,)),)
    assert match_lesions(whole, parts) == (Group((0,), (0, 1)),)


def test_a_lesion_that_resolved_close_to_another_one_did_not_merge_with_it() -> None:
    before = [carried_ball((0, 0, 0), 10), carried_ball((11, 0, 0), 4)]
    assert match_lesions(before, before[:1]) == (Group((0,), (0,)), Group((1,), ()))


def test_a_new_lesion_beside_an_old_one_is_new() -> None:
    before, now = [carried_ball((0, 0, 0), 8)], [carried_ball((1, 0, 0), 8), carried_ball((24, 0, 0), 6)]
    assert match_lesions(before, now) == (Group((0,), (0,)), Group((), (1,)))


def test_nothing_at_a_visit() -> None:
    one = [carried_ball((0, 0, 0), 8)]
    assert match_lesions([], []) == ()
    assert match_lesions(one, []) == (Group((0,), ()),)
    assert match_lesions([], one) == (Group((), (0,)),)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(6)), gone=st.sets(st.integers(0, 5), max_size=4))
def test_what_is_removed_is_what_is_unmatched_in_any_order(order: list[int], gone: set[int]) -> None:
    centres = [(30.0 * i, 10.0 * (i % 2), 0.0) for i in range(6)]
    before = [carried_ball(centre, 6) for centre in centres]
    kept = [i for i in order if i not in gone]
    groups = match_lesions(before, [carried_ball(tuple(np.add(centres[i], 3.0)), 6) for i in kept])
    assert {group.before[0] for group in groups if not group.now} == gone
    assert all(kept[group.now[0]] == group.before[0] for group in groups if group.now)
