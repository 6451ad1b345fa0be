"""How numbers are written."""

from __future__ import annotations

import math

import pytest

from crmo_seg.evaluation.statistics import Interval
from crmo_seg.report.console import UNDEFINED
from crmo_seg.report.evaluation.elements import PageTable, readable, readable_interval, readable_p, without_empty


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (-0.0, "0.000"), (-0.0001, "0.000"), (0.9996, "1.000"), (1.0, "1.00"), (9.999, "10.00"),
     (99.96, "100.0"), (1234.5, "1234"), (-12.34, "-12.3"), (math.nan, UNDEFINED)],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert readable(value) == text


def test_intervals_and_p_values() -> None:
    assert readable_interval(Interval(-1.5, 0.25)) == "-1.50 to 0.250"
    assert readable_interval(Interval(math.nan, math.nan)) == UNDEFINED
    assert (readable_p(0.001), readable_p(0.0009), readable_p(1.0), readable_p(math.nan)) == (
        "0.001", "< 0.001", "1.00", UNDEFINED,
    )  # fmt: skip


def test_tables_without_rows_are_left_out() -> None:
    full = PageTable(("a",), (("1",),))
    assert without_empty([full, PageTable(("a",), ()), None]) == (full,)
