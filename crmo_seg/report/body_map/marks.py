"""What is drawn on the body: bones by whether they were seen, a dot a lesion, a number beside the body for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmo_seg.anatomy import BONES_TABLE, Side
from crmo_seg.lesions import Lesion
from crmo_seg.report.body_map.figure import BODY, BONES, Shape, path_of
from crmo_seg.report.body_map.layout import Mark, apart, numbered
from crmo_seg.report.body_map.places import HANDS_AND_FEET, place_of
from crmo_seg.volume import Volume

RADIUS_OF_1_ML: Final = 6.0
SMALLEST_RADIUS: Final = 4.0
LARGEST_RADIUS: Final = 26.0


@dataclass(frozen=True)
class Curve:
    """A path of the drawing.

    Attributes:
        path: SVG path data.
        width: of the line; 0 for an area.
        seen: whether this bone, of this side, is in the scan; None where that is not known.
        knobs: (x, y, radius) of round ends.
    """

    path: str
    width: float
    seen: bool | None = None
    knobs: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class BodyMap:
    """The drawing.

    Attributes:
        body: outlines.
        bones: in the order in which they are drawn.
        marks: the largest first, so that small ones lie on top.
        unplaced: numbers of lesions that are on no bone.
    """

    body: tuple[Curve, ...]
    bones: tuple[Curve, ...]
    marks: tuple[Mark, ...]
    unplaced: tuple[int, ...]


def body_map(
    lesions: Sequence[Lesion],
    bones: Volume | None,
    along: Mapping[int, float],
    kinds: Mapping[int, str] | None = None,
) -> BodyMap:
    """The drawing of a patient's lesions.

    Args:
        lesions: with sites.
        bones: fine labels, which say what was seen; None where there are none.
        along: from ``places_along``.
        kinds: lesion id -> kind of its mark, where it shall not be told from the bone.
    """
    placed = {lesion.lesion_id: place_of(lesion.site, along.get(lesion.lesion_id)) for lesion in lesions}
    marks = [
        _mark(lesion, point, (kinds or {}).get(lesion.lesion_id))
        for lesion in sorted(lesions, key=lambda one: -one.volume_ml)
        if (point := placed[lesion.lesion_id]) is not None
    ]
    return BodyMap(
        body=tuple(curve for shape in BODY for curve in _curves(shape)),
        bones=_bone_curves(None if bones is None else seen_bones(bones)),
        marks=tuple(numbered(apart(marks))),
        unplaced=tuple(lesion_id for lesion_id, point in placed.items() if point is None),
    )


def seen_bones(bones: Volume) -> frozenset[tuple[str, Side | None]]:
    """Head class and side of every bone in the picture."""
    present = np.flatnonzero(np.bincount(bones.array.ravel(), minlength=256))
    return frozenset((bone.head_class, bone.side) for bone in BONES_TABLE if bone.label in present)


def radius_of(volume_ml: float) -> float:
    """Radius of a dot: it grows as that of a ball of the same volume, within limits.

    >>> radius_of(1.0), radius_of(8.0), radius_of(0.1)
    (6.0, 12.0, 4.0)
    """
    return float(np.clip(RADIUS_OF_1_ML * volume_ml ** (1 / 3), SMALLEST_RADIUS, LARGEST_RADIUS))


def words_of(lesion: Lesion) -> str:
    """Side, bone and segment of a lesion in words; empty where nothing is known.

    >>> words_of(Lesion(1, 1.0, 9.0, (0, 0, 0)))
    ''
    """
    site = lesion.site
    side = site.side.value if site.side else ""
    segment = site.segment.value if site.segment else ""
    place = " ".join(word for word in (side, (site.bone or "").replace("_", " ")) if word)
    return ", ".join(word for word in (place, segment) if word)


def _bone_curves(seen: frozenset[tuple[str, Side | None]] | None) -> tuple[Curve, ...]:
    curves = []
    for name, shapes in BONES.items():
        for shape in shapes:
            for sign, side in ((-1, Side.RIGHT), (1, Side.LEFT)):
                here = None if seen is None else bool(seen & {(name, side), (name, None)})
                curves += [replace(curve, seen=here) for curve in _curves(shape, sign)]
    return tuple(curves)


def _curves(shape: Shape, only: int | None = None) -> list[Curve]:
    signs = [sign for sign in ((-1, 1) if shape.paired else (1,)) if only in (None, sign)]
    ends = (shape.points[0], shape.points[-1]) if shape.knobs else ()
    return [
        Curve(path_of(shape, sign), shape.width, knobs=tuple((sign * x, y, shape.knobs) for x, y in ends))
        for sign in signs
    ]


def _mark(lesion: Lesion, point: tuple[float, float], kind: str | None) -> Mark:
    bone = lesion.site.bone or ""
    unsided = lesion.site.side is None and place_of(replace(lesion.site, side=Side.LEFT)) != point
    words = f"{words_of(lesion)}{' (side not known)' if unsided else ''}"
    return Mark(
        lesion_id=lesion.lesion_id,
        text=f"{lesion.lesion_id}: {words}, {lesion.volume_ml:.1f} ml",
        kind=kind or ("extremity" if bone in HANDS_AND_FEET else "lesion"),
        x=point[0],
        y=point[1],
        radius=round(radius_of(lesion.volume_ml), 1),
        unsided=unsided,
    )
