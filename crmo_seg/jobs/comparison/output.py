"""The folder of a comparison: tables, a summary and a page, complete or not at all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from crmo_seg import __version__
from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole, write_table
from crmo_seg.jobs.comparison.reading import Visit, read_analysed_image
from crmo_seg.jobs.comparison.tables import CHANGE_COLUMNS, SITE_COLUMNS, change_row, site_row
from crmo_seg.jobs.output import VERTEBRAE, VERTEBRAE_FILE
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.longitudinal.align import Alignment
from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.change import Change, LesionChange
from crmo_seg.longitudinal.comparison import Comparison
from crmo_seg.longitudinal.identity import years_between
from crmo_seg.longitudinal.settings import CompareSettings
from crmo_seg.longitudinal.site_changes import site_changes
from crmo_seg.prediction import QualityFlag
from crmo_seg.report.followup import VisitView, write_followup
from crmo_seg.report.vertebra_changes import CHANGE_COLUMNS as VERTEBRA_COLUMNS
from crmo_seg.report.vertebra_changes import vertebra_changes

SCHEMA_VERSION: Final = 1
COMPARISON_FILE: Final = "comparison.json"
CHANGES_FILE: Final = "changes.csv"
SITES_FILE: Final = "sites.csv"
REPORT_FILE: Final = "report.html"


def check_out(out: Path, *, overwrite: bool, what: str = "comparison", known_by: str = COMPARISON_FILE) -> None:
    """Refuse a folder that holds anything but a result of the same kind that may be replaced: it is replaced whole.

    Args:
        out: folder to write.
        overwrite: whether such a result may be replaced.
        what: the kind of result, for messages.
        known_by: the file that every such result has.

    Raises:
        InputError: where it is a file, holds something else, or such a result without ``overwrite``.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir():
        raise InputError(out, "is a file", f"give a folder for the {what}")
    if not (out / known_by).is_file():
        raise InputError(out, "holds other files, and would be replaced", f"give a new folder for the {what}")
    if not overwrite:
        raise InputError(out, f"holds a {what}", "give --overwrite to replace it, or another folder")


def write_comparison(
    out: Path,
    visits: tuple[Visit, Visit],
    comparison: Comparison,
    flags: tuple[QualityFlag, ...],
    settings: CompareSettings,
) -> None:
    """Write tables, summary and page.

    Args:
        out: the folder, replaced whole.
        visits: the earlier and the later one.
        comparison: what changed.
        flags: what a reader should know.
        settings: goes into the summary.

    Raises:
        InputError: where the folder cannot be written.
    """
    with folder_written_whole(out) as part:
        write_table(part / CHANGES_FILE, CHANGE_COLUMNS, map(change_row, comparison.changes))
        write_table(part / SITES_FILE, SITE_COLUMNS, map(site_row, site_changes(comparison.changes)))
        summary = comparison_summary(visits, comparison, flags, settings)
        (part / COMPARISON_FILE).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        heights = vertebra_changes(*(visit.summary.get(VERTEBRAE) for visit in visits))
        if heights:
            write_table(part / VERTEBRAE_FILE, VERTEBRA_COLUMNS, heights)
        warnings = [flag.text for flag in flags if flag.severity == "warning"]
        facts = report_facts(visits, comparison)
        before, now = (_view(visit) for visit in visits)
        write_followup(
            part / REPORT_FILE, before, now, list(map(page_row, comparison.changes)), facts=facts, warnings=warnings
        )


def comparison_summary(
    visits: tuple[Visit, Visit], comparison: Comparison, flags: tuple[QualityFlag, ...], settings: CompareSettings
) -> dict[str, Any]:
    """The content of ``comparison.json``."""
    before, now = visits
    alignment, counts = comparison.alignment, Counter(change.change for change in comparison.changes)
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": RESEARCH_ONLY,
        "before": visit_summary(before),
        "now": visit_summary(now),
        "years_between": _rounded(years_between(before.facts, now.facts)),
        "counts": {change.value: counts[change] for change in Change},
        **alignment_summary(alignment),
        "quality_flags": [flag.to_dict() for flag in flags],
        "settings": asdict(settings),
        "versions": {"crmo_seg": __version__},
    }


def alignment_summary(alignment: Alignment) -> dict[str, Any]:
    """Growth, and how well each bone fits."""
    return {
        "growth": {"length": round(alignment.scale, 4), "volume": round(alignment.scale**3, 4)},
        "alignment": {
            name: {
                "residual_mm": round(bone.registration.residual_mm, 2),
                "overlap_dice": round(bone.registration.overlap, 3),
                "reliable": bone.reliable,
            }
            for name, bone in alignment.bones.items()
        },
    }


def visit_summary(visit: Visit) -> dict[str, Any]:
    """What a summary says of a visit."""
    lesions = visit.masks.lesion_map
    return {
        "case_id": visit.summary.get("case_id"),
        "patient_key": visit.facts.patient_key,
        "visit": visit.facts.visit,
        "model_sha256": visit.facts.model_sha256,
        "n_lesions": len(lesions.lesions),
        "total_volume_ml": round(lesions.total_volume_ml, 4),
    }


def report_facts(visits: tuple[Visit, Visit], comparison: Comparison) -> dict[str, str]:
    """Lines for the head of the page."""
    bones = comparison.alignment.bones.values()
    good = [bone for bone in bones if bone.reliable]
    facts = {}
    years = years_between(*(visit.facts for visit in visits))
    if years is not None:
        facts["Time between the visits"] = f"{12 * years:.0f} months"
    if bones:
        facts["Growth of the bones"] = f"{100 * (comparison.alignment.scale - 1):+.1f} % in length"
        facts["Alignment"] = f"{len(good)} of {len(bones)} bones with lesions aligned well"
    if good:
        worst = max(bone.registration.residual_mm for bone in good)
        facts["Distance of surfaces after alignment"] = f"at most {worst:.1f} mm in the mean over a bone"
    return facts


def page_row(change: LesionChange) -> dict[str, Any]:
    """A row as the page takes it: ids as numbers, and the place at the visit that lacks the lesion."""
    row: dict[str, Any] = {**change_row(change)}
    row["before_ids"] = [one.lesion.lesion_id for one in change.before]
    row["now_ids"] = [one.lesion.lesion_id for one in change.now]
    if change.change is not Change.NOT_IN_VIEW:
        row["before_ras_mm"] = None if change.before else _place(change.now)
        row["now_ras_mm"] = None if change.now else _place(change.before)
    return row


def _place(lesions: Sequence[Carried]) -> tuple[float, float, float]:
    x, y, z = lesions[0].there_mm.mean(axis=0)
    return float(x), float(y), float(z)


def _view(visit: Visit) -> VisitView:
    title = visit.facts.visit or str(visit.summary.get("case_id") or visit.folder.name)
    return VisitView(title, read_analysed_image(visit), visit.masks.lesion_map, visit.masks.bones, visit.summary)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
