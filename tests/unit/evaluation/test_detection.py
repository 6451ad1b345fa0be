"""Patients with and without lesions, and scans without."""

from __future__ import annotations

import math

import pytest

from crmo_seg.evaluation.detection import detect_patients, lesion_free_scans
from crmo_seg.evaluation.lesion_table import ComparedLesion, LesionTable
from crmo_seg.lesions import Lesion


def table(n_ref: int, *pred: tuple[float, float | None]) -> LesionTable:
    """Reference lesions, and predicted ones as (ml, confidence)."""
    ref = [Lesion(number + 1, 1.0, 10.0, (0.0, 0.0, 0.0)) for number in range(n_ref)]
    found = [Lesion(number + 1, ml, 10.0, (0.0, 0.0, 0.0), confidence) for number, (ml, confidence) in enumerate(pred)]
    return LesionTable(*(tuple(ComparedLesion(one, (), None, math.nan) for one in side) for side in (ref, found)))


PATIENTS = {
    "ill": [table(0), table(2, (1.0, 0.6), (0.5, 0.9))],
    "ill, missed": [table(1)],
    "well": [table(0)],
    "well, marked": [table(0, (3.0, 0.7)), table(0, (0.5, 0.2), (0.5, 0.3))],
}


def test_patients_by_hand() -> None:
    found = detect_patients(PATIENTS)
    assert (found.n_with, found.n_without) == (2, 2)
    assert found.auc_confidence == pytest.approx((1 + 1 + 0.5 + 0) / 4)  # 0.9 and 0 against 0 and 0.7
    assert found.auc_volume == pytest.approx((1 + 0 + 0.5 + 0) / 4)  # 1.5 and 0 ml against 0 and 3 ml
    assert found.auc_confidence_interval.low <= found.auc_confidence <= found.auc_confidence_interval.high
    assert found.auc_confidence_interval.n_undefined > 0  # samples without one of the groups


def test_without_lesion_free_patients_or_confidence_it_is_undefined() -> None:
    assert math.isnan(detect_patients({"ill": PATIENTS["ill"]}).auc_confidence)
    unsure = detect_patients({**PATIENTS, "unsure": [table(1, (1.0, None))]})
    assert math.isnan(unsure.auc_confidence)
    assert not math.isnan(unsure.auc_volume)


def test_lesion_free_scans_by_hand() -> None:
    found = lesion_free_scans([one for tables in PATIENTS.values() for one in tables])
    assert (found.n_scans, found.n_clean, found.n_false_positive) == (4, 2, 3)
    assert (found.specificity, found.false_positives_per_scan, found.false_positive_ml_per_scan) == (0.5, 0.75, 1.0)
    assert math.isnan(lesion_free_scans([table(1)]).specificity)
