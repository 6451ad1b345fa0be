"""The visits of a timeline in the order of time, as far as it is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.jobs.comparison.checking import check_pair
from crmo_seg.jobs.comparison.reading import Visit
from crmo_seg.prediction import QualityFlag


def check_count(folders: Sequence[Path]) -> None:
    """Refuse fewer than two visits.

    Raises:
        InputError: as it says.
    """
    if len(folders) < 2:
        source = str(folders[0]) if folders else "timeline"
        raise InputError(source, f"is {len(folders)} visit", "give the folders of two or more visits of one patient")


def in_order(visits: Sequence[Visit]) -> tuple[tuple[Visit, ...], tuple[QualityFlag, ...]]:
    """The visits by date where all dates are known, else as they were given, and what a reader should know of that.

    Visits of one date keep the order in which they were given.
    """
    undated = [visit.folder.name for visit in visits if visit.facts.visit is None]
    if undated:
        text = f"The visits stand in the order of the command, as not all dates are known: {', '.join(undated)}."
        return tuple(visits), (QualityFlag("order_as_given", "warning", text, tuple(undated)),)
    found = tuple(sorted(visits, key=lambda visit: str(visit.facts.visit)))
    if found == tuple(visits):
        return found, ()
    text = "The visits were sorted by date; they were given in another order."
    return found, (QualityFlag("sorted_by_date", "info", text),)


def check_visits(visits: Sequence[Visit], *, same_patient: bool) -> None:
    """Refuse visits of which any two are no pair.

    Raises:
        InputError: where a folder is given twice, the patients differ, or dates that are known are reversed.
    """
    for before, now in combinations(visits, 2):
        check_pair(before, now, same_patient=same_patient)
