"""The drawing: a child's outline and bones from the front, as curves of one side that are mirrored.

Units are thousandths of the standing height: ``y`` from the top of the head to the soles, ``x`` from the midline out.
Proportions are drawn by eye, about those of a ten-year-old: a drawing to point at, not an atlas.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

Point: TypeAlias = tuple[float, float]

HEIGHT: Final = 1000.0
HALF_WIDTH: Final = 210.0


@dataclass(frozen=True)
class Shape:
    """A curve through points.

    Attributes:
        points: of one side.
        width: of the line; 0 for an area.
        paired: whether there is another one, mirrored.
        knobs: radius of the round ends of a long bone.
    """

    points: tuple[Point, ...]
    width: float = 0.0
    paired: bool = True
    knobs: float = 0.0


BODY: Final[tuple[Shape, ...]] = (
    Shape(((0, 2), (34, 10), (52, 42), (54, 76), (46, 114), (28, 142), (0, 150))),
    Shape(((0, 132), (0, 205)), 52.0, paired=False),
    Shape(((0, 172), (48, 184), (92, 194), (110, 218), (104, 262), (93, 320), (86, 375), (90, 430), (98, 478),
           (96, 520), (70, 545), (0, 548))),
    Shape(((84, 194), (112, 203), (126, 230), (141, 300), (160, 372), (173, 430), (188, 508), (200, 540), (207, 578),
           (200, 604), (185, 606), (173, 575), (161, 530), (145, 450), (125, 385), (108, 300), (98, 250))),
    Shape(((97, 490), (99, 560), (93, 640), (84, 720), (86, 765), (88, 810), (81, 880), (75, 938), (84, 963),
           (102, 986), (100, 999), (72, 999), (54, 982), (47, 935), (40, 860), (35, 800), (39, 750), (33, 690),
           (18, 600), (5, 535), (40, 500))),
)  # fmt: skip
"""The outline: curves that flow together."""

BONES: Final = MappingProxyType({
    "skull": (Shape(((0, 10), (30, 17), (45, 44), (46, 76), (36, 104), (0, 112)),),),
    "mandible": (Shape(((36, 100), (34, 122), (20, 138), (0, 142)), 8.0),),
    "cervical_vertebra": (Shape(((0, 150), (0, 186)), 15.0, paired=False),),
    "thoracic_vertebra": (Shape(((0, 190), (0, 362)), 18.0, paired=False),),
    "lumbar_vertebra": (Shape(((0, 367), (0, 446)), 23.0, paired=False),),
    "sacrum": (Shape(((0, 450), (26, 452), (14, 486), (0, 508))),),
    "rib": tuple(
        Shape(((10, y), (0.62 * reach, y - 5), (reach, y + 12), (0.92 * reach, y + 26)), 4.5)
        for y, reach in zip(range(196, 352, 13), (44, 58, 68, 74, 78, 80, 82, 82, 81, 78, 62, 46), strict=True)
    ),
    "sternum": (Shape(((0, 200), (0, 288)), 12.0, paired=False),),
    "clavicle": (Shape(((10, 197), (48, 190), (94, 196)), 7.0),),
    "scapula": (Shape(((66, 206), (104, 202), (96, 232), (78, 286))),),
    "humerus": (Shape(((107, 208), (120, 290), (139, 370)), 9.0, knobs=8.5),),
    "radius": (Shape(((149, 384), (165, 450), (180, 508)), 6.0, knobs=5.0),),
    "ulna": (Shape(((137, 378), (152, 450), (169, 510)), 6.0, knobs=5.0),),
    "hand": (
        Shape(((168, 520), (184, 518), (190, 536), (174, 540))),
        *(Shape(((178 + dx, 540), (180 + 1.7 * dx, 560 + up)), 4.0) for dx, up in ((-6, 6), (-1, 10), (4, 9), (9, 4))),
        *(Shape(((181 + 1.8 * dx, 568 + up), (182 + 2.2 * dx, 594 + up)), 4.0)
          for dx, up in ((-6, 2), (-1, 6), (4, 4), (9, -2))),
        Shape(((186, 528), (199, 550)), 4.0),
    ),
    "pelvis": (
        Shape(((22, 446), (62, 436), (90, 452), (82, 484), (62, 502), (40, 496), (26, 474))),
        Shape(((54, 496), (30, 508), (4, 506)), 9.0),
        Shape(((58, 500), (46, 534), (24, 536), (8, 512)), 9.0),
    ),
    "femur": (Shape(((46, 506), (74, 516), (66, 590), (60, 660), (58, 722)), 11.0, knobs=11.0),),
    "patella": (Shape(((58, 728), (58, 731)), 17.0),),
    "tibia": (Shape(((56, 752), (58, 850), (57, 938)), 10.5, knobs=9.0),),
    "fibula": (Shape(((74, 760), (75, 850), (72, 942)), 5.5, knobs=5.0),),
    "foot": (
        Shape(((56, 950), (70, 948), (72, 962), (60, 964))),
        *(Shape(((62 + dx, 966), (70 + 2 * dx, 982)), 4.5) for dx in (0, 4, 8)),
        *(Shape(((72 + 2.1 * dx, 986), (75 + 2.5 * dx, 995)), 4.5) for dx in (0, 4, 8)),
    ),
})  # fmt: skip
"""Bones by head class, from the back to the front."""


def path_of(shape: Shape, sign: int) -> str:
    """SVG path data, smooth through the points (Catmull and Rom's curve as Bezier pieces).

    Args:
        shape: a line or an area; an area that begins and ends on the midline closes along it.
        sign: 1 for x as it stands, -1 mirrored.

    >>> path_of(Shape(((0, 0), (10, 0)), 2.0), -1)
    'M0,0 C-1.7,0 -8.3,0 -10,0'
    """
    points = [(sign * x, y) for x, y in shape.points]
    closed = not shape.width and shape.points[0][0] > 0
    around = [points[-1], *points, *points[:2]] if closed else [points[0], *points, points[-1]]
    pieces = [_piece(*around[i : i + 4]) for i in range(len(around) - 3)]
    start = f"M{_number(points[0][0])},{_number(points[0][1])}"
    return " ".join((start, *pieces)) + ("" if shape.width else " Z")


def _piece(before: Point, start: Point, stop: Point, after: Point) -> str:
    first = (start[0] + (stop[0] - before[0]) / 6, start[1] + (stop[1] - before[1]) / 6)
    second = (stop[0] - (after[0] - start[0]) / 6, stop[1] - (after[1] - start[1]) / 6)
    return "C" + " ".join(f"{_number(x)},{_number(y)}" for x, y in (first, second, stop))


def _number(value: float) -> str:
    return f"{round(value, 1) + 0.0:g}"
