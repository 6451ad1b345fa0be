"""The section and the table of vertebral heights."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from crmo_seg.report.vertebrae import HEADINGS, vertebra_section, write_vertebrae_csv
from crmo_seg.sites.vertebral_height import AT_BORDER, BodyHeights
from crmo_seg.sites.vertebral_loss import COLUMNS, beside_neighbours

ROWS: list[dict[str, Any]] = [
    one.to_dict()
    for one in beside_neighbours(
        [
            BodyHeights("T7", 19.04, 19.0, 19.0, 19.0, 1.0),
            BodyHeights("T8", 12.0, 15.0, 20.0, 15.67, 1.25),
            BodyHeights("T9", 21.0, 21.0, 21.0, 21.0, 1.0),
            BodyHeights("T10", note=AT_BORDER),
        ]
    )
]


def test_what_the_section_says() -> None:
    section = vertebra_section(ROWS)
    assert section is not None
    assert section.first == "Lower by 20 % or more: T8 (40 %, grade 3)."
    assert [row[0] for row in section.rows] == ["T7", "T8", "T9"]
    cells = dict(zip(HEADINGS, section.rows[1], strict=True))
    assert cells == {
        "Level": "T8", "Front (mm)": "12.0", "Middle (mm)": "15.0", "Back (mm)": "20.0", "Mean (mm)": "15.7",
        "Front to back": "60 %", "Middle to back": "75 %", "Front to neighbours": "60 %",
        "Middle to neighbours": "75 %", "Back to neighbours": "100 %", "Mean to neighbours": "78 %",
        "Neighbours": "T7, T9", "Largest loss": "40 %", "Grade": "3", "Remark": "",
    }  # fmt: skip
    assert f"Not measured: T10 ({AT_BORDER})." in section.note
    assert "a voxel along the spine (1.2 mm)" in section.note
    assert "no diagnosis" in section.note
    assert "doi:10.1002/jbmr.5650080915" in section.note


def test_without_a_measured_vertebra_there_is_no_section() -> None:
    assert vertebra_section(None) is None
    assert vertebra_section([ROWS[3]]) is None
    section = vertebra_section([ROWS[0]])
    assert section is not None
    assert section.first == ""
    assert "Not measured" not in section.note


def test_the_table(tmp_path: Path) -> None:
    path = tmp_path / "vertebrae.csv"
    write_vertebrae_csv(path, ROWS)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["level"], row["front_mm"], row["genant_style_grade"], row["note"]) for row in rows] == [
        ("T7", "19.04", "0", ""), ("T8", "12.0", "3", ""), ("T9", "21.0", "0", ""), ("T10", "", "", AT_BORDER),
    ]  # fmt: skip
