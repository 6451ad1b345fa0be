"""Where on the drawing a bone is: a point for a short bone, a line from its trunk end to its far end for a long one."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Segment, Side, Site
from crmo_seg.report.body_map.figure import Point

_POINTS: Final = MappingProxyType({
    "skull": (0, 60), "mandible": (0, 140),
    "cervical_vertebra": (0, 168), "thoracic_vertebra": (0, 276), "lumbar_vertebra": (0, 406), "sacrum": (0, 470),
    "coccyx": (0, 504), "manubrium": (0, 208), "sternum": (0, 260), "scapula": (86, 236), "rib": (72, 280),
    "carpus": (178, 528), "metacarpals": (182, 556), "hand_phalanges": (187, 586), "hand": (182, 556),
    "ilium": (64, 464), "ischium": (42, 530), "pubis": (14, 508), "pelvis": (56, 484), "patella": (58, 730),
    "calcaneus": (58, 962), "talus": (62, 954), "tarsus": (66, 962), "metatarsals": (74, 974),
    "foot_phalanges": (86, 991), "foot": (68, 968),
})  # fmt: skip

_LINES: Final = MappingProxyType(
    {
        "clavicle": ((14, 197), (90, 195)),
        "humerus": ((108, 212), (139, 370)),
        "radius": ((149, 384), (180, 508)),
        "ulna": ((137, 380), (169, 508)),
        "femur": ((62, 516), (58, 724)),
        "tibia": ((56, 752), (57, 938)),
        "fibula": ((74, 760), (72, 942)),
    }
)
"""The proximal (of the clavicle the medial) and the distal end."""

LONG_BONES: Final = tuple(_LINES)

_LEVELS: Final = MappingProxyType({"C": (154, 186, 7), "T": (194, 360, 12), "L": (372, 442, 5)})
_RIBS: Final = tuple(zip((40, 54, 64, 70, 74, 76, 78, 78, 77, 74, 58, 42), range(208, 364, 13), strict=True))

_SEGMENT_RANGES: Final = MappingProxyType(
    {
        Segment.EPIPHYSIS: ((0.0, 0.03), (0.97, 1.0)),
        Segment.METAPHYSIS: ((0.07, 0.22), (0.78, 0.93)),
        Segment.DIAPHYSIS: ((0.3, 0.7),),
    }
)
"""Parts of a bone's length that stand for a segment on the drawing; no measurement."""

HANDS_AND_FEET: Final = frozenset({
    "carpus", "metacarpals", "hand_phalanges", "hand", "calcaneus", "talus", "tarsus", "metatarsals", "foot_phalanges",
    "foot",
})  # fmt: skip


def place_of(site: Site, along: float | None = None) -> Point | None:
    """The point of the drawing for a site, the patient's right at negative x; None where the bone is not known.

    A bone of unknown side lies on the midline.

    Args:
        site: of a lesion.
        along: how far along a long bone, 0 proximal to 1 distal; None where that is not known.

    >>> place_of(Site("tibia", Side.RIGHT, Segment.METAPHYSIS), along=0.05)
    (-56.1, 765.0)
    >>> place_of(Site("vertebra_T1")), place_of(Site())
    ((0.0, 194.0), None)
    """
    if site.bone is None:
        return None
    point = _point(site, along)
    if point is None:
        return None
    sign = {Side.LEFT: 1.0, Side.RIGHT: -1.0, None: 0.0}[site.side]
    return round(sign * point[0], 1) + 0.0, round(point[1], 1)


def _point(site: Site, along: float | None) -> Point | None:
    bone = site.bone or ""
    if bone in _LINES:
        return _on_line(_LINES[bone], _snapped(along, site.segment))
    vertebra = re.fullmatch(r"vertebra_([CTL])(\d+)", bone)
    if vertebra:
        top, bottom, count = _LEVELS[vertebra[1]]
        return 0.0, top + (bottom - top) * (int(vertebra[2]) - 1) / (count - 1)
    rib = re.fullmatch(r"rib_(\d+)", bone)
    return _RIBS[int(rib[1]) - 1] if rib else _POINTS.get(bone)


def _snapped(along: float | None, segment: Segment | None) -> float:
    """The place along the bone, moved to where the drawing shows that segment; the middle where neither is known."""
    if segment is None:
        return 0.5 if along is None else along
    if along is None and segment is not Segment.DIAPHYSIS:
        return 0.5  # at one of the ends, but not known which
    ranges = _SEGMENT_RANGES[segment]
    wanted = 0.5 if along is None else along
    nearest = [float(np.clip(wanted, low, high)) for low, high in ranges]
    return min(nearest, key=lambda value: abs(value - wanted))


def _on_line(line: tuple[Point, Point], share: float) -> Point:
    (x, y), (far_x, far_y) = line
    return x + (far_x - x) * share, y + (far_y - y) * share
