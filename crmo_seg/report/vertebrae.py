"""Vertebral heights: ``vertebrae.csv``, and the section of the report, from ``vertebrae`` in ``summary.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from crmo_seg.files import write_table
from crmo_seg.sites.vertebral_loss import COLUMNS, GRADE_FROM

Row: TypeAlias = Mapping[str, Any]

HEADINGS: Final = (
    "Level", "Front (mm)", "Middle (mm)", "Back (mm)", "Mean (mm)", "Front to back", "Middle to back",
    "Front to neighbours", "Middle to neighbours", "Back to neighbours", "Mean to neighbours", "Neighbours",
    "Largest loss", "Grade", "Remark",
)  # fmt: skip
TEXT_HEADINGS: Final = ("Level", "Neighbours", "Remark")
"""Columns of words, which are set flush left."""

_MM: Final = ("front_mm", "middle_mm", "back_mm", "mean_mm")
_RATIOS: Final = (
    "front_to_back", "middle_to_back", "front_to_reference", "middle_to_reference", "back_to_reference",
    "mean_to_reference",
)  # fmt: skip


@dataclass(frozen=True)
class VertebraSection:
    """What a page shows of vertebral heights.

    Attributes:
        first: what to read first, a sentence; may be empty.
        rows: cells under ``headings``, a row for each vertebra.
        note: how it was measured, and what was not.
        headings: of the columns.
        text_headings: those of columns of words.
    """

    first: str
    rows: tuple[tuple[str, ...], ...]
    note: str
    headings: tuple[str, ...] = HEADINGS
    text_headings: tuple[str, ...] = TEXT_HEADINGS


def write_vertebrae_csv(path: Path, vertebrae: Sequence[Row]) -> None:
    """Write the table as CSV, complete or not at all.

    Args:
        path: the file.
        vertebrae: rows of ``VertebralLoss.to_dict``.
    """
    write_table(path, COLUMNS, vertebrae)


def vertebra_section(vertebrae: Sequence[Row] | None) -> VertebraSection | None:
    """The section; None where no vertebra was measured.

    >>> vertebra_section([{"level": "C3", "mean_mm": None, "note": "too few voxels"}]) is None
    True
    """
    measured = [row for row in vertebrae or () if row.get("mean_mm") is not None]
    if not measured:
        return None
    missing = [row for row in vertebrae or () if row.get("mean_mm") is None]
    return VertebraSection(_lowered(measured), tuple(map(_cells, measured)), _note(measured, missing))


def _lowered(rows: Sequence[Row]) -> str:
    found = [
        f"{row['level']} ({row['largest_loss_percent']:.0f} %, grade {row['genant_style_grade']})"
        for row in rows
        if row.get("genant_style_grade")
    ]
    return f"Lower by {100 * GRADE_FROM[0]:.0f} % or more: {', '.join(found)}." if found else ""


def _cells(row: Row) -> tuple[str, ...]:
    heights = ("" if row.get(name) is None else f"{row[name]:.1f}" for name in _MM)
    ratios = ("" if row.get(name) is None else f"{100 * row[name]:.0f} %" for name in _RATIOS)
    loss, grade = row.get("largest_loss_percent"), row.get("genant_style_grade")
    return (
        str(row["level"]),
        *heights,
        *ratios,
        str(row.get("reference_levels") or "").replace(" ", ", "),
        "" if loss is None else f"{loss:.0f} %",
        "" if grade is None else str(grade),
        str(row.get("note") or ""),
    )


def _note(measured: Sequence[Row], missing: Sequence[Row]) -> str:
    voxel_mm = max(row.get("resolution_mm") or 0.0 for row in measured)
    first, second, third = (f"{100 * limit:.0f} %" for limit in GRADE_FROM)
    sentences = [
        "Heights between the end plates in the mask of bones: at the front wall, in the middle third and at the back "
        "wall. A measurement, no diagnosis; only as good as the mask.",
        f"A height may be wrong by a voxel along the spine ({voxel_mm:.1f} mm), at the walls by up to two.",
        "Neighbours are the nearest ones above and below that could be measured and have not lost height themselves.",
        f"Grade: the limits of Genant 1993 (doi:10.1002/jbmr.5650080915) for the largest loss, 1 from {first}, 2 from "
        f"{second}, 3 from {third}; empty where front, back or neighbours are not known and the rest shows no loss.",
    ]
    return " ".join([*sentences, *_not_measured(missing)])


def _not_measured(missing: Sequence[Row]) -> list[str]:
    levels: dict[str, list[str]] = {}
    for row in missing:
        levels.setdefault(str(row.get("note") or "unknown"), []).append(str(row["level"]))
    parts = [f"{', '.join(names)} ({note})" for note, names in levels.items()]
    return [f"Not measured: {'; '.join(parts)}."] if parts else []
