"""The part of the page on two predictions of the same scans."""

from __future__ import annotations

import math
from typing import Final

from crmo_seg.evaluation.comparison import CaseChange, Comparison, MetricDifference
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.report.evaluation.elements import PageTable, readable, readable_interval, readable_p
from crmo_seg.report.evaluation.tables import interval_name

MOST_CHANGES: Final = 10
"""Cases in the table of the page; all are in ``comparison_cases.csv``."""

SIGNIFICANT_P: Final = 0.05

_ARROWS: Final = {"higher": "\N{UPWARDS ARROW}", "lower": "\N{DOWNWARDS ARROW}", "near 0": "0"}


def difference_table(comparison: Comparison, settings: EvaluationSettings) -> PageTable:
    """Both values, their difference, its interval and p, a row a metric; an arrow says which way is good."""
    columns = ("Metric", "This", "Other", "Difference", interval_name(settings), "p (Holm)", "Patients")
    note = (
        "Arrow: which way is good; 0: the nearer to it. Difference: this less other, paired bootstrap over patients. "
        "p: Wilcoxon over patients, adjusted by Holm for the metrics that are tested; a dash is not tested. "
        "A mean over patients takes the scans that both have a value for; a star marks metrics where some scans "
        "have one on one side only."
    )
    return PageTable(columns, tuple(_difference_row(one) for one in comparison.metrics), note=note)


def change_table(comparison: Comparison) -> PageTable:
    """The scans that changed most, the largest change first; columns of the metrics that are tested."""
    changed = [case for case in comparison.cases if case.is_changed][:MOST_CHANGES]
    labels = {one.name: one.label for one in comparison.metrics}
    names = tuple(changed[0].values) if changed else ()
    rows = tuple(_change_row(case, names) for case in changed)
    caption = "The scans that changed most"
    more = comparison.n_changed - len(rows)
    note = "This | other." + (f" {more} more in comparison_cases.csv." if more else "")
    return PageTable(("Case", *(labels[name] for name in names)), rows, caption=caption, note=note)


def verdicts(comparison: Comparison) -> tuple[str, ...]:
    """What the tests say in words: where this prediction is better, where worse, and what they cannot tell.

    The test asks whether patients change, the interval by how much the cohort does: both have to agree.
    """
    tested = [one for one in comparison.metrics if not math.isnan(one.p_holm)]
    told = [one for one in tested if one.p_holm < SIGNIFICANT_P and (one.interval.low > 0 or one.interval.high < 0)]
    better = [_with_difference(one) for one in told if _is_better(one)]
    worse = [_with_difference(one) for one in told if not _is_better(one)]
    open_ones = [one.label for one in tested if one not in told]
    parts = (
        ("Better", better),
        ("Worse", worse),
        (f"Not told apart (p from {SIGNIFICANT_P:g} on, or an interval with 0)", open_ones),
    )
    n = f"{comparison.n_changed} of {len(comparison.cases)} scans changed."
    return (n, *(f"{name}: {'; '.join(labels)}." for name, labels in parts if labels))


def _is_better(one: MetricDifference) -> bool:
    return (one.difference > 0) == (one.better == "higher")


def _with_difference(one: MetricDifference) -> str:
    return f"{one.label} ({_signed(one.difference)}, p {readable_p(one.p_holm)})"


def _difference_row(one: MetricDifference) -> tuple[str, ...]:
    star = " *" if one.n_one_sided else ""
    values = (readable(one.value), readable(one.other), _signed(one.difference))
    patients = str(one.n_pairs) if not one.n_undefined else f"{one.n_pairs} of {one.n_pairs + one.n_undefined}"
    label = f"{one.label} {_ARROWS[one.better]}{star}"
    return (label, *values, readable_interval(one.interval), readable_p(one.p_holm), patients)


def _change_row(case: CaseChange, names: tuple[str, ...]) -> tuple[str, ...]:
    cells = (f"{readable(first)} | {readable(other)}" for first, other in (case.values[name] for name in names))
    return (case.case_id, *cells)


def _signed(value: float) -> str:
    return f"+{readable(value)}" if value > 0 else readable(value)
