"""Lesions and look-alikes of many planned children beside the literature; no voxel is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from crmo_seg.errors import InputError
from crmo_seg.files import written_whole
from crmo_seg.phantom.comparison import Row, as_markdown, as_text
from crmo_seg.phantom.dataset import PhantomOptions, check_out
from crmo_seg.phantom.edema.fates import NextVisit
from crmo_seg.phantom.edema.statistics import cohort_statistics, visit_statistics
from crmo_seg.phantom.normal.statistics import PlannedChild, frequencies
from crmo_seg.phantom.plain.presets import PLAIN
from crmo_seg.phantom.settings import PhantomSettings
from crmo_seg.phantom.visit import VisitPlan, plan_visits, visit_findings

STATISTICS_FILE: Final = "statistics.md"

Tables = dict[str, tuple[Row, ...]]


def write_statistics(out: Path, options: PhantomOptions, on_case: Callable[[int, int], None] | None = None) -> str:
    """Plan the children, write ``OUT/statistics.md``, and return the same tables for a terminal.

    With two visits or more the fates of the lesions between the first two are compared too.

    Raises:
        InputError: for the preset ``plain``, which is compared nowhere, and where the file exists already.
    """
    if options.preset == PLAIN.name:
        raise InputError(f"preset {PLAIN.name!r}", "has no statistics", "take another preset")
    check_out(out, STATISTICS_FILE)
    tables = _tables(options.settings(), options, on_case)
    out.mkdir(parents=True, exist_ok=True)
    with written_whole(out / STATISTICS_FILE) as part:
        part.write_text(_joined(tables, as_markdown, "## "), encoding="utf-8")
    return _joined(tables, as_text, "")


def _tables(settings: PhantomSettings, options: PhantomOptions, on_case: Callable[[int, int], None] | None) -> Tables:
    children: list[tuple[VisitPlan, ...]] = []
    look_alikes: list[PlannedChild] = []
    for index in range(options.patients):
        visits = plan_visits(settings, options.seed, index, options.visits)
        children.append(visits)
        first = visits[0]
        look_alikes.append(PlannedChild(first.marks.child.age_years, visit_findings(settings, first)))
        if on_case is not None:
            on_case(index + 1, options.patients)
    tables = {
        f"Lesions of {len(children)} children": cohort_statistics(visits[0].lesions for visits in children),
        f"Look-alikes of {len(children)} children": frequencies(look_alikes),
    }
    if options.visits > 1:
        tables["From the first visit to the second"] = visit_statistics(
            (before.lesions, NextVisit(after.lesions, after.fates)) for before, after, *_ in children
        )
    return tables


def _joined(tables: Tables, form: Callable[[Sequence[Row]], str], mark: str) -> str:
    return "\n".join(f"{mark}{title}\n\n{form(rows)}" for title, rows in tables.items())
