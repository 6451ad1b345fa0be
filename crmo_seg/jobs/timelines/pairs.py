"""What is said of each pair of visits of a timeline: time, growth, alignment and flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmo_seg.jobs.comparison.reading import Visit
from crmo_seg.longitudinal.comparison import Comparison
from crmo_seg.longitudinal.identity import fact_flags, picture_flags, years_between
from crmo_seg.longitudinal.settings import CompareSettings
from crmo_seg.longitudinal.timeline import Timeline
from crmo_seg.prediction import QualityFlag


@dataclass(frozen=True, eq=False)
class PairReport:
    """Two visits that were compared, or could not be.

    Attributes:
        earlier: index of the visit, from 0.
        later: index of the visit.
        years: between them; None where a date is not known.
        comparison: None where they could not be aligned.
        flags: warnings first.
    """

    earlier: int
    later: int
    years: float | None
    comparison: Comparison | None
    flags: tuple[QualityFlag, ...]

    @property
    def neighbours(self) -> bool:
        """Whether no visit lies between; other pairs were compared to judge gaps of courses."""
        return self.later == self.earlier + 1


def pair_reports(visits: Sequence[Visit], timeline: Timeline, settings: CompareSettings) -> tuple[PairReport, ...]:
    """Every pair that was compared, neighbours first."""
    pairs = sorted((*timeline.comparisons, *timeline.not_aligned), key=lambda pair: (pair[1] - pair[0], pair))
    return tuple(_report(visits, timeline, pair, settings) for pair in pairs)


def _report(
    visits: Sequence[Visit], timeline: Timeline, pair: tuple[int, int], settings: CompareSettings
) -> PairReport:
    facts = visits[pair[0]].facts, visits[pair[1]].facts
    years, comparison = years_between(*facts), timeline.comparisons.get(pair)
    if comparison is None:
        problem = timeline.not_aligned[pair].problem
        text = f"The visits could not be aligned: they {problem}. Nothing is called new or gone from one to the other."
        pictures: tuple[QualityFlag, ...] = (QualityFlag("not_aligned", "warning", text),)
    else:
        pictures = picture_flags(comparison.alignment, comparison.changes, years, settings)
    if pair[1] != pair[0] + 1:  # what the papers say stands with neighbours, and not every lesion was asked for
        flags = [flag for flag in pictures if flag.severity == "warning"]
    else:
        flags = sorted((*fact_flags(*facts), *pictures), key=lambda flag: flag.severity != "warning")
    return PairReport(*pair, years, comparison, tuple(flags))
