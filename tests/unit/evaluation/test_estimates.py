"""Sums of patients, and intervals over them."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.estimates import estimate, sums_of_patients
from crmo_seg.evaluation.metrics import EDEMA_METRICS
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.evaluation.voxel import Overlap

DICE = next(metric for metric in EDEMA_METRICS if metric.name == "dice")


def scan(patient: str, shared_ml: float) -> CaseMetrics:
    return CaseMetrics(f"{patient}{shared_ml}", patient, {"edema": {"edema": Overlap(1.0, 1.0, shared_ml)}})


def test_the_bootstrap_draws_patients_not_scans() -> None:
    """A patient with many scans has the weight of one with one."""
    cases = {"A": [scan("A", 0.2)] * 9, "B": [scan("B", 0.8)], "C": [scan("C", 0.5)]}
    np.testing.assert_allclose(sums_of_patients(DICE, cases), [[0.2, 1], [0.8, 1], [0.5, 1]])
    found = estimate(DICE, cases, EvaluationSettings(confidence_level=0.5))
    means = np.random.default_rng(0).multinomial(3, [1 / 3] * 3, size=2000) @ (0.2, 0.8, 0.5) / 3
    assert (found.value, found.n, found.n_defined) == (pytest.approx(0.5), 3, 3)
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(np.quantile(means, (0.25, 0.75))))
