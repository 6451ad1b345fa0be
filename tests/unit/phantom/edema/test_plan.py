from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.edema.plan import PlannedLesion, plan_lesions
from crmo_seg.phantom.edema.settings import EdemaSettings

ILL = EdemaSettings(lesion_free=0.0)
Skeleton = tuple[SolidBone, ...]


def plan(skeleton: Skeleton, seed: int, settings: EdemaSettings = ILL) -> tuple[PlannedLesion, ...]:
    return plan_lesions(skeleton, np.random.default_rng(seed), settings)


def test_ill_children_have_at_least_one_lesion_and_each_a_key(skeletons: list[Skeleton]) -> None:
    for seed in range(30):
        lesions = plan(skeletons[seed % 5], seed)
        assert lesions
        assert len({lesion.lesion_key for lesion in lesions}) == len(lesions)
        assert len({lesion.lasting.site for lesion in lesions}) == len(lesions)


def test_as_many_are_free_as_set(skeleton: Skeleton) -> None:
    free = [not plan(skeleton, seed, EdemaSettings(lesion_free=0.6)) for seed in range(150)]
    assert np.mean(free) == pytest.approx(0.6, abs=0.1)
    assert plan(skeleton, 0, EdemaSettings(lesion_free=1.0)) == ()


def test_the_same_seed_gives_the_same_plan(skeleton: Skeleton) -> None:
    one, again, other = plan(skeleton, 3), plan(skeleton, 3), plan(skeleton, 4)
    assert [le.lesion_key for le in one] == [le.lesion_key for le in again] != [le.lesion_key for le in other]
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a.place.centre, b.place.centre)
        assert (a.planned_ml, a.signal_ratio, a.border_mm) == (b.planned_ml, b.signal_ratio, b.border_mm)


def test_a_lesion_does_not_depend_on_how_the_others_are_drawn(skeleton: Skeleton) -> None:
    """Brighter lesions are the same lesions."""
    one, brighter = plan(skeleton, 5), plan(skeleton, 5, EdemaSettings(lesion_free=0.0, ratio_spread=0.4))
    assert [le.lesion_key for le in one] == [le.lesion_key for le in brighter]
    assert [le.planned_ml for le in one] == [le.planned_ml for le in brighter]


def test_large_lesions_only(skeleton: Skeleton) -> None:
    large = EdemaSettings(lesion_free=0.0, smallest_ml=2.0)
    lesions = [lesion for seed in range(20) for lesion in plan(skeleton, seed, large)]
    assert min(lesion.planned_ml for lesion in lesions) >= 1.5
    assert not {lesion.bone.name for lesion in lesions} & {"metacarpals", "rib_3"}


def test_bones_without_growth_plates_have_no_distance(skeleton: Skeleton) -> None:
    lesions = [lesion for seed in range(40) for lesion in plan(skeleton, seed)]
    for lesion in lesions:
        has_plate = any(bone.growth_plates for bone in skeleton if bone.full_name == lesion.bone.full_name)
        assert (lesion.physis_distance_mm is not None) == (lesion.juxtaphyseal is not None) == has_plate
        assert lesion.region == lesion.lasting.site.region
