"""Coordinates of the chart, by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.report.timeline.chart import HEIGHT, LEAST_GAP, LEFT, RIGHT, WIDTH, axis_labels, panel, positions


def test_in_proportion_to_time_where_it_is_known() -> None:
    room = WIDTH - LEFT - RIGHT
    assert positions(["2020-01-01", "2021-01-01", "2024-01-01"]) == pytest.approx(
        (LEFT, LEFT + room * 366 / 1461, WIDTH - RIGHT), abs=0.06
    )
    even = (LEFT, LEFT + room / 2, WIDTH - RIGHT)
    assert positions(["2020-01-01", None, "2024-01-01"]) == pytest.approx(even)
    assert positions(["2020-01-01"] * 3) == pytest.approx(even)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dates(), min_size=2, max_size=12))
def test_visits_stay_apart_in_order_and_in_the_picture(dates: list[object]) -> None:
    x = positions([str(date) for date in sorted(map(str, dates))])
    assert x[0] >= LEFT
    assert x[-1] <= WIDTH - RIGHT
    assert min(b - a for a, b in pairwise(x)) >= LEAST_GAP - 0.11


def test_dates_that_would_overlap_are_left_out() -> None:
    labels = axis_labels(["2020-01-01", "2020-02-01", None, "2024-01-01"], (52.0, 70.0, 100.0, 700.0))
    assert [(label.number, label.date) for label in labels] == [
        ("1", "2020-01-01"), ("2", ""), ("3", ""), ("4", "2024-01-01")
    ]  # fmt: skip


def test_a_panel_by_hand() -> None:
    one = panel("ml", [0.0, 30.0, 40.0], (52.0, 400.0, 736.0), (True, False, True), 1)
    assert [(point.y, point.text, point.whole) for point in one.points] == [
        (HEIGHT, "0.0", True), (HEIGHT / 4, "30.0", False), (0.0, "40.0", True)
    ]  # fmt: skip
    assert [text for _, text in one.ticks] == ["0", "10", "20", "30", "40"]
    assert one.line == f"M52.0,{HEIGHT}.0 L400.0,{HEIGHT / 4} L736.0,0.0"


def test_without_any_lesion_the_line_lies_on_the_ground() -> None:
    one = panel("number", [0.0, 0.0], (52.0, 736.0), (True, True), 0)
    assert {point.y for point in one.points} == {HEIGHT}
    assert [text for _, text in one.ticks] == ["0", "1"]
