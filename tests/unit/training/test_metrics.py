import math

import numpy as np
import pytest

from crmo_seg.evaluation.lesionwise import LesionCounts
from crmo_seg.plan import EDEMA_HEAD, Head
from crmo_seg.training.metrics import CaseScores, ClassVoxels, class_voxels, summary

TWO = Head("parts", ("first", "second"))


def scores_of(case_id: str, pred: list[int], ref: list[int], lesions: LesionCounts | None = None) -> CaseScores:
    return CaseScores(case_id, {"parts": class_voxels(pred=np.array(pred), ref=np.array(ref), head=TWO)}, lesions)


def test_voxels_are_pooled_over_cases() -> None:
    values = summary([scores_of("a", [1, 1, 2, 0], [1, 0, 2, 2]), scores_of("b", [1, 0], [1, 0])], [TWO])
    first, second = 2 * 2 / (3 + 2), 2 * 1 / (1 + 2)
    assert values["val/parts_dice_first"] == pytest.approx(first)
    assert values["val/parts_dice_second"] == pytest.approx(second)
    assert values["val/parts_dice"] == pytest.approx((first + second) / 2)


def test_a_class_that_nobody_has_is_undefined_and_left_out_of_the_mean() -> None:
    values = summary([scores_of("a", [1, 1], [1, 1])], [TWO])
    assert math.isnan(values["val/parts_dice_second"])
    assert values["val/parts_dice"] == 1


def test_without_a_label_everything_is_undefined() -> None:
    values = summary([CaseScores("a", {})], [EDEMA_HEAD])
    assert set(values) == {"val/edema_dice", "val/lesion_f1", "val/lesion_sensitivity", "val/false_positives"}
    assert all(math.isnan(value) for value in values.values())


def test_lesions_are_pooled_and_false_positives_are_a_scan() -> None:
    voxels = {"edema": (ClassVoxels(1, 1, 1),)}
    cases = [
        CaseScores("a", voxels, LesionCounts(n_ref=3, n_pred=4, n_found=2, n_false_positive=1)),
        CaseScores("b", voxels, LesionCounts(n_ref=1, n_pred=0, n_found=0, n_false_positive=0)),
    ]
    values = summary(cases, [EDEMA_HEAD])
    assert values["val/lesion_sensitivity"] == 0.5
    assert values["val/false_positives"] == 0.5
    assert values["val/lesion_f1"] == pytest.approx(2 * 0.5 * 0.75 / 1.25)


def test_a_row_leaves_out_what_the_case_does_not_have() -> None:
    assert CaseScores("a", {}).row() == {"case_id": "a"}
    row = scores_of("b", [0, 0], [0, 0], LesionCounts(1, 2, 1, 1)).row()
    assert row["parts_dice"] == ""
    assert (row["lesions"], row["lesions_predicted"], row["lesions_found"], row["false_positives"]) == (1, 2, 1, 1)
