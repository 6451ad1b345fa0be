"""The report of a follow-up: two visits side by side, and what became of each lesion.

A lesion has one number on the whole page: that of its row in the table of changes, in both visits' pictures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from crmo_seg.files import written_whole
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.report.body_map.along import places_along
from crmo_seg.report.body_map.marks import BodyMap, body_map
from crmo_seg.report.change_rows import COLUMNS, KINDS, TEXT_COLUMNS, ChangeRow, change_rows, colour_of
from crmo_seg.report.page import PageViewer, page_viewer, render_page
from crmo_seg.report.pictures import map_note, projection_view
from crmo_seg.report.vertebra_changes import change_section, vertebra_changes
from crmo_seg.report.views import projection_plane
from crmo_seg.volume import Volume

BYTES_OF_EACH_SIGNAL: Final = 3_000_000
"""Compressed, so that a page with two scans stays below 15 MB."""

Numbers = Mapping[int, int]


@dataclass(frozen=True, eq=False)
class VisitView:
    """One visit as the page shows it; all volumes lie on one grid, in any orientation.

    Attributes:
        title: heads its pictures, for example ``Before, 2025-03-14``; no name of a patient.
        image: the signal, or None where it was not kept: bones are then shown in its place.
        lesion_map: lesions and their ids.
        bones: fine labels, or None.
        summary: what the visit's ``summary.json`` holds.
    """

    title: str
    image: Volume | None
    lesion_map: LesionMap
    bones: Volume | None
    summary: Mapping[str, Any]


def write_followup(
    path: Path,
    before: VisitView,
    now: VisitView,
    changes: Sequence[Mapping[str, Any]],
    *,
    facts: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
) -> None:
    """Write the page, complete or not at all.

    Args:
        path: the HTML file.
        before: the earlier visit.
        now: the later visit.
        changes: a row for each lesion or group of lesions, with the keys ``change`` (``new``, ``resolved``, ``grown``,
            ``shrunk``, ``stable``, ``not_in_view`` or another word), ``before_ids`` and ``now_ids`` (lesion ids, may
            be empty), and where known ``bone``, ``side``, ``segment``, ``volume_before_ml``, ``volume_now_ml``,
            ``volume_ratio``, ``signal_ratio_before``, ``signal_ratio_now``, ``note`` (a sentence), and
            ``before_ras_mm`` and ``now_ras_mm``: where a lesion that a visit lacks would be in it, which its viewer
            then shows. Missing or None is shown as empty.
        facts: lines for the head of the page, such as how well the visits could be aligned.
        warnings: sentences to read first.
    """
    with written_whole(path) as part:
        html = render_followup(before, now, changes, facts=facts, warnings=warnings)
        part.write_text(html, encoding="utf-8")


def render_followup(
    before: VisitView,
    now: VisitView,
    changes: Sequence[Mapping[str, Any]],
    *,
    facts: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
) -> str:
    """The page as HTML; arguments as in ``write_followup``."""
    rows = change_rows(changes, before.lesion_map, now.lesion_map)
    first = _renumbered(before, {lesion_id: row.number for row in rows for lesion_id in row.before_ids})
    second = _renumbered(now, {lesion_id: row.number for row in rows for lesion_id in row.now_ids})
    drawing = _drawing(first, second, rows)
    seen = {mark.kind for mark in drawing.marks}
    return render_page(
        "followup.html.j2",
        [_viewer("before", first, rows), _viewer("now", second, rows)],
        banner=RESEARCH_ONLY,
        case_ids=[str(visit.summary.get("case_id", "")) for visit in (before, now)],
        titles={"before": _title(before), "now": _title(now)},
        facts=dict(facts or {}),
        totals=_totals(rows, before.lesion_map, now.lesion_map),
        warnings=list(warnings),
        vertebrae=change_section(vertebra_changes(*(visit.summary.get("vertebrae") for visit in (before, now)))),
        columns={name: COLUMNS[name] for name in COLUMNS if any(row.cells[name] for row in rows)},
        text_columns=TEXT_COLUMNS,
        rows=rows,
        map=drawing if drawing.marks else None,
        map_kinds={kind: name for kind, (name, _) in KINDS.items() if kind in seen},
        map_note=map_note(drawing),
        projections={visit: _projection(view, rows) for visit, view in (("before", first), ("now", second))},
        provenance={visit.title: _provenance(visit.summary) for visit in (before, now)},
    )


def _renumbered(view: VisitView, numbers: Numbers) -> VisitView:
    """Lesions by the number of their row; those of one row become one."""
    labels = view.lesion_map.labels
    table = np.zeros(int(labels.array.max(initial=0)) + 1, dtype=np.int32)
    for lesion_id, number in numbers.items():
        if lesion_id < len(table):
            table[lesion_id] = number
    groups: dict[int, list[Lesion]] = {}
    for lesion in view.lesion_map.lesions:
        groups.setdefault(numbers[lesion.lesion_id], []).append(lesion)
    lesions = tuple(_together(number, group) for number, group in sorted(groups.items()))
    return replace(view, lesion_map=LesionMap(labels.with_array(table[labels.array]), lesions))


def _together(number: int, group: Sequence[Lesion]) -> Lesion:
    largest = max(group, key=lambda lesion: lesion.volume_ml)
    return replace(largest, lesion_id=number, volume_ml=sum(lesion.volume_ml for lesion in group))


def _background(view: VisitView) -> Volume:
    """The signal; where it was not kept, the bones as an X-ray would show them, and without those black."""
    if view.image is not None:
        return view.image
    labels = (view.bones or view.lesion_map.labels).canonical()
    inside = labels.array > 0 if view.bones else np.zeros(labels.array.shape, dtype=np.bool_)
    thickness = inside.sum(axis=projection_plane(labels.geometry).normal, keepdims=True)
    return labels.with_array(np.where(inside, thickness, 0).astype(np.float32))


def _title(view: VisitView) -> str:
    return view.title if view.image is not None else f"{view.title} (bones, since the scan was not kept)"


def _viewer(key: str, view: VisitView, rows: Sequence[ChangeRow]) -> PageViewer:
    colours = {row.number: colour_of(row.kind) for row in rows}
    image = _background(view)
    found = page_viewer(key, image, view.lesion_map, view.bones, colours=colours, largest_bytes=BYTES_OF_EACH_SIGNAL)
    expected = {str(row.number): place for row in rows if (place := row.places.get(key)) is not None}
    return replace(found, settings=replace(found.settings, points=expected | found.settings.points))


def _drawing(before: VisitView, now: VisitView, rows: Sequence[ChangeRow]) -> BodyMap:
    """A dot a row: at the lesion as it is now, or as it was where there is none now."""
    current = {lesion.lesion_id: lesion for lesion in now.lesion_map.lesions}
    former = {lesion.lesion_id: lesion for lesion in before.lesion_map.lesions}
    along = {**places_along(before.lesion_map, before.bones), **places_along(now.lesion_map, now.bones)}
    lesions = list((former | current).values())
    return body_map(lesions, now.bones or before.bones, along, {row.number: row.kind for row in rows})


def _projection(view: VisitView, rows: Sequence[ChangeRow]) -> Any:  # noqa: ANN401 - for the template
    colours = {row.number: "#{:02x}{:02x}{:02x}".format(*colour_of(row.kind)) for row in rows}
    return projection_view(_background(view), view.lesion_map, colours)


def _totals(rows: Sequence[ChangeRow], before: LesionMap, now: LesionMap) -> dict[str, str]:
    counts = Counter(row.kind for row in rows)
    totals = {name.capitalize(): str(counts[kind]) for kind, (name, _) in KINDS.items() if kind != "other"}
    if counts["other"]:
        totals["Not compared"] = str(counts["other"])
    return totals | {
        "Volume before": f"{before.total_volume_ml:.1f} ml",
        "Volume now": f"{now.total_volume_ml:.1f} ml",
    }


def _provenance(summary: Mapping[str, Any]) -> dict[str, str]:
    hashes = summary.get("hashes") or {}
    versions = summary.get("versions") or {}
    rows = {
        "Case": summary.get("case_id"),
        "Patient key": summary.get("patient_key"),
        "Visit": summary.get("visit"),
        "Model": summary.get("model"),
        "Software": f"crmo_seg {versions['crmo_seg']}" if "crmo_seg" in versions else None,
        "SHA-256 of the model": hashes.get("model_sha256"),
        "SHA-256 of the input": hashes.get("input_sha256"),
    }
    return {name: str(value) for name, value in rows.items() if value}
