"""The chart of the burden: volume and number of lesions by visit, as coordinates for an inline SVG.

Drawn by the page itself, so that it follows its light or dark colours and needs no picture. Units are those of the
SVG's ``viewBox``, y downwards.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 760
HEIGHT: Final = 150
"""Of one panel without its labels."""
LEFT: Final = 52
RIGHT: Final = 24
LEAST_GAP: Final = 18.0
"""Visits are drawn at least so far apart, so that their numbers can be read."""
DATE_WIDTH: Final = 76.0
TICKS: Final = 4


@dataclass(frozen=True)
class ChartPoint:
    """A visit in a panel.

    Attributes:
        x: of the point.
        y: of the point.
        text: its value.
        whole: False where lesions could not be assessed, so that the value is a lower bound.
    """

    x: float
    y: float
    text: str
    whole: bool


@dataclass(frozen=True)
class Panel:
    """One quantity by visit.

    Attributes:
        heading: what it is, with its unit.
        points: in the order of visits.
        line: the path through them.
        ticks: y and text of the values beside the axis.
    """

    heading: str
    points: tuple[ChartPoint, ...]
    line: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class AxisLabel:
    """A visit below a panel: its number, and its date where there is room for it."""

    x: float
    number: str
    date: str


def positions(dates: Sequence[str | None]) -> tuple[float, ...]:
    """Where each visit stands along the axis: in proportion to time where all dates are known, else evenly spread.

    >>> positions(["2020-01-01", "2020-07-01", "2021-01-01"])[1] < positions([None, None, None])[1]
    True
    """
    days = [float(datetime.date.fromisoformat(date).toordinal()) for date in dates if date is not None]
    places = days if len(days) == len(dates) and days[-1] > days[0] else [float(i) for i in range(len(dates))]
    room = WIDTH - LEFT - RIGHT
    share = [(place - places[0]) / max(places[-1] - places[0], 1.0) for place in places]
    gap = min(LEAST_GAP, room / max(len(dates) - 1, 1))
    found: list[float] = []
    for index, one in enumerate(share):
        most = LEFT + room - gap * (len(share) - 1 - index)  # leaves room for those that come
        least = found[-1] + gap if found else float(LEFT)
        found.append(round(min(max(LEFT + room * one, least), most), 1))
    return tuple(found)


def axis_labels(dates: Sequence[str | None], x: Sequence[float]) -> tuple[AxisLabel, ...]:
    """The visits below a panel; a date that would overlap the one before is left to the table."""
    labels: list[AxisLabel] = []
    last = -math.inf
    for number, (date, place) in enumerate(zip(dates, x, strict=True), 1):
        fits = date is not None and place - last >= DATE_WIDTH
        last = place if fits else last
        labels.append(AxisLabel(place, str(number), date if date is not None and fits else ""))
    return tuple(labels)


def panel(heading: str, values: Sequence[float], x: Sequence[float], whole: Sequence[bool], decimals: int) -> Panel:
    """One quantity as coordinates.

    Args:
        heading: with the unit.
        values: by visit, 0 or more.
        x: of each visit.
        whole: by visit, whether all lesions could be assessed.
        decimals: of the values.
    """
    step = tick_step(max(values, default=0.0), whole_numbers=decimals == 0)
    top = max(step, step * math.ceil(max(values, default=0.0) / step))
    points = tuple(
        ChartPoint(place, _y(value, top), f"{value:.{decimals}f}", known)
        for value, place, known in zip(values, x, whole, strict=True)
    )
    line = "M" + " L".join(f"{point.x},{point.y}" for point in points)
    ticks = tuple((_y(step * i, top), f"{step * i:g}") for i in range(round(top / step) + 1))
    return Panel(heading, points, line, ticks)


def tick_step(largest: float, *, whole_numbers: bool) -> float:
    """A round distance of ticks: 1, 2 or 5 times a power of ten.

    >>> [tick_step(value, whole_numbers=False) for value in (0.0, 0.9, 37.0, 120.0)]
    [1.0, 0.5, 10.0, 50.0]
    >>> tick_step(2.0, whole_numbers=True)
    1.0
    """
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest / TICKS))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * TICKS >= largest)
    return max(step, 1.0) if whole_numbers else step


def _y(value: float, top: float) -> float:
    return round(HEIGHT * (1 - value / top), 1)
