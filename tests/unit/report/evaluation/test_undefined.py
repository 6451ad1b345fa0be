"""What is undefined is named with its reason."""

from __future__ import annotations

from evaluation_builders import edema_case, mixed_summary

from crmo_seg.evaluation.cohort import summarise
from crmo_seg.evaluation.metrics import EDEMA_METRICS
from crmo_seg.report.evaluation.undefined import _REASONS, undefined_sentences


def test_reasons_are_grouped() -> None:
    sentences = undefined_sentences(mixed_summary())
    assert sentences[0].startswith("Undefined for 1 of 5 patients, since both masks are empty: Dice; Dice, pooled;")
    assert any(text.startswith("Undefined for 3 of 5 patients, since one mask or both are empty") for text in sentences)
    assert any("no reference lesion of that size: lesions from 0.5 ml: sensitivity." in text for text in sentences)


def test_every_metric_that_can_be_undefined_has_a_reason() -> None:
    always = {"volume_error_ml", "absolute_volume_error_ml", "false_positive_ml", "false_negative_ml",
              "lesion_false_positives_per_scan", "lesion_iou_false_positives_per_scan"}  # fmt: skip
    assert {metric.name for metric in EDEMA_METRICS} == set(_REASONS) | always


def test_one_patient_explains_the_missing_intervals() -> None:
    summary = summarise([edema_case("a", ref=[(0, 7)], pred=[(0, 7)])])
    assert undefined_sentences(summary) == ("There are no intervals: they are drawn over patients, and there is one.",)
