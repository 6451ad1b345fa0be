"""The page of a timeline: complete, without scripts, and nothing on it is markup of the user's."""

from __future__ import annotations

from pathlib import Path

from timeline_builders import course

from crmo_seg.anatomy import Side, Site
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.prediction import QualityFlag
from crmo_seg.report.timeline.page import PairNote, VisitColumn, render_timeline, write_timeline_page

COURSES = (
    course(1, ("present", "shrunk", "not_in_view"), (4.0, 2.0, 0.0), Site("femur", Side.LEFT)),
    course(2, ("present", "gone", "came_back"), (1.0, 0.0, 1.5), Site("sacrum")),
)
VISITS = (
    VisitColumn("a", "2020-01-01", 2, 5.0),
    VisitColumn("b", "2021-01-01", 1, 2.0),
    VisitColumn("c", "2023-01-01", 1, 1.5),
)
FLAG = QualityFlag("other_model", "warning", "The visits were predicted by different models.")
PAIRS = (PairNote(0, 1, 12.0, 0.05, 3, 2, (FLAG,)), PairNote(1, 2, None, None, 0, 0, ()))


def test_it_says_what_it_must() -> None:
    html = render_timeline(VISITS, COURSES, PAIRS, ["The order is that of the command."])
    for text in (
        RESEARCH_ONLY, FLAG.text, "The order is that of the command.", "2020-01-01 to 2023-01-01", "left femur",
        "came back", "not in the picture", "1 not assessable", "2 of 3", "+5.0 %", "≥ 1.5",
    ):  # fmt: skip
        assert text in html, text
    assert "<script" not in html
    assert "default-src &#39;none&#39;" in html
    assert html.count('<circle class="part"') == 2  # the last visit, in both panels


def test_totals_are_those_of_the_last_visit() -> None:
    html = render_timeline(VISITS, COURSES, PAIRS)
    assert "<dt>Came back</dt><dd>1</dd>" in html
    assert "<dt>Not assessable</dt><dd>1</dd>" in html
    assert "<dt>Gone</dt><dd>0</dd>" in html


def test_without_dates_and_without_lesions_there_is_still_a_page(tmp_path: Path) -> None:
    visits = [VisitColumn(name, None, 0, 0.0) for name in "ab"]
    write_timeline_page(tmp_path / "timeline.html", visits, (), PAIRS[1:1])
    html = (tmp_path / "timeline.html").read_text(encoding="utf-8")
    assert "No visit has a lesion" in html
    assert "date not known" not in html
    assert "evenly spread" in html
    assert [entry.name for entry in tmp_path.iterdir()] == ["timeline.html"]


def test_names_cannot_bring_markup_in() -> None:
    evil = "<b>x</b>"
    visits = [VisitColumn(evil, None, 1, 1.0) for _ in range(3)]
    pairs = [PairNote(0, 1, None, None, 0, 0, (QualityFlag("x", "warning", evil),))]
    courses = [course(1, ("present", "stable", "stable"), (1.0, 1.0, 1.0), Site(evil), note=evil)]
    assert evil not in render_timeline(visits, courses, pairs, [evil])
