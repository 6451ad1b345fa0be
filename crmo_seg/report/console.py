"""A cohort's metrics as tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmo_seg.evaluation.case import Mean
from crmo_seg.evaluation.cohort import CohortSummary, LesionSummary
from crmo_seg.evaluation.comparison import Comparison
from crmo_seg.evaluation.estimates import Estimate
from crmo_seg.evaluation.lesions_summary import LesionDetail
from crmo_seg.evaluation.readers import ReaderAgreement
from crmo_seg.evaluation.settings import LARGE_LESION_ML
from crmo_seg.evaluation.statistics import UNKNOWN_INTERVAL, Interval
from crmo_seg.keys import EDEMA

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

UNDEFINED = "\N{EN DASH}"

_LESION_RATIOS = ("false_positives_per_scan", "sensitivity", "precision", "f1")
_LESION_ROWS = (
    "reference lesions",
    "found",
    "false positives",
    "false positives a scan",
    "sensitivity",
    "precision",
    "F1, pooled",
    "F1, mean over patients",
)


def cohort_tables(summary: CohortSummary) -> Group:
    """Tables of a cohort for ``rich.print``: what is undefined is a dash.

    Dice by head, then edema: lesions by both rules, all metrics with intervals, strata, and what changed.
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [_dice_table(summary)]
    parts += [_lesion_table(summary)] if summary.any_overlap else []
    parts += [_metric_table(summary)] if EDEMA in summary.heads else []
    parts += [_stratum_table(summary.detail)] if summary.detail else []
    parts += [_comparison_table(summary.comparison)] if summary.comparison else []
    parts += [_reader_table(summary.readers)] if summary.readers else []
    parts += [Text(f"Note: {note}") for note in summary.notes]
    return Group(*parts)


def format_number(value: float) -> str:
    """Three decimals, or a dash where undefined.

    >>> format_number(0.5), format_number(float("nan"))
    ('0.500', '–')
    """
    return UNDEFINED if math.isnan(value) else f"{value:.3f}"


def format_mean(mean: Mean) -> str:
    """A mean, with the number of defined values where some were not.

    >>> format_mean(Mean(0.5, 3, 3)), format_mean(Mean(0.5, 2, 3))
    ('0.500', '0.500 (2 of 3)')
    """
    counts = "" if mean.n_defined == mean.n else f" ({mean.n_defined} of {mean.n})"
    return f"{format_number(mean.value)}{counts}"


def format_interval(interval: Interval) -> str:
    """Both ends, or a dash where undefined.

    >>> format_interval(Interval(0.25, 0.75)), format_interval(Interval(float("nan"), float("nan")))
    ('0.250 to 0.750', '–')
    """
    if math.isnan(interval.low):
        return UNDEFINED
    return f"{format_number(interval.low)} to {format_number(interval.high)}"


def _dice_table(summary: CohortSummary) -> Table:
    from rich.table import Table

    title = f"Dice; scans: {summary.n_scans}, patients: {summary.n_patients}"
    table = Table("head", "class", "pooled", "mean over patients", title=title, title_justify="left")
    for head, measured in summary.heads.items():
        for name, one in measured.classes.items():
            table.add_row(head, name, format_number(one.pooled.dice), format_mean(one.patient_dice))
        if len(measured.classes) > 1:
            table.add_row(head, "mean of classes", UNDEFINED, format_mean(measured.patient_dice), style="bold")
    return table


def _lesion_table(summary: CohortSummary) -> Table:
    from rich.table import Table

    caption = f"sensitivity from {LARGE_LESION_ML} ml: {format_number(summary.large_sensitivity)}"
    caption += f" ({summary.n_large_ref} lesions)"
    rules = (("any overlap", summary.any_overlap), (f"IoU ≥ {summary.settings.minimum_iou:g}", summary.iou))
    prefixes = ("lesion", "lesion_iou")
    measured = {
        name: _lesion_cells(lesions, summary.estimates, prefix)
        for (name, lesions), prefix in zip(rules, prefixes, strict=True)
        if lesions
    }
    table = Table("found by", *measured, title="Lesions", title_justify="left", caption=caption, caption_justify="left")
    for row in zip(_LESION_ROWS, *measured.values(), strict=True):
        table.add_row(*row)
    return table


def _lesion_cells(lesions: LesionSummary, estimates: Mapping[str, Estimate], prefix: str) -> list[str]:
    pooled = lesions.pooled
    counts = [str(pooled.n_ref), str(pooled.n_found), str(pooled.n_false_positive)]
    ratios = [_with_interval(estimates[f"{prefix}_{name}"]) for name in _LESION_RATIOS]
    return [*counts, *ratios, format_mean(lesions.patient_f1)]


def _with_interval(one: Estimate) -> str:
    interval = format_interval(one.interval)
    return format_number(one.value) + (f" ({interval})" if interval != UNDEFINED else "")


def _metric_table(summary: CohortSummary) -> Table:
    from rich.table import Table

    level = f"{summary.settings.confidence_level:.0%} interval"
    table = Table("edema", "value", level, "patients", title="Metrics", title_justify="left")
    shown_above = ("lesion_", "large_lesion_", "dice_pooled")
    for name, one in summary.estimates.items():
        if name.startswith(shown_above):
            continue
        patients = str(one.n) if one.n_defined == one.n else f"{one.n_defined} of {one.n}"
        table.add_row(one.label, format_number(one.value), format_interval(one.interval), patients)
    for label, value, interval, patients in _cohort_rows(summary):
        table.add_row(label, format_number(value), format_interval(interval), patients)
    return table


def _cohort_rows(summary: CohortSummary) -> list[tuple[str, float, Interval, str]]:
    """Numbers that only a cohort has."""
    rows: list[tuple[str, float, Interval, str]] = []
    n = str(summary.n_patients)
    if summary.volumes:
        rows.append(("volume: ICC(A,1)", summary.volumes.correlation, summary.volumes.correlation_interval, n))
    detail = summary.detail
    if detail is None:
        return rows
    if detail.froc:
        rows.append(("FROC score", detail.froc.score, detail.froc.score_interval, n))
    patients = f"{detail.detection.n_with} with, {detail.detection.n_without} without"
    found = detail.detection
    rows.append(("AUC of patients, by confidence", found.auc_confidence, found.auc_confidence_interval, patients))
    free = detail.lesion_free
    scans = f"{free.n_scans} scans"
    rows.append(("false positives a lesion-free scan", free.false_positives_per_scan, UNKNOWN_INTERVAL, scans))
    return rows


def _stratum_table(detail: LesionDetail) -> Table:
    from rich.table import Column, Table

    ratios = (Column("sensitivity", min_width=11), "interval", "false", Column("precision", min_width=9))
    columns = ("lesions", "found", *ratios)
    table = Table(*columns, title="Lesions by size and bone", title_justify="left")
    dimension = ""
    for one in detail.strata:
        if dimension not in ("", one.dimension):
            table.add_section()
        dimension = one.dimension
        found = (f"{one.n_found} of {one.n_ref}", format_number(one.sensitivity))
        false = (f"{one.n_false_positive} of {one.n_pred}", format_number(one.precision))
        table.add_row(one.name.replace("_", " "), *found, format_interval(one.sensitivity_interval), *false)
    return table


def _comparison_table(comparison: Comparison) -> Table:
    from rich.table import Table

    caption = f"{comparison.n_changed} of {len(comparison.cases)} scans changed; p: Wilcoxon over patients, Holm"
    columns = ("metric", "this", "other", "difference", "interval", "p")
    table = Table(*columns, title="Against the other", title_justify="left", caption=caption, caption_justify="left")
    for one in comparison.metrics:
        values = [format_number(value) for value in (one.value, one.other, one.difference)]
        table.add_row(one.label, *values, format_interval(one.interval), format_number(one.p_holm))
    return table


def _reader_table(readers: ReaderAgreement) -> Table:
    from rich.table import Table

    columns = ("mean over pairs", "prediction with readers", "readers with each other", "difference", "interval")
    table = Table(*columns, title="Several readers", title_justify="left")
    for one in readers.differences:
        values = [format_number(value) for value in (one.with_readers, one.between_readers, one.difference)]
        table.add_row(one.label, *values, format_interval(one.interval))
    return table
