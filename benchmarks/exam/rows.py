"""The main table of the exam: a taker's numbers in each family and in all, and the bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import summarise
from crmo_seg.evaluation.estimates import Estimate
from crmo_seg.evaluation.statistics import Interval
from exam.kept import KeptAnswer

HEADER: Final = (
    "| family | studies | lesions | F1 | sensitivity | from 0.5 ml | false positives a scan | bones, mean Dice |\n"
    "|---|---|---|---|---|---|---|---|"
)
METRICS: Final = (
    "lesion_f1", "lesion_sensitivity", "large_lesion_sensitivity", "lesion_false_positives_per_scan", "bones_dice",
)  # fmt: skip
BARS: Final = (
    ("lesion_f1", "at least", 0.85),
    ("large_lesion_sensitivity", "at least", 0.9),
    ("lesion_false_positives_per_scan", "at most", 1.0),
    ("bones_dice", "at least", 0.85),
)
POOLED: Final = "all"

Exam = Mapping[str, Sequence[KeptAnswer]]
"""The answers by family."""


@dataclass(frozen=True)
class Row:
    """A taker's numbers in one family, or in all."""

    taker: str
    family: str
    n_scans: int
    n_lesions: int
    estimates: Mapping[str, Estimate]

    def as_markdown(self) -> str:
        """A line of the table."""
        cells = (self.family, str(self.n_scans), str(self.n_lesions), *(self._cell(name) for name in METRICS))
        return f"| {' | '.join(cells)} |"

    def as_dict(self) -> dict[str, object]:
        """For the file; what is undefined is null."""
        numbers = {
            name: [or_none(number) for number in (one.value, one.interval.low, one.interval.high)]
            for name, one in self.estimates.items()
            if name in METRICS
        }
        head = {"taker": self.taker, "family": self.family, "studies": self.n_scans, "lesions": self.n_lesions}
        return {**head, **numbers}

    def _cell(self, name: str) -> str:
        found = self.estimates.get(name)
        return with_interval(found.value, found.interval) if found else ""


def rows_of(exam: Exam, taker: str) -> list[Row]:
    """A row for each family that the taker sat, then all together."""
    by_family = {name: cases_of(answers, taker) for name, answers in exam.items()}
    rows = [_row(taker, name, cases) for name, cases in by_family.items() if cases]
    everything = [case for cases in by_family.values() for case in cases]
    return [*rows, _row(taker, POOLED, everything)] if everything else []


def cases_of(answers: Sequence[KeptAnswer], taker: str) -> list[CaseMetrics]:
    """What a taker reached on the studies that it sat."""
    return [answer.takers[taker] for answer in answers if taker in answer.takers]


def verdicts(pooled: Row) -> list[str]:
    """Each bar of the exam, and whether the model takes it."""
    lines = []
    for name, sense, bar in BARS:
        value = pooled.estimates[name].value if name in pooled.estimates else math.nan
        taken = value >= bar if sense == "at least" else value <= bar
        lines.append(f"- {name} {value:.3f}, {sense} {bar:g}: {'yes' if taken else 'NO'}")
    return lines


def with_interval(value: float, interval: Interval) -> str:
    """A value with its interval where it has one; nothing where it is undefined.

    >>> with_interval(0.5, Interval(0.25, 0.75)), with_interval(math.nan, Interval(math.nan, math.nan))
    ('0.50 (0.25-0.75)', '')
    """
    if math.isnan(value):
        return ""
    return f"{value:.2f}" + ("" if math.isnan(interval.low) else f" ({interval.low:.2f}-{interval.high:.2f})")


def or_none(value: float) -> float | None:
    """For JSON, which knows no NaN.

    >>> or_none(0.123456), or_none(math.nan)
    (0.1235, None)
    """
    return None if math.isnan(value) else round(value, 4)


def _row(taker: str, family: str, cases: Sequence[CaseMetrics]) -> Row:
    summary = summarise(cases)
    n_lesions = summary.any_overlap.pooled.n_ref if summary.any_overlap else 0
    return Row(taker, family, summary.n_scans, n_lesions, summary.estimates)
