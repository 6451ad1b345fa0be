"""A cohort's metrics as tables for the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crmo_seg.evaluation.cohort import CohortSummary, LesionSummary, Mean
from crmo_seg.evaluation.lesionwise import LARGE_LESION_ML, MINIMUM_IOU

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

UNDEFINED = "\N{EN DASH}"

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
    """Tables of a cohort for ``rich.print``: Dice by head, then lesions; what is undefined is a dash."""
    from rich.console import Group

    parts = [_dice_table(summary)]
    parts += [_lesion_table(summary)] if summary.any_overlap else []
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
    rules = (("any overlap", summary.any_overlap), (f"IoU ≥ {MINIMUM_IOU}", summary.iou))
    measured = {name: _lesion_cells(lesions) for name, lesions in rules if lesions}
    table = Table("found by", *measured, title="Lesions", title_justify="left", caption=caption, caption_justify="left")
    for row in zip(_LESION_ROWS, *measured.values(), strict=True):
        table.add_row(*row)
    return table


def _lesion_cells(lesions: LesionSummary) -> list[str]:
    pooled = lesions.pooled
    counts = [str(pooled.n_ref), str(pooled.n_found), str(pooled.n_false_positive)]
    ratios = (lesions.false_positives_per_scan, pooled.sensitivity, pooled.precision, pooled.f1)
    return [*counts, *(format_number(value) for value in ratios), format_mean(lesions.patient_f1)]
