"""Vertebral heights of two visits side by side."""

from __future__ import annotations

from typing import Any

from crmo_seg.report.vertebra_changes import CHANGE_COLUMNS, change_section, vertebra_changes
from crmo_seg.sites.vertebral_height import BodyHeights
from crmo_seg.sites.vertebral_loss import beside_neighbours

UNKNOWN = "\N{EN DASH} → \N{EN DASH}"


def rows_of(t8_mm: float, *, t9: bool = True) -> list[dict[str, Any]]:
    heights = [BodyHeights("T7", 20.0, 20.0, 20.0, 20.0, 1.0), BodyHeights("T8", t8_mm, 20.0, 20.0, t8_mm, 1.25)]
    heights.append(BodyHeights("T9", mean_mm=20.0, resolution_mm=1.0) if t9 else BodyHeights("T9", note="cut"))
    return [one.to_dict() for one in beside_neighbours(heights)]


def test_levels_measured_in_both_visits() -> None:
    rows = vertebra_changes(rows_of(19.0), rows_of(12.0, t9=False))
    assert [row["level"] for row in rows] == ["T7", "T8"]
    assert tuple(rows[1]) == CHANGE_COLUMNS
    assert (rows[1]["front_mm_before"], rows[1]["front_mm_now"]) == (19.0, 12.0)
    assert (rows[1]["genant_style_grade_before"], rows[1]["genant_style_grade_now"]) == (0, 3)


def test_the_section_tells_whose_grade_rose() -> None:
    section = change_section(vertebra_changes(rows_of(19.0), rows_of(12.0)))
    assert section is not None
    assert section.first == "Grade of lost height higher than before: T8 (0 to 3)."
    assert len({len(row) for row in section.rows} | {len(section.headings)}) == 1
    cells = dict(zip(section.headings, section.rows[1], strict=True))
    assert (cells["Front (mm)"], cells["Grade"]) == ("19.0 → 12.0", "0 → 3")
    thick = dict(zip(section.headings, section.rows[2], strict=True))
    assert (thick["Mean (mm)"], thick["Front (mm)"], thick["Grade"]) == ("20.0 → 20.0", UNKNOWN, UNKNOWN)
    assert "1.2 and 1.2 mm" in section.note


def test_visits_without_heights() -> None:
    assert vertebra_changes(None, rows_of(12.0)) == []
    assert vertebra_changes(rows_of(12.0), None) == []
    assert change_section([]) is None
