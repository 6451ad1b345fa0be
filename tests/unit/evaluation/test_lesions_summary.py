"""FROC, strata, patients and calibration of a cohort, from lesion tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crmo_seg.evaluation.calibration import reliability
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.lesion_table import ComparedLesion, LesionTable
from crmo_seg.evaluation.lesions_summary import summarise_tables
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.lesions import Lesion


def case(name: str, pred: list[tuple[float | None, bool]], n_missed: int = 0) -> CaseMetrics:
    """Predicted lesions as (confidence, true); every true one finds a reference lesion of its own."""
    n_true = sum(is_true for _, is_true in pred)
    ref = [ComparedLesion(Lesion(i + 1, 1.0, 9.0, (0, 0, 0)), (i + 1,), None, math.nan) for i in range(n_true)]
    ref += [ComparedLesion(Lesion(n_true + i + 1, 1.0, 9.0, (0, 0, 0)), (), None, math.nan) for i in range(n_missed)]
    ordered = sorted(pred, key=lambda one: not one[1])
    found = [
        ComparedLesion(Lesion(i + 1, 1.0, 9.0, (0, 0, 0), p), (i + 1,) if true else (), None, math.nan)
        for i, (p, true) in enumerate(ordered)
    ]
    return CaseMetrics(name, name[0], table=LesionTable(tuple(ref), tuple(found)))


def cohort() -> dict[str, list[CaseMetrics]]:
    return {
        "a": [case("a1", [(0.9, True), (0.5, False)], n_missed=1)],
        "b": [case("b1", [(0.8, True)]), case("b2", [])],
        "c": [case("c1", [(0.6, False)])],
    }


def test_by_hand() -> None:
    found = summarise_tables(cohort())
    assert found is not None
    assert found.froc is not None
    assert found.froc.points[0.25] == pytest.approx(2 / 3)  # 1 false positive in 4 scans
    assert found.froc.score == pytest.approx(2 / 3)
    assert found.froc.score_interval.low < 2 / 3 < found.froc.score_interval.high
    assert (found.detection.n_with, found.detection.n_without, found.lesion_free.n_scans) == (2, 1, 2)
    assert found.lesion_calibration is not None
    assert found.lesion_calibration.n.sum() == 4
    assert found.voxel_calibration is None


def test_the_score_of_a_bootstrap_sample_is_that_of_its_scans() -> None:
    settings = EvaluationSettings(bootstrap_repeats=1, confidence_level=0.5, bootstrap_seed=3)
    found = summarise_tables(cohort(), settings)
    drawn = np.random.default_rng(3).multinomial(3, [1 / 3] * 3)
    copies = {f"{name}{i}": scans for (name, scans), n in zip(cohort().items(), drawn, strict=True) for i in range(n)}
    written_out = summarise_tables(copies)
    assert found is not None
    assert written_out is not None
    assert found.froc is not None
    assert written_out.froc is not None
    np.testing.assert_allclose(found.froc.score_interval.low, written_out.froc.score)


def test_one_lesion_without_confidence_means_no_curve() -> None:
    found = summarise_tables({**cohort(), "d": [case("d1", [(None, True)])]})
    assert found is not None
    assert (found.froc, found.lesion_calibration, found.n_without_confidence) == (None, None, 1)
    assert math.isnan(found.detection.auc_confidence)


def test_without_tables_there_is_nothing_and_voxels_are_added_up() -> None:
    assert summarise_tables({"a": [CaseMetrics("a", "a")]}) is None
    voxels = reliability(np.array([0.5]), np.array([True]))
    cases = [CaseMetrics(name, "p", table=LesionTable((), ()), voxel_calibration=voxels) for name in "ab"]
    found = summarise_tables({"p": cases})
    assert found is not None
    assert found.voxel_calibration is not None
    assert found.voxel_calibration.n.sum() == 2
