"""Pooling over scans and averaging over patients, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crmo_seg.evaluation.cohort import CaseMetrics, Mean, mean_of_defined, summarise
from crmo_seg.evaluation.lesionwise import LesionAgreement, LesionCounts
from crmo_seg.evaluation.voxel import Overlap

NAN = math.nan


def make_case(
    case_id: str, patient_id: str, edema: tuple[float, float, float], counts: tuple[int, int, int, int]
) -> CaseMetrics:
    lesions = LesionAgreement(LesionCounts(*counts), LesionCounts(*counts), n_large_ref=counts[0], n_large_found=1)
    return CaseMetrics(case_id, patient_id, {"edema": {"edema": Overlap(*edema)}}, lesions)


def two_patients_and_a_healthy_one() -> list[CaseMetrics]:
    return [
        make_case("a1", "A", (2.0, 2.0, 1.0), (4, 4, 3, 1)),  # Dice 0.5
        make_case("a2", "A", (1.0, 1.0, 1.0), (1, 1, 1, 0)),  # Dice 1
        make_case("b", "B", (10.0, 30.0, 10.0), (5, 3, 2, 1)),  # Dice 0.5
        make_case("h", "H", (0.0, 0.0, 0.0), (0, 0, 0, 0)),  # undefined
    ]


def test_pooled_and_per_patient_dice_by_hand() -> None:
    edema = summarise(two_patients_and_a_healthy_one()).heads["edema"]
    assert edema.classes["edema"].pooled.dice == pytest.approx(24 / 46)
    assert edema.classes["edema"].patient_dice == Mean(pytest.approx((0.75 + 0.5) / 2), 2, 3)  # type: ignore[arg-type]
    assert edema.n_scans == 4


def test_pooled_and_per_patient_lesions_by_hand() -> None:
    summary = summarise(two_patients_and_a_healthy_one())
    lesions = summary.any_overlap
    assert lesions is not None
    assert lesions.pooled == LesionCounts(10, 8, 6, 2)
    assert lesions.false_positives_per_scan == pytest.approx(2 / 4)
    # Patient A: 4 of 5 found, 4 of 5 true; B: 2 of 5 found, 2 of 3 true; H: undefined.
    assert lesions.patient_sensitivity == Mean(pytest.approx((4 / 5 + 2 / 5) / 2), 2, 3)  # type: ignore[arg-type]
    assert lesions.patient_precision.value == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert lesions.patient_f1.value == pytest.approx((0.8 + 0.5) / 2)
    assert (summary.n_scans, summary.n_patients, summary.n_large_ref) == (4, 3, 10)
    assert summary.large_sensitivity == pytest.approx(4 / 10)


def test_mean_dice_of_a_case_is_over_its_defined_classes() -> None:
    case = CaseMetrics("a", "A", {"bones": {"femur": Overlap(1, 1, 1), "tibia": Overlap(1, 3, 1)}})
    assert case.mean_dice("bones") == pytest.approx((1 + 0.5) / 2)


def test_a_class_that_a_scan_lacks_is_undefined_there() -> None:
    cases = [
        CaseMetrics("a", "A", {"bones": {"femur": Overlap(1, 1, 1)}}),
        CaseMetrics("b", "B", {"bones": {"femur": Overlap(1, 3, 1), "tibia": Overlap(0, 1, 0)}}),
    ]
    bones = summarise(cases).heads["bones"]
    assert bones.classes["femur"].patient_dice == Mean(0.75, 2, 2)
    assert bones.classes["tibia"].patient_dice == Mean(0.0, 1, 2)
    assert bones.patient_dice == Mean((1 + 0.25) / 2, 2, 2)


def test_a_scan_without_a_head_is_not_counted_for_it() -> None:
    cases = [
        make_case("a", "A", (1.0, 1.0, 1.0), (1, 1, 1, 0)),
        CaseMetrics("b", "B", {"bones": {"femur": Overlap(1, 1, 1)}}),
    ]
    summary = summarise(cases)
    assert summary.any_overlap is not None
    assert summary.any_overlap.n_scans == 1
    assert summary.heads["edema"].n_scans == summary.heads["bones"].n_scans == 1
    assert summary.heads["edema"].patient_dice == Mean(1.0, 1, 1)


def test_without_edema_there_is_no_lesion_summary() -> None:
    summary = summarise([CaseMetrics("a", "A", {"hippocampus": {"1": Overlap(1, 1, 1)}})])
    assert summary.any_overlap is None
    assert summary.iou is None
    assert math.isnan(summary.large_sensitivity)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.5, 0.7], (0.6, 2, 2)), ([0.5, NAN], (0.5, 1, 2)), ([NAN, NAN], (NAN, 0, 2)), ([], (NAN, 0, 0))],
)
def test_the_table_of_means(values: list[float], expected: tuple[float, int, int]) -> None:
    mean = mean_of_defined(values)
    np.testing.assert_allclose((mean.value, mean.n_defined, mean.n), expected)
