"""The page of a follow-up: one number for a lesion in both visits, and complete without its scripts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.anatomy import Side, Site, bone_named
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.report.followup import VisitView, render_followup, write_followup
from crmo_seg.volume import Geometry, Volume

GEOMETRY = Geometry(np.diag([5.0, 6.0, 5.0, 1.0]), (30, 4, 50))
WARNING = "The scans were made with different models."


def visit(title: str, starts: tuple[int, ...], *, image: bool = True) -> VisitView:
    """Lesions of falling size in a left femur."""
    mask = np.zeros(GEOMETRY.shape, dtype=bool)
    for number, start in enumerate(starts):
        mask[10 : 14 - number, 1:3, start : start + 4] = True
    found = find_lesions(Volume(mask, GEOMETRY))
    sited = tuple(replace(one, site=Site("femur", Side.LEFT)) for one in found.lesions)
    bones = np.zeros(GEOMETRY.shape, dtype=np.uint8)
    bones[9:16, :, 4:46] = bone_named("femur_left").label
    signal = np.random.default_rng(0).random(GEOMETRY.shape).astype(np.float32)
    return VisitView(
        title,
        Volume(signal, GEOMETRY) if image else None,
        LesionMap(found.labels, sited),
        Volume(bones, GEOMETRY),
        {"case_id": title.lower(), "visit": "2025-01-01", "model": "default"},
    )


CHANGES = [
    {"change": "resolved", "before_ids": [1], "now_ids": [], "volume_before_ml": 4.8, "bone": "femur", "side": "left",
     "now_ras_mm": (60.0, 9.0, 30.0)},
    {"change": "grown", "before_ids": [2], "now_ids": [1], "volume_before_ml": 3.6, "volume_now_ml": 4.8},
]  # fmt: skip


def settings_of(html: str) -> list[dict[str, dict[str, list[float]]]]:
    found = re.search(r'id="viewer-settings">(.*?)</script>', html, re.DOTALL)
    assert found
    viewers: list[dict[str, dict[str, list[float]]]] = json.loads(found[1])["viewers"]
    return viewers


def test_a_lesion_has_the_number_of_its_row_in_both_visits() -> None:
    before, now = settings_of(render_followup(visit("Before", (6, 30)), visit("Now", (30,)), CHANGES))
    # Row 1 is the grown lesion: before at its id 2, now at its id 1; row 2 has resolved, and the viewer of now
    # goes to where it was expected.
    assert set(before["points"]) == {"1", "2"}
    assert before["points"]["1"][2] == pytest.approx(now["points"]["1"][2], abs=5.0)
    assert now["points"]["2"] == [60.0, 9.0, 30.0]
    assert before["colours"]["1"] == now["colours"]["1"] != before["colours"]["2"]


def test_it_says_what_it_must() -> None:
    facts = {"Alignment": "good"}
    visits = visit("Before", (6, 30)), visit("Now", (30,))
    html = render_followup(*visits, CHANGES, facts=facts, warnings=[WARNING])
    for text in (RESEARCH_ONLY, WARNING, "good", "resolved", "grown", "left femur", "8.4 ml", "4.8 ml", "default"):
        assert text in html, text
    assert "default-src &#39;none&#39;" in html
    assert html.count('<img src="data:image/png') == 2


def test_without_images_and_without_lesions_there_is_still_a_page(tmp_path: Path) -> None:
    write_followup(tmp_path / "report.html", visit("Before", (), image=False), visit("Now", (), image=False), [])
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Neither visit has a lesion" in html
    assert "the scan was not kept" in html
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_names_cannot_bring_markup_in() -> None:
    evil = "<script>alert(1)</script>"
    rows = [{**row, "note": evil, "change": evil} for row in CHANGES]
    html = render_followup(visit("Before", (6, 30)), visit("Now", (30,)), rows, facts={evil: evil}, warnings=[evil])
    assert evil not in html
