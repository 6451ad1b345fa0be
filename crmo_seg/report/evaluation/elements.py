"""What the page is made of, as data: tables, figures and sections; and how numbers are written on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crmo_seg.evaluation.statistics import Interval
from crmo_seg.report.console import UNDEFINED

_SMALLEST_P: Final = 0.001


@dataclass(frozen=True)
class PageTable:
    """A table; the first column holds words, the others numbers.

    Attributes:
        columns: headings.
        rows: cells, as many as there are columns.
        caption: what the table is, above it; empty where the section's heading says so.
        note: below the table.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class PageFigure:
    """A picture.

    Attributes:
        name: of its PNG file, without the ending.
        png: the file.
        alt: what is to be seen, for those who do not see it.
        caption: below the picture.
    """

    name: str
    png: bytes
    alt: str
    caption: str


@dataclass(frozen=True)
class Tile:
    """A number of the head line."""

    label: str
    value: str
    interval: str
    counts: str


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        heading: of the part.
        text: a sentence or two below the heading.
        figures: on the left.
        tables: beside the figures, or over the whole width where there are none.
        items: sentences beside the figures.
        wide_tables: below all of that, over the whole width.
    """

    heading: str
    text: str = ""
    figures: tuple[PageFigure, ...] = ()
    tables: tuple[PageTable, ...] = ()
    items: tuple[str, ...] = ()
    wide_tables: tuple[PageTable, ...] = ()


def readable(value: float) -> str:
    """Three digits that matter, at most three of them decimals; a dash where undefined.

    >>> readable(0.8567), readable(12.345), readable(-104.84), readable(float("nan"))
    ('0.857', '12.3', '-105', '–')
    """
    if math.isnan(value):
        return UNDEFINED
    decimals = max(0, 3 - len(str(int(abs(value))))) if abs(value) >= 1 else 3
    # Without the addition of zero, what rounds to nothing could be "-0.000".
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def readable_interval(interval: Interval) -> str:
    """Both ends, or a dash where undefined.

    >>> readable_interval(Interval(0.25, 1.0))
    '0.250 to 1.00'
    """
    return UNDEFINED if math.isnan(interval.low) else f"{readable(interval.low)} to {readable(interval.high)}"


def readable_p(p: float) -> str:
    """A p value; a dash where the metric is not tested.

    >>> readable_p(0.0421), readable_p(0.00004), readable_p(float("nan"))
    ('0.042', '< 0.001', '–')
    """
    return f"< {_SMALLEST_P:g}" if p < _SMALLEST_P else readable(p)


def defined_of(n_defined: int, n: int) -> str:
    """How many values there are, and of how many where some are undefined.

    >>> defined_of(50, 50), defined_of(40, 50)
    ('50', '40 of 50')
    """
    return str(n) if n_defined == n else f"{n_defined} of {n}"


def counted(n: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "scan"), counted(3, "scan")
    ('1 scan', '3 scans')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def without_empty(tables: Sequence[PageTable | None]) -> tuple[PageTable, ...]:
    """The tables that have rows."""
    return tuple(table for table in tables if table is not None and table.rows)
