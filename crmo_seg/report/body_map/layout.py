"""Room on the drawing: dots that do not cover one another, and numbers beside the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from crmo_seg.report.body_map.figure import HALF_WIDTH, HEIGHT

MOST_NUMBERS: Final = 60

_LABEL_X: Final = HALF_WIDTH + 45.0
_LABEL_STEP: Final = 21.0
_PUSHES: Final = 40
_GAP: Final = 2.0


@dataclass(frozen=True)
class Mark:
    """A lesion on the drawing.

    Attributes:
        lesion_id: its number.
        text: what it is, in words.
        kind: ``lesion``, ``extremity`` (hands and feet) or a word of the caller, which gives the colour.
        x: of the dot, the patient's right at negative x.
        y: of the dot.
        radius: of the dot.
        unsided: whether the bone has a side that is not known.
        label_x: of the number; None where it has none.
        label_y: of the number.
    """

    lesion_id: int
    text: str
    kind: str
    x: float
    y: float
    radius: float
    unsided: bool = False
    label_x: float | None = None
    label_y: float | None = None


def apart(marks: Sequence[Mark]) -> list[Mark]:
    """Marks pushed up or down until no dot covers the middle of another."""
    y = [mark.y for mark in marks]
    for _ in range(_PUSHES):
        moved = False
        for first in range(len(marks)):
            for second in range(first):
                a, b = marks[first], marks[second]
                room = max(a.radius, b.radius) + 2.0
                if abs(a.x - b.x) < room and abs(y[first] - y[second]) < room - 0.01:
                    down = 1.0 if (y[first], first) >= (y[second], second) else -1.0
                    missing = (room - abs(y[first] - y[second])) / 2
                    y[first], y[second], moved = y[first] + down * missing, y[second] - down * missing, True
        if not moved:
            break
    return [replace(mark, y=round(value, 1)) for mark, value in zip(marks, y, strict=True)]


def numbered(marks: Sequence[Mark]) -> list[Mark]:
    """Numbers in a column on each side of the body, in the order of their dots; the largest lesions get one."""
    labelled = marks[:MOST_NUMBERS]
    right = [mark for mark in labelled if mark.x < 0]
    left = [mark for mark in labelled if mark.x > 0]
    for mark in (mark for mark in labelled if mark.x == 0):
        (left if len(left) < len(right) else right).append(mark)
    heights = {}
    for column, x in ((right, -_LABEL_X), (left, _LABEL_X)):
        for mark, y in zip(
            sorted(column, key=lambda one: one.y), _spread(sorted(one.y for one in column)), strict=True
        ):
            heights[mark.lesion_id] = (x, y)
    return [
        replace(mark, label_x=heights[mark.lesion_id][0], label_y=round(heights[mark.lesion_id][1], 1))
        if mark.lesion_id in heights
        else mark
        for mark in marks
    ]


def _spread(heights: Sequence[float]) -> list[float]:
    """Rising heights, moved as little as needed to lie a line apart and on the page."""
    step = min(_LABEL_STEP, HEIGHT / max(len(heights), 1))
    placed: list[float] = []
    for y in heights:
        placed.append(max(y, placed[-1] + step) if placed else y)
    limit = HEIGHT
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], limit)
        limit = placed[index] - step
    return placed
