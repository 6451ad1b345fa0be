"""Two predictions of the same scans: differences by hand, and what must not be compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.comparison import Comparison, MetricDifference, compare_cohorts
from crmo_seg.evaluation.lesionwise import LesionAgreement, LesionCounts
from crmo_seg.evaluation.statistics import holm
from crmo_seg.evaluation.surface import SurfaceAgreement
from crmo_seg.evaluation.voxel import Overlap

NAN = math.nan


def scan(case_id: str, dice: float, counts: tuple[int, int, int, int] = (2, 2, 1, 1), mm: float = 1.0) -> CaseMetrics:
    """Of one patient a letter; a Dice of NaN is an empty scan."""
    edema = Overlap(0, 0, 0) if math.isnan(dice) else Overlap(1, 1, dice)
    lesions = LesionAgreement(LesionCounts(*counts), LesionCounts(*counts), 0, 0)
    surfaces = {"edema": {"edema": SurfaceAgreement(dice, dice, mm, mm)}}
    return CaseMetrics(case_id, case_id[0], {"edema": {"edema": edema}}, lesions, surfaces)


def metric(comparison: Comparison, name: str) -> MetricDifference:
    return next(one for one in comparison.metrics if one.name == name)


def test_differences_by_hand() -> None:
    first = [scan("a", 0.8), scan("b", 0.6), scan("c", 0.5)]
    other = [scan("c", 0.5), scan("a", 0.5), scan("b", 0.7)]
    compared = compare_cohorts(first, other)
    dice = metric(compared, "dice")
    assert (dice.value, dice.other) == (pytest.approx(1.9 / 3), pytest.approx(1.7 / 3))
    assert dice.difference == pytest.approx(0.2 / 3)
    assert (dice.n_pairs, dice.n_undefined, dice.n_one_sided) == (3, 0, 0)
    assert dice.p == stats.wilcoxon([0.3, -0.1]).pvalue
    assert dice.interval.low == pytest.approx(-0.1, abs=0.04)
    assert dice.interval.high == pytest.approx(0.3, abs=0.1)
    assert [case.case_id for case in compared.cases] == ["a", "b", "c"]
    assert [case.is_changed for case in compared.cases] == [True, True, False]
    assert compared.n_changed == 2
    assert compared.cases[0].difference("dice") == pytest.approx(0.3)


def test_scans_that_one_side_leaves_undefined_are_counted_not_averaged() -> None:
    """The other marks nothing in b, so that its distance there is undefined: it must not gain by that."""
    first = [scan("a", 0.8, mm=2.0), scan("b", 0.4, mm=30.0)]
    other = [scan("a", 0.8, mm=3.0), scan("b", 0.0, mm=NAN)]
    distance = metric(compare_cohorts(first, other), "hausdorff95_mm")
    assert (distance.value, distance.other, distance.difference) == (2.0, 3.0, -1.0)
    assert (distance.n_pairs, distance.n_undefined, distance.n_one_sided) == (1, 1, 1)


def test_pooled_metrics_take_all_scans() -> None:
    first = [scan("a", 0.8, (4, 4, 4, 0)), scan("b", 0.5, (0, 2, 0, 2))]
    other = [scan("a", 0.8, (4, 3, 3, 0)), scan("b", NAN, (0, 0, 0, 0))]
    compared = compare_cohorts(first, other)
    precision = metric(compared, "lesion_precision")
    assert (precision.value, precision.other) == (pytest.approx(4 / 6), 1.0)
    assert (precision.n_pairs, precision.n_undefined) == (1, 1)
    assert compared.cases[0].case_id == "b"  # defined on one side only: first


def test_only_tested_metrics_have_p_and_all_of_them_are_adjusted() -> None:
    rng = np.random.default_rng(1)
    first = [scan(letter, float(rng.random())) for letter in "abcdefgh"]
    other = [scan(letter, float(rng.random())) for letter in "abcdefgh"]
    compared = compare_cohorts(first, other)
    tested = [one for one in compared.metrics if not math.isnan(one.p)]
    assert {"dice", "surface_dice", "lesion_f1"} <= {one.name for one in tested}
    assert math.isnan(metric(compared, "dice_pooled").p)
    assert [one.p_holm for one in tested] == list(holm([one.p for one in tested]))


def test_a_prediction_against_itself_changes_nothing() -> None:
    cases = [scan("a", 0.8), scan("b", NAN), scan("c", 0.3)]
    compared = compare_cohorts(cases, cases)
    assert compared.n_changed == 0
    dice = metric(compared, "dice")
    assert (dice.difference, dice.p, dice.interval.low, dice.interval.high) == (0.0, 1.0, 0.0, 0.0)


def test_other_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="not of the same scans"):
        compare_cohorts([scan("a", 1.0)], [scan("b", 1.0)])


def test_only_metrics_of_both_are_compared() -> None:
    bones = CaseMetrics("a", "a", {"bones": {"femur": Overlap(1, 1, 1)}, **scan("a", 0.5).heads})
    assert "bones_dice" not in {one.name for one in compare_cohorts([bones], [scan("a", 0.5)]).metrics}
