"""``crmo-seg compare``: two prediction folders in, what changed out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.jobs.comparison.checking import check_pair
from crmo_seg.jobs.comparison.output import check_out, write_comparison
from crmo_seg.jobs.comparison.reading import read_visit
from crmo_seg.longitudinal.comparison import Comparison, compare_visits
from crmo_seg.longitudinal.identity import fact_flags, picture_flags, years_between
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.prediction import QualityFlag


@dataclass(frozen=True, eq=False)
class ComparisonResult:
    """What changed, and what a reader should know before believing it, warnings first."""

    comparison: Comparison
    flags: tuple[QualityFlag, ...]


def compare(
    before: Path,
    now: Path,
    out: Path,
    *,
    same_patient: bool = False,
    overwrite: bool = False,
    settings: CompareSettings = DEFAULT_SETTINGS,
) -> ComparisonResult:
    """Compare two visits of a patient; write ``changes.csv``, ``sites.csv``, ``comparison.json`` and ``report.html``.

    Args:
        before: prediction folder of the earlier visit.
        now: of the later visit.
        out: folder of the comparison.
        same_patient: compare in spite of different patient keys.
        overwrite: replace a comparison in ``out``.
        settings: how to align, match and classify.

    Returns:
        What was written.

    Raises:
        InputError: where a folder is no prediction, the patients differ, the dates are reversed, the visits cannot be
            aligned, or ``out`` holds something else.
    """
    check_out(out, overwrite=overwrite)
    visits = read_visit(before), read_visit(now)
    check_pair(*visits, same_patient=same_patient)
    first, second = (visit.facts for visit in visits)
    try:
        comparison = compare_visits(visits[0].masks, visits[1].masks, settings)
    except InputError as error:
        raise InputError(f"{before} and {now}", error.problem, error.remedy) from None
    pictures = picture_flags(comparison.alignment, comparison.changes, years_between(first, second), settings)
    flags = sorted((*fact_flags(first, second), *pictures), key=lambda flag: flag.severity != "warning")
    write_comparison(out, visits, comparison, tuple(flags), settings)
    return ComparisonResult(comparison, tuple(flags))
