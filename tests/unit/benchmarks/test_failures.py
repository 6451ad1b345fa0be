"""Which studies are shown, and that a picture shows what was missed and what is false."""

from __future__ import annotations

import io
from pathlib import Path

import home_exam
import numpy as np
from exam.failures import failure_png, false, missed, worst
from exam.kept import Kept
from exam.sitting import Task
from exam_builders import IN_FEMUR, IN_TIBIA, OUTSIDE, answered, mask, question
from matplotlib.image import imread
from numpy.typing import NDArray

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.jobs.exam import MODEL

BLUE, RED = (0x42 / 255, 0x87 / 255, 0xF5 / 255), (0xEB / 255, 0x40 / 255, 0x34 / 255)


def case(name: str, *pred: tuple[int, int]) -> CaseMetrics:
    return answered(name, pred=pred).takers[MODEL]


def pixels(png: bytes) -> NDArray[np.float32]:
    return imread(io.BytesIO(png), format="png")[..., :3]


def coloured(picture: NDArray[np.float32], colour: tuple[float, float, float]) -> int:
    return int((np.abs(picture - np.array(colour)).max(axis=-1) < 0.1).sum())


def test_those_with_most_missed_and_those_with_most_false_come_in_turn() -> None:
    right = case("right", IN_FEMUR, IN_TIBIA)
    one_missed, both_missed = case("one", IN_FEMUR), case("both")
    one_false = case("false", IN_FEMUR, IN_TIBIA, OUTSIDE)
    chosen = worst([right, one_missed, both_missed, one_false], 5)
    assert [one.case_id for one in chosen] == ["both", "false", "one"]
    assert [one.case_id for one in worst([right, one_missed, both_missed, one_false], 1)] == ["both"]
    assert (len(missed(both_missed)), len(false(one_false))) == (2, 1)


def test_the_picture_shows_what_was_missed_in_blue_and_what_is_false_in_red() -> None:
    pred = (IN_FEMUR, OUTSIDE)
    picture = pixels(failure_png(question("a"), mask(*pred), case("a", *pred)))
    assert coloured(picture, BLUE) > 20
    assert coloured(picture, RED) > 20


def test_a_picture_a_study_is_written(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "answers")
    kept.keep("a/0", answered("a/0", pred=[IN_FEMUR]))
    tasks = {"a": [Task("a/0", lambda: question("a/0"))]}
    pictures = home_exam.draw_failures(home_exam.gather(tasks, kept), tasks, kept, tmp_path / "pictures", 3)
    assert [path.name for path in pictures] == ["a_0.png"]
    assert coloured(pixels(pictures[0].read_bytes()), RED) == 0, "only what was missed"
