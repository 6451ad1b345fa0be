"""What became of lesions, and the error that a change has to exceed."""

from __future__ import annotations

import math

import pytest
from followup_builders import carried_ball

from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.change import Change, LesionChange, Relation, classify_changes, stable_range, volume_error
from crmo_seg.longitudinal.match import Group
from crmo_seg.longitudinal.settings import CompareSettings

SETTINGS = CompareSettings()


def classify(before: list[Carried], now: list[Carried], growth: float = 1.0) -> LesionChange:
    group = Group(tuple(range(len(before))), tuple(range(len(now))))
    (change,) = classify_changes(before, now, [group], growth)
    return change


def test_the_error_by_hand() -> None:
    lesion = carried_ball((0, 0, 0), 8)
    voxels = lesion.lesion.volume_ml / 0.008
    surface = 1.96 * 0.75 * math.sqrt(lesion.surface_voxels) / voxels
    assert volume_error([lesion], 0.75) == pytest.approx(surface)
    low, high = stable_range([lesion], [lesion], 1.26, SETTINGS)
    error = math.exp(math.sqrt(math.log(1.2) ** 2 + 2 * surface**2))
    assert low == pytest.approx(1 / error)
    assert high == pytest.approx(1.26 * error)


@pytest.mark.parametrize(
    ("radius", "expected"), [(6.0, Change.SHRUNK), (10.0, Change.STABLE), (14.0, Change.GROWN)]
)  # fmt: skip
def test_sizes(radius: float, expected: Change) -> None:
    change = classify([carried_ball((0, 0, 0), 10)], [carried_ball((1, 2, 2), radius)])
    assert (change.change, change.relation) == (expected, Relation.ONE_TO_ONE)
    assert change.displacement_mm == pytest.approx(3.0)
    assert change.volume_ratio == pytest.approx((radius / 10) ** 3, rel=0.15)


def test_a_lesion_that_grew_with_its_bone_is_stable_and_so_is_one_that_did_not() -> None:
    before = [carried_ball((0, 0, 0), 20)]
    grown = classify(before, [carried_ball((0, 0, 0), 22)], growth=1.08**3)
    assert grown.change is Change.STABLE
    assert grown.volume_ratio is not None
    assert grown.grown_ratio == pytest.approx(grown.volume_ratio / 1.08**3)
    assert classify(before, [carried_ball((0, 0, 0), 22)]).change is Change.GROWN
    assert classify(before, before, growth=1.08**3).change is Change.STABLE


def test_alone() -> None:
    lesion = [carried_ball((0, 0, 0), 8)]
    assert classify(lesion, []).change is Change.RESOLVED
    assert classify([], lesion).change is Change.NEW
    assert classify([], lesion).volume_ratio is None


def test_nothing_is_invented_where_the_place_is_not_seen_or_the_bone_not_aligned() -> None:
    outside, loose = [carried_ball((0, 0, 0), 8, in_view=0.2)], [carried_ball((0, 0, 0), 8, reliable=False)]
    for lesion, expected in ((outside, Change.NOT_IN_VIEW), (loose, Change.UNCERTAIN)):
        assert classify(lesion, []).change is expected
        assert classify([], lesion).change is expected
        assert classify([], lesion).note
    cut = [carried_ball((0, 0, 0), 8, in_view=0.8)]
    assert classify(cut, [carried_ball((0, 0, 0), 4)]).change is Change.UNCERTAIN


def test_volumes_of_a_merge_are_added() -> None:
    parts, whole = [carried_ball((-7, 0, 0), 6), carried_ball((7, 0, 0), 6)], [carried_ball((0, 0, 0), 14)]
    merged = classify(parts, whole)
    assert (merged.relation, merged.change) == (Relation.MERGED, Change.GROWN)
    assert merged.volume_before_ml == pytest.approx(2 * parts[0].lesion.volume_ml)
    assert classify(whole, parts).relation is Relation.SPLIT


def test_a_ratio_within_the_error_is_explained() -> None:
    small = classify([carried_ball((0, 0, 0), 4)], [carried_ball((0, 0, 0), 4.5)])
    assert (small.change, "within the error" in small.note) == (Change.STABLE, True)
    assert f"{small.stable_from:.2f} to {small.stable_to:.2f}" in small.note
    assert classify([carried_ball((0, 0, 0), 20)], [carried_ball((0, 0, 0), 20)]).note == ""


def test_a_tiny_new_lesion_may_be_chance() -> None:
    assert "chance" in classify([], [carried_ball((0, 0, 0), 3)]).note
