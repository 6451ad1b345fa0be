"""The curve of robustness from numbers that are made up, and its points from answers that are known."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import robustness
from exam.curves import TAKERS, Axis, Point, draw
from exam.kept import Kept
from exam_builders import IN_FEMUR, OUTSIDE, answered
from matplotlib.image import imread

from crmo_seg.evaluation.estimates import Estimate
from crmo_seg.evaluation.statistics import Interval
from crmo_seg.phantom.exam import TRAINING_PRESET
from crmo_seg.phantom.settings import read_preset


def estimate(value: float) -> Estimate:
    return Estimate("F1", value, Interval(max(value - 0.1, 0), min(value + 0.1, 1)), 4, 4)


def made_up(axis: Axis, level: float) -> Point:
    falls = math.exp(-max(level - axis.usual, 0) / max(axis.levels))
    return Point(axis, level, 20, {TAKERS[0]: estimate(0.9 * falls), TAKERS[1]: estimate(0.4 * falls)}, 1.25)


def test_a_panel_each_axis(tmp_path: Path) -> None:
    axes = robustness.AXES[::2]
    draw([made_up(axis, level) for axis in axes for level in axis.levels], tmp_path / "curve.png")
    height, width, _ = imread(tmp_path / "curve.png").shape
    assert width > 2 * height
    assert [path.name for path in tmp_path.iterdir()] == ["curve.png"]


def test_the_shaded_range_is_that_of_training() -> None:
    training = read_preset(TRAINING_PRESET)
    trained = {axis.name: (axis.usual, axis.trained) for axis in robustness.AXES}
    noise = training.scan.artefacts
    assert trained["noise"] == (noise.noise.amount[1], noise.strong_noise.amount[1])
    assert trained["shape"] == (training.body.shape, training.body.shape)
    assert trained["contrast"] == (training.contrast.strength, training.contrast.strength)


@pytest.mark.parametrize("axis", robustness.AXES, ids=lambda axis: axis.name)
def test_every_level_can_be_drawn_from(axis: Axis) -> None:
    settings = [axis.at(robustness.usual(), level) for level in axis.levels]
    assert len({repr(one) for one in settings}) == len(axis.levels)
    assert min(axis.levels) < axis.trained < max(axis.levels)


def test_a_level_from_what_is_there(tmp_path: Path) -> None:
    kept, axis = Kept(tmp_path), robustness.AXES[0]
    tasks = robustness.tasks_of(axis, 0.5, 2)
    assert [task.case_id for task in tasks] == ["shape_0.5/0", "shape_0.5/1"]
    assert robustness.point_of(axis, 0.5, tasks, kept) is None
    kept.keep("shape_0.5/1", answered("shape_0.5/1", pred=[IN_FEMUR, OUTSIDE]))
    point = robustness.point_of(axis, 0.5, tasks, kept)
    assert point is not None
    assert (point.n_lesions, point.f1[TAKERS[0]].value, point.f1[TAKERS[1]].value) == (2, 0.5, 0.0)
    assert point.as_markdown() == "| shape | 0.5 |  | 2 | 0.50 | 0.00 | 1.0 |"
