"""Phantoms beside the literature: rows of a table, and the intervals of what a study reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scipy import special

LEVEL: Final = 0.95
HEADINGS: Final = ("Quantity", "Phantom", "Counted", "Source", "95 % interval", "Inside", "From")


@dataclass(frozen=True)
class Row:
    """A quantity of a drawn cohort and of a published study.

    Attributes:
        name: of the quantity.
        value: of the phantom; nan where nothing could be counted.
        counted: children or lesions that the value is a share of; None for medians and means.
        reported: value of the source; infinite where it gives a direction only.
        low: lower limit of the 95 % confidence interval of the source.
        high: upper limit.
        source: name of the study.
        reference: where to find it.
        percent: whether values are shares.
    """

    name: str
    value: float
    counted: int | None
    reported: float
    low: float
    high: float
    source: str
    reference: str
    percent: bool

    @property
    def inside(self) -> bool:
        """Whether the phantom's value lies in the confidence interval of the source."""
        return self.low <= self.value <= self.high


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    >>> [round(limit, 3) for limit in wilson(5, 10)]
    [0.237, 0.763]
    """
    z, share = float(special.ndtri((1 + LEVEL) / 2)), hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def as_markdown(rows: Sequence[Row]) -> str:
    """The table for the docs, ending with a newline."""
    headings = (*HEADINGS, "Reference")
    cells = [headings, ("---",) * len(headings), *((*_cells(row), row.reference) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def as_text(rows: Sequence[Row]) -> str:
    """The table for a terminal, in columns, ending with a newline."""
    cells = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    value, reported, low, high = (_number(x, percent=row.percent) for x in (row.value, row.reported, row.low, row.high))
    interval = f"over {low}" if math.isinf(row.high) else f"{low} to {high}"
    counted = "" if row.counted is None else str(row.counted)
    reported = "more" if math.isinf(row.reported) else reported
    return row.name, value, counted, reported, interval, "yes" if row.inside else "NO", row.source


def _number(value: float, *, percent: bool) -> str:
    """One decimal, shares in percent.

    >>> _number(0.613, percent=True), _number(6.0, percent=False), _number(1.87, percent=False)
    ('61.3 %', '6.0', '1.9')
    """
    return f"{100 * value:.1f} %" if percent else f"{value:.1f}"
