"""Children of another spread: the same draws, further from or nearer to the mean child."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.person import HIGHEST_BODY_MASS_Z, Person, child_at, draw_person
from crmo_seg.phantom.body.settings import MOST_VARIATION, BodySettings
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.solids.grid import bounds_of

RATIOS = ("frame", "bone_girth", "fat", "arm", "thigh", "head", "head_length")


def person(seed: int, **settings: float) -> Person:
    return draw_person(np.random.default_rng(seed), BodySettings(**settings))


def test_the_usual_population_is_the_default() -> None:
    for seed in range(20):
        assert person(seed) == draw_person(np.random.default_rng(seed))


def test_twice_the_spread_is_twice_as_far_from_the_mean() -> None:
    for seed in range(20):
        usual, other = person(seed), person(seed, build=2.0)
        assert other.stature_z == pytest.approx(2 * usual.stature_z)
        for name in RATIOS:
            assert math.log(getattr(other, name)) == pytest.approx(2 * math.log(getattr(usual, name)))
        same = ("sex", "maturity_years", "variation_seed", "shape")
        assert all(getattr(other, name) == getattr(usual, name) for name in same)


def test_without_spread_all_are_the_mean_child_but_for_sex_and_tempo() -> None:
    first, *others = (person(seed, build=0.0) for seed in range(10))
    for name in {one.name for one in fields(Person)} - {"sex", "maturity_years", "variation_seed"}:
        assert all(getattr(other, name) == getattr(first, name) for other in others), name


def test_nobody_is_heavier_than_the_charts_can_tell() -> None:
    people = [person(seed, build=MOST_VARIATION) for seed in range(200)]
    assert max(one.body_mass_z for one in people) == HIGHEST_BODY_MASS_Z
    assert all(child_at(one, age).fat_mm > 0 for one in people[:40] for age in (3.0, 9.0, 17.0))


def test_shapes_differ_more_with_their_setting() -> None:
    def boxes(shape: float) -> list[np.ndarray]:
        skeleton = build_skeleton(find_landmarks(child_at(person(1, shape=shape), 9.0)))
        return [np.concatenate(bounds_of(list(bone.shapes))) for bone in skeleton if bone.full_name != "skull"]

    def distance(shape: float) -> float:
        return float(np.mean([np.abs(a - b).mean() for a, b in zip(boxes(shape), mean, strict=True)]))

    mean = boxes(0.0)
    assert 0.3 < distance(1.0) < 0.8 * distance(1.7)


@pytest.mark.parametrize("value", [-0.1, 3.1, math.nan])
@pytest.mark.parametrize("name", ["shape", "build"])
def test_other_factors_are_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match=rf"body\.{name}: is .*; give a number from 0 to 3"):
        BodySettings(**{name: value})
