"""The tables of the page. What is undefined is a dash; how many values a number is made of stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crmo_seg.evaluation.calibration import Reliability
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import CohortSummary, LesionSummary
from crmo_seg.evaluation.detection import LesionFreeScans, PatientDetection
from crmo_seg.evaluation.lesions_summary import FrocSummary, LesionDetail
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.evaluation.statistics import Interval
from crmo_seg.evaluation.strata import Stratum
from crmo_seg.evaluation.volume_agreement import VolumeAgreement
from crmo_seg.keys import EDEMA
from crmo_seg.report.console import UNDEFINED
from crmo_seg.report.evaluation.elements import PageTable, counted, defined_of, readable, readable_interval

_IN_RULE_TABLE: Final = ("lesion_", "large_lesion_")
_SCORES: Final = ("brats_", "panoptic_", "false_positive_ml", "false_negative_ml")
_RATIOS: Final = ("sensitivity", "precision", "f1", "false_positives_per_scan")
_RULE_ROWS: Final = (
    "reference lesions found",
    "predicted lesions false",
    "sensitivity",
    "precision",
    "F1",
    "false positives a scan",
    "F1, mean over patients",
)

_AT_LEAST: Final = "\N{GREATER-THAN OR EQUAL TO} "

Row = tuple[str, ...]


def interval_name(settings: EvaluationSettings) -> str:
    """Heading of a column of intervals.

    >>> interval_name(EvaluationSettings())
    '95 % interval'
    """
    return f"{100 * settings.confidence_level:g} % interval"


def class_table(summary: CohortSummary) -> PageTable:
    """Dice of every class of every head but edema; without rows where there is edema only."""
    rows = [
        (f"{head}: {name.replace('_', ' ')}", readable(one.pooled.dice), readable(one.patient_dice.value),
         defined_of(one.patient_dice.n_defined, one.patient_dice.n))
        for head, measured in summary.heads.items() if head != EDEMA
        for name, one in measured.classes.items()
    ]  # fmt: skip
    return PageTable(("Class", "Dice, pooled", "Dice, mean over patients", "Patients"), tuple(rows))


def metric_table(summary: CohortSummary, *, by_lesion: bool) -> PageTable:
    """Metrics with intervals: of voxels, volumes and surfaces, or of the challenges that go by lesion."""
    rows = [
        (one.label, readable(one.value), readable_interval(one.interval), defined_of(one.n_defined, one.n))
        for name, one in summary.estimates.items()
        if name.startswith(_SCORES) == by_lesion and not name.startswith(_IN_RULE_TABLE)
    ]
    columns = ("Metric", "Value", interval_name(summary.settings), "Patients")
    note = "Means over patients, each the mean of its scans; what is pooled adds up all scans."
    return PageTable(columns, tuple(rows), note=note)


def rule_table(summary: CohortSummary) -> PageTable:
    """Lesions found and false by both rules, a column a rule."""
    by_iou = f"Found by IoU from {summary.settings.minimum_iou:g}, one to one"
    rules = (("Found by any overlap", "lesion", summary.any_overlap), (by_iou, "lesion_iou", summary.iou))
    measured = {name: _rule_cells(summary, prefix, one) for name, prefix, one in rules if one}
    rows = tuple((name, *cells) for name, *cells in zip(_RULE_ROWS, *measured.values(), strict=True))
    note = f"Pooled over scans; {interval_name(summary.settings)} over patients in brackets."
    return PageTable(("", *measured), rows, note=note)


def _rule_cells(summary: CohortSummary, prefix: str, lesions: LesionSummary) -> list[str]:
    pooled, mean = lesions.pooled, lesions.patient_f1
    counts = [f"{pooled.n_found} of {pooled.n_ref}", f"{pooled.n_false_positive} of {pooled.n_pred}"]
    ratios = [summary.estimates[f"{prefix}_{ratio}"] for ratio in _RATIOS]
    cells = [_with_interval(one.value, one.interval) for one in ratios]
    return [*counts, *cells, f"{readable(mean.value)} ({defined_of(mean.n_defined, mean.n)} patients)"]


def _with_interval(value: float, interval: Interval) -> str:
    known = readable_interval(interval)
    return readable(value) if known == UNDEFINED else f"{readable(value)} ({known})"


def froc_table(froc: FrocSummary, settings: EvaluationSettings) -> PageTable:
    """The curve read at the usual places; what lies beyond its end is a lower bound."""
    last = froc.curve.last_false_positives_per_scan
    rows = [
        (f"{number:g}", (_AT_LEAST if number > last else "") + readable(value),
         readable_interval(froc.point_intervals[number]))
        for number, value in froc.points.items()
    ]  # fmt: skip
    rows.append(("mean (FROC score)", readable(froc.score), readable_interval(froc.score_interval)))
    beyond = last < max(froc.points, default=0.0)
    note = f"{_AT_LEAST.strip()}: beyond the end of the curve, a lower bound." if beyond else ""
    return PageTable(("False positives a scan", "Sensitivity", interval_name(settings)), tuple(rows), note=note)


def stratum_table(strata: Sequence[Stratum], dimension: str) -> PageTable:
    """Lesions of one dimension: size, bone group or extremities."""
    rows = [
        (one.name.replace("_", " "), f"{one.n_found} of {one.n_ref}",
         _with_interval(one.sensitivity, one.sensitivity_interval), f"{one.n_false_positive} of {one.n_pred}",
         readable(one.precision))
        for one in strata if one.dimension == dimension
    ]  # fmt: skip
    return PageTable((dimension.capitalize(), "Found", "Sensitivity", "False", "Precision"), tuple(rows))


def patient_table(found: PatientDetection, settings: EvaluationSettings) -> PageTable:
    """Patients with lesions told from those without."""
    groups = f"{found.n_with} with, {found.n_without} without"
    rows = (
        ("most confident lesion", readable(found.auc_confidence), readable_interval(found.auc_confidence_interval),
         groups),
        ("predicted volume", readable(found.auc_volume), readable_interval(found.auc_volume_interval), groups),
    )  # fmt: skip
    columns = ("Patients with and without lesions, told apart by", "AUC", interval_name(settings), "Patients")
    return PageTable(columns, rows)


def lesion_free_table(free: LesionFreeScans) -> PageTable:
    """What is marked on scans that have no lesion."""
    rows = (
        ("scans without a reference lesion", str(free.n_scans)),
        ("of them without a predicted lesion", f"{free.n_clean} ({readable(free.specificity)})"),
        ("false positives a scan", f"{readable(free.false_positives_per_scan)} ({free.n_false_positive} in all)"),
        ("false-positive volume a scan (ml)", readable(free.false_positive_ml_per_scan)),
    )
    return PageTable(("Lesion-free scans", ""), rows)


def volume_table(volumes: VolumeAgreement, settings: EvaluationSettings) -> PageTable:
    """Bland-Altman and ICC."""
    found = volumes.bland_altman
    limits = readable_interval(Interval(*found.limits_ml))
    interval = readable_interval(volumes.correlation_interval)
    rows = (
        ("predicted less reference, mean (ml)", readable(found.bias_ml), UNDEFINED),
        ("limits of agreement (ml)", limits, UNDEFINED),
        ("ICC(A,1)", readable(volumes.correlation), interval),
    )
    note = f"{counted(len(found.difference_ml), 'scan')}. Limits: mean less and plus 1.96 standard deviations."
    return PageTable(("Edema volume", "Value", interval_name(settings)), rows, note=note)


def calibration_table(detail: LesionDetail) -> PageTable:
    """Calibration error and Brier score of lesions and of voxels."""
    measured = (("lesions", detail.lesion_calibration), ("voxels", detail.voxel_calibration))
    rows = [_calibration_row(name, one) for name, one in measured if one]
    return PageTable(("Confidence of", "Expected calibration error", "Brier score", "Number"), tuple(rows))


def _calibration_row(name: str, one: Reliability) -> Row:
    n = f"{int(one.n.sum()):,}".replace(",", "\N{THIN SPACE}")
    return name, readable(one.expected_calibration_error), readable(one.brier_score), n


def case_table(cases: Sequence[CaseMetrics]) -> PageTable:
    """A row a scan, the lowest Dice first; the same as ``cases.csv`` in a few columns."""
    if any(case.lesions for case in cases):
        columns = ("Case", "Dice", "Reference (ml)", "Predicted (ml)", "Found", "False")
        return PageTable(columns, tuple(_edema_row(case) for case in cases if case.lesions))
    heads = tuple(dict.fromkeys(head for case in cases for head in case.heads))
    return PageTable(
        ("Case", *(f"{head}: mean Dice" for head in heads)), tuple(_head_row(case, heads) for case in cases)
    )


def _head_row(case: CaseMetrics, heads: Sequence[str]) -> Row:
    return (case.case_id, *(readable(case.mean_dice(head)) if head in case.heads else "" for head in heads))


def _edema_row(case: CaseMetrics) -> Row:
    found = case.heads[EDEMA][EDEMA]
    counts = case.lesions.any_overlap if case.lesions else None
    cells = (f"{counts.n_found} of {counts.n_ref}", f"{counts.n_false_positive} of {counts.n_pred}") if counts else ()
    return (case.case_id, readable(found.dice), readable(found.ref_ml), readable(found.pred_ml), *cells)
