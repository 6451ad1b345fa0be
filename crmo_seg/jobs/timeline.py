"""``crmo-seg timeline``: the prediction folders of several visits in, each lesion's whole course out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.jobs.comparison.output import check_out
from crmo_seg.jobs.comparison.reading import Visit, read_visit
from crmo_seg.jobs.timelines.ordering import check_count, check_visits, in_order
from crmo_seg.jobs.timelines.output import TIMELINE_FILE, write_timeline
from crmo_seg.jobs.timelines.pairs import PairReport, pair_reports
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.longitudinal.timeline import Timeline, follow_visits
from crmo_seg.prediction import QualityFlag


@dataclass(frozen=True, eq=False)
class TimelineResult:
    """The courses, and what a reader should know before believing them.

    Attributes:
        visits: in the order of time.
        timeline: the courses.
        pairs: what is said of each pair of visits.
        flags: of the whole timeline.
    """

    visits: tuple[Visit, ...]
    timeline: Timeline
    pairs: tuple[PairReport, ...]
    flags: tuple[QualityFlag, ...]


def timeline(
    folders: Sequence[Path],
    out: Path,
    *,
    same_patient: bool = False,
    overwrite: bool = False,
    settings: CompareSettings = DEFAULT_SETTINGS,
) -> TimelineResult:
    """Follow a patient; write ``timeline.csv``, ``burden.csv``, ``timeline.json`` and ``timeline.html``.

    Args:
        folders: prediction folders of two or more visits; sorted by date where all dates are known, else taken in
            this order.
        out: folder of the timeline.
        same_patient: go on in spite of different patient keys.
        overwrite: replace a timeline in ``out``.
        settings: how to align, match and classify.

    Returns:
        What was written.

    Raises:
        InputError: where a folder is no prediction or is given twice, the patients differ, dates that are known are
            reversed, no two neighbours can be aligned, or ``out`` holds something else.
    """
    check_count(folders)
    check_out(out, overwrite=overwrite, what="timeline", known_by=TIMELINE_FILE)
    visits, flags = in_order([read_visit(folder) for folder in folders])
    check_visits(visits, same_patient=same_patient)
    try:
        found = follow_visits([visit.masks for visit in visits], settings)
    except InputError as error:
        raise InputError(" and ".join(str(one.folder) for one in visits), error.problem, error.remedy) from None
    pairs = pair_reports(visits, found, settings)
    write_timeline(out, visits, found, pairs, flags, settings)
    return TimelineResult(visits, found, pairs, flags)
