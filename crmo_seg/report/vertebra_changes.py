"""Vertebral heights of two visits side by side: a table for ``crmo-seg compare``, and the section of its page.

A child grows between visits, so heights in mm do too; the height over that of the neighbours does not grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from crmo_seg.report.vertebrae import VertebraSection

Row: TypeAlias = Mapping[str, Any]

_COMPARED: Final = (
    "front_mm", "middle_mm", "back_mm", "mean_mm", "resolution_mm", "front_to_back", "mean_to_reference",
    "largest_loss_percent", "genant_style_grade",
)  # fmt: skip
CHANGE_COLUMNS: Final = ("level", *(f"{name}_{visit}" for name in _COMPARED for visit in ("before", "now")))
"""Of ``vertebrae.csv`` in the folder of a comparison."""

_SHOWN: Final = {
    "front_mm": ("Front (mm)", 1.0, ".1f"),
    "middle_mm": ("Middle (mm)", 1.0, ".1f"),
    "back_mm": ("Back (mm)", 1.0, ".1f"),
    "mean_mm": ("Mean (mm)", 1.0, ".1f"),
    "front_to_back": ("Front to back (%)", 100.0, ".0f"),
    "mean_to_reference": ("Mean to neighbours (%)", 100.0, ".0f"),
    "largest_loss_percent": ("Largest loss (%)", 1.0, ".0f"),
    "genant_style_grade": ("Grade", 1.0, ".0f"),
}
"""Columns of the page: heading, factor, format."""

_NOTE: Final = (
    "Before \N{RIGHTWARDS ARROW} now, of vertebrae measured in both visits; a value that is not known is "
    "\N{EN DASH}. Heights grow with the child, those over the neighbours' do not. A measurement in the masks of bones, "
    "no diagnosis: a height may be wrong by a voxel along the spine ({before:.1f} and {now:.1f} mm), at the walls by "
    "up to two. Grade: the limits of Genant 1993 (doi:10.1002/jbmr.5650080915) for the largest loss."
)


def vertebra_changes(before: Sequence[Row] | None, now: Sequence[Row] | None) -> list[dict[str, Any]]:
    """One row for each level measured in both visits, from the head down, with the keys ``CHANGE_COLUMNS``.

    Args:
        before: ``vertebrae`` of the earlier visit's ``summary.json``; None where it has none.
        now: of the later one's.

    >>> rows = vertebra_changes([{"level": "T8", "mean_mm": 12.0}], [{"level": "T8", "mean_mm": 9.0}])
    >>> rows[0]["mean_mm_before"], rows[0]["mean_mm_now"]
    (12.0, 9.0)
    """
    earlier = {row["level"]: row for row in before or () if row.get("mean_mm") is not None}
    return [
        {"level": row["level"]}
        | {
            f"{name}_{visit}": one.get(name)
            for name in _COMPARED
            for visit, one in (("before", earlier[row["level"]]), ("now", row))
        }
        for row in now or ()
        if row.get("mean_mm") is not None and row["level"] in earlier
    ]


def change_section(rows: Sequence[Row]) -> VertebraSection | None:
    """The section; None without rows."""
    if not rows:
        return None
    before, now = (max(row[f"resolution_mm_{visit}"] or 0.0 for row in rows) for visit in ("before", "now"))
    headings = ("Level", *(heading for heading, _, _ in _SHOWN.values()))
    note = _NOTE.format(before=before, now=now)
    return VertebraSection(_risen(rows), tuple(map(_cells, rows)), note, headings, ("Level",))


def _cells(row: Row) -> tuple[str, ...]:
    pairs = (
        tuple(_text(row[f"{name}_{visit}"], factor, form) for visit in ("before", "now"))
        for name, (_, factor, form) in _SHOWN.items()
    )
    arrow = " \N{RIGHTWARDS ARROW} "
    return (str(row["level"]), *(arrow.join(pair) for pair in pairs))


def _text(value: float | None, factor: float, form: str) -> str:
    return "\N{EN DASH}" if value is None else format(factor * value, form)


def _risen(rows: Sequence[Row]) -> str:
    """Levels whose grade is higher than it was, where both are known."""
    name = "genant_style_grade"
    risen = [
        f"{row['level']} ({row[f'{name}_before']} to {row[f'{name}_now']})"
        for row in rows
        if None not in (row[f"{name}_before"], row[f"{name}_now"]) and row[f"{name}_now"] > row[f"{name}_before"]
    ]
    return f"Grade of lost height higher than before: {', '.join(risen)}." if risen else ""
