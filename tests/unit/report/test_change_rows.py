"""Rows of changes: none lost, none twice, what needs attention first."""

from __future__ import annotations

from typing import Any

import numpy as np

from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.report.change_rows import KINDS, change_rows
from crmo_seg.volume import Geometry, Volume


def lesion_map(*volumes_ml: float) -> LesionMap:
    lesions = tuple(Lesion(i, ml, 9.0, (0.0, 0.0, 0.0)) for i, ml in enumerate(volumes_ml, 1))
    return LesionMap(Volume(np.zeros((2, 2, 2), dtype=np.int32), Geometry(np.eye(4), (2, 2, 2))), lesions)


CHANGES: list[dict[str, Any]] = [
    {"change": "stable", "before_ids": [1], "now_ids": [1], "volume_before_ml": 2.0, "volume_now_ml": 2.1,
     "volume_ratio": 1.05, "bone": "femur", "side": "left", "segment": "metaphysis"},
    {"change": "new", "now_ids": [2], "volume_now_ml": 1.0, "note": "Beside the plate.", "before_ras_mm": (1, 2, 3)},
    {"change": "not_in_view", "before_ids": [2], "now_ids": []},
]  # fmt: skip


def test_rows_are_numbered_by_urgency_and_say_what_is_known() -> None:
    first, second, third = change_rows(CHANGES, lesion_map(2.0, 1.5), lesion_map(2.1, 1.0))
    assert [row.kind for row in (first, second, third)] == ["new", "stable", "other"]
    assert [row.number for row in (first, second, third)] == [1, 2, 3]
    assert first.cells["note"] == "Beside the plate."
    assert first.places == {"before": (1.0, 2.0, 3.0)}
    assert second.cells["place"] == "left femur, metaphysis"
    assert (second.cells["volume_ratio"], first.cells["volume_before_ml"]) == ("1.05", "")
    assert third.cells["change"] == "not in view"


def test_a_lesion_that_no_row_names_is_not_left_out() -> None:
    rows = change_rows(CHANGES[:1], lesion_map(2.0, 1.5), lesion_map(2.1))
    assert [(row.kind, row.before_ids, row.now_ids) for row in rows] == [("stable", (1,), (1,)), ("other", (2,), ())]
    assert rows[1].cells["change"] == "not compared"


def test_every_kind_has_its_own_colour() -> None:
    assert len({colour for _, colour in KINDS.values()}) == len(KINDS)
