from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import LEVELS, find_landmarks


@pytest.mark.parametrize("age", [3.0, 8.0, 12.0, 17.0])
def test_children_have_the_stature_of_their_age(age: float) -> None:
    drawn = [draw_child(np.random.default_rng(i), age_years=(age, age)).height_mm for i in range(60)]
    between = {3.0: (945, 960), 8.0: (1275, 1280), 12.0: (1490, 1515), 17.0: (1630, 1750)}[age]
    assert between[0] * 0.96 < np.median(drawn) < between[1] * 1.04
    assert min(drawn) > 0.9 * between[0]


def test_small_children_have_large_heads_and_open_growth_plates() -> None:
    young, old = (draw_child(np.random.default_rng(0), age_years=(age, age)) for age in (3.0, 17.0))
    assert young.head_height_mm / young.height_mm > 1.4 * old.head_height_mm / old.height_mm
    assert (young.physis_openness, old.physis_openness) == (1.0, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_landmarks_follow_from_head_to_foot(seed: int) -> None:
    child = draw_child(np.random.default_rng(seed), age_years=(3, 17))
    marks = find_landmarks(child)
    heights = [marks.vertebrae[name].centre[2] for name in LEVELS]
    assert (np.diff(heights) > 0).all()
    for side in Side:
        joints = marks.joints[side]
        assert joints.shoulder[2] > joints.elbow[2] > joints.wrist[2]
        assert joints.hip[2] > joints.knee[2] > joints.ankle[2] > 0
        assert joints.foot @ joints.foot.T == pytest.approx(np.eye(3))


def test_left_is_at_smaller_x() -> None:
    marks = find_landmarks(draw_child(np.random.default_rng(0), age_years=(8, 8)))
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        assert getattr(marks.joints[Side.LEFT], joint)[0] < 0 < getattr(marks.joints[Side.RIGHT], joint)[0]


def test_the_sides_differ() -> None:
    left, right = (draw_child(np.random.default_rng(0), age_years=(8, 8)).limbs[side] for side in Side)
    assert left != right
