"""One formula for a case, a patient and a cohort: the same numbers as the summaries that add up on their own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.estimates import estimate_all
from crmo_seg.evaluation.lesion_scores import LesionScores, PanopticQuality
from crmo_seg.evaluation.lesionwise import LesionAgreement, LesionCounts, pooled
from crmo_seg.evaluation.metrics import EDEMA_METRICS, metrics_of
from crmo_seg.evaluation.surface import SurfaceAgreement
from crmo_seg.evaluation.voxel import Overlap

NAN = math.nan
NOTHING = LesionCounts(0, 0, 0, 0)


def make_case(
    case_id: str, edema: Overlap, counts: LesionCounts = NOTHING, surface: SurfaceAgreement | None = None
) -> CaseMetrics:
    lesions = LesionAgreement(counts, counts, n_large_ref=counts.n_ref, n_large_found=min(counts.n_found, 1))
    scores = LesionScores(0.5, PanopticQuality(1, 0, 1, 0.6), 0.25, 0.75)
    surfaces = {"edema": {"edema": surface}} if surface else {}
    return CaseMetrics(case_id, case_id[0], {"edema": {"edema": edema}}, lesions, surfaces, scores=scores)


def patients(*cases: CaseMetrics) -> dict[str, list[CaseMetrics]]:
    found: dict[str, list[CaseMetrics]] = {}
    for case in cases:
        found.setdefault(case.patient_id, []).append(case)
    return found


def test_values_by_hand() -> None:
    surface = SurfaceAgreement(0.8, 0.9, 4.0, 1.0)
    cases = patients(
        make_case("a1", Overlap(2, 2, 1), LesionCounts(4, 4, 3, 1), surface),
        make_case("a2", Overlap(1, 1, 1), LesionCounts(1, 1, 1, 0), SurfaceAgreement(1.0, 1.0, 0.0, 0.0)),
        make_case("b1", Overlap(10, 30, 10), LesionCounts(5, 3, 2, 1), SurfaceAgreement(0.0, 0.0, NAN, NAN)),
    )
    value = {name: one.value for name, one in estimate_all(cases).items()}
    assert value["dice"] == pytest.approx((0.75 + 0.5) / 2)
    assert value["dice_pooled"] == pytest.approx(24 / 46)
    assert value["surface_dice"] == pytest.approx((0.9 + 0.0) / 2)
    assert value["hausdorff95_mm"] == pytest.approx(2.0)  # patient b has none
    assert value["volume_error_ml"] == pytest.approx((0 - 20) / 2)
    assert value["absolute_volume_error_ml"] == pytest.approx(10)
    assert value["lesion_sensitivity"] == pytest.approx(6 / 10)
    assert value["lesion_precision"] == pytest.approx(6 / 8)
    assert value["lesion_f1"] == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert value["lesion_false_positives_per_scan"] == pytest.approx(2 / 3)
    assert value["large_lesion_sensitivity"] == pytest.approx(3 / 10)
    assert (value["brats_dice"], value["panoptic_quality"]) == (0.5, pytest.approx(0.6 / 1.5))
    assert (value["false_positive_ml"], value["false_negative_ml"]) == (0.25, 0.75)
    assert estimate_all(cases)["hausdorff95_mm"].n_defined == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 4), min_size=1, max_size=5))
def test_pooled_lesions_are_those_of_the_counts(rows: list[tuple[int, int, int, int]]) -> None:
    counts = [
        LesionCounts(r, p, min(f, r) if p else 0, p if min(f, r) == 0 else min(n, p - 1))
        for r, p, f, n in rows
        if p or not f
    ]
    cases = [make_case(f"{i}", Overlap(0, 0, 0), one) for i, one in enumerate(counts)]
    if not cases:
        return
    total, value = pooled(counts), {name: one.value for name, one in estimate_all(patients(*cases)).items()}
    for name in ("sensitivity", "precision", "f1"):
        np.testing.assert_allclose(value[f"lesion_{name}"], getattr(total, name))


def test_other_heads_have_their_mean_dice() -> None:
    case = CaseMetrics("a", "A", {"bones": {"femur": Overlap(1, 1, 1), "tibia": Overlap(1, 3, 1)}})
    assert [metric.name for metric in metrics_of([case])] == ["bones_dice"]
    found = estimate_all({"A": [case], "B": [CaseMetrics("b", "B", {"edema": {"edema": Overlap(1, 1, 1)}})]})
    assert (found["bones_dice"].value, found["bones_dice"].n_defined, found["bones_dice"].n) == (0.75, 1, 2)
    assert found["lesion_f1"].n_defined == 0


def test_names_are_unique_and_nothing_measured_is_undefined() -> None:
    names = [metric.name for metric in EDEMA_METRICS]
    assert len(set(names)) == len(names)
    bare = CaseMetrics("a", "A", {"edema": {"edema": Overlap(0, 0, 0)}})
    defined = [metric.name for metric in EDEMA_METRICS if not math.isnan(metric.value([bare]))]
    assert defined == ["volume_error_ml", "absolute_volume_error_ml"]


def test_the_interval_holds_the_value_and_is_the_same_each_time() -> None:
    cases = patients(*(make_case(f"{i}", Overlap(1, 1, i / 10)) for i in range(10)))
    first, again = estimate_all(cases)["dice"], estimate_all(cases)["dice"]
    assert first == again
    assert first.interval.low < first.value < first.interval.high
    assert math.isnan(estimate_all(patients(make_case("a", Overlap(1, 1, 1))))["dice"].interval.low)
