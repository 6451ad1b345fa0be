"""Rows of the table of changes: numbered, in words, none left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from crmo_seg.lesions import Lesion, LesionMap

Colour: TypeAlias = tuple[int, int, int]
Place: TypeAlias = tuple[float, float, float]

KINDS: Final[Mapping[str, tuple[str, Colour]]] = MappingProxyType({
    "new": ("new", (230, 69, 92)),
    "grown": ("grown", (240, 138, 44)),
    "stable": ("stable", (224, 202, 60)),
    "shrunk": ("shrunk", (84, 174, 232)),
    "resolved": ("resolved", (53, 179, 126)),
    "other": ("not compared", (180, 138, 224)),
})  # fmt: skip
"""Word and colour of each class of change, what needs attention first; the colours of ``scan_page.css``."""

COLUMNS: Final[Mapping[str, str]] = MappingProxyType({
    "number": "No.",
    "change": "Change",
    "place": "Bone",
    "volume_before_ml": "ml before",
    "volume_now_ml": "ml now",
    "volume_ratio": "Ratio",
    "signal_ratio_before": "Signal ratio before",
    "signal_ratio_now": "Signal ratio now",
    "note": "Note",
})  # fmt: skip

TEXT_COLUMNS: Final = ("change", "place", "note")

_DECIMALS: Final = MappingProxyType({
    "volume_before_ml": 2, "volume_now_ml": 2, "volume_ratio": 2, "signal_ratio_before": 1, "signal_ratio_now": 1,
})  # fmt: skip


@dataclass(frozen=True)
class ChangeRow:
    """A lesion or a group of lesions of both visits.

    Attributes:
        number: on the page, from 1.
        kind: a key of ``KINDS``.
        before_ids: lesion ids at the earlier visit.
        now_ids: lesion ids at the later visit.
        cells: column -> text.
        places: visit (``before``, ``now``) -> RAS+ mm of where a lesion would be that it does not have.
    """

    number: int
    kind: str
    before_ids: tuple[int, ...]
    now_ids: tuple[int, ...]
    cells: Mapping[str, str]
    places: Mapping[str, Place]


def change_rows(changes: Sequence[Mapping[str, Any]], before: LesionMap, now: LesionMap) -> tuple[ChangeRow, ...]:
    """Rows for the page, what needs attention first; lesions that no row names get one as not compared."""
    named_before = {int(one) for row in changes for one in row.get("before_ids") or ()}
    named_now = {int(one) for row in changes for one in row.get("now_ids") or ()}
    missing = [_uncompared(lesion, "before") for lesion in before.lesions if lesion.lesion_id not in named_before]
    missing += [_uncompared(lesion, "now") for lesion in now.lesions if lesion.lesion_id not in named_now]
    order = list(KINDS)
    ordered = sorted([*changes, *missing], key=lambda row: (order.index(_kind(row)), -_volume(row)))
    return tuple(_row(number, row) for number, row in enumerate(ordered, 1))


def colour_of(kind: str) -> Colour:
    """Red, green and blue of a class of change."""
    return KINDS[kind][1]


def _uncompared(lesion: Lesion, visit: str) -> dict[str, Any]:
    site = lesion.site
    return {
        "change": "not_compared",
        f"{visit}_ids": [lesion.lesion_id],
        f"volume_{visit}_ml": lesion.volume_ml,
        "bone": site.bone,
        "side": site.side.value if site.side else None,
        "segment": site.segment.value if site.segment else None,
    }


def _row(number: int, row: Mapping[str, Any]) -> ChangeRow:
    cells = {name: "" if row.get(name) is None else f"{row[name]:.{n}f}" for name, n in _DECIMALS.items()}
    cells |= {
        "number": str(number),
        "change": str(row.get("change") or "").replace("_", " "),
        "place": _place(row),
        "note": str(row.get("note") or ""),
    }
    places = {visit: row.get(f"{visit}_ras_mm") for visit in ("before", "now")}
    return ChangeRow(
        number=number,
        kind=_kind(row),
        before_ids=tuple(int(one) for one in row.get("before_ids") or ()),
        now_ids=tuple(int(one) for one in row.get("now_ids") or ()),
        cells=cells,
        places={visit: _point(place) for visit, place in places.items() if place is not None},
    )


def _point(place: Sequence[float]) -> Place:
    x, y, z = (round(float(mm), 2) for mm in place)
    return x, y, z


def _kind(row: Mapping[str, Any]) -> str:
    change = str(row.get("change") or "")
    return change if change in KINDS else "other"


def _volume(row: Mapping[str, Any]) -> float:
    return max(float(row.get(name) or 0.0) for name in ("volume_before_ml", "volume_now_ml"))


def _place(row: Mapping[str, Any]) -> str:
    bone = " ".join(str(word).replace("_", " ") for word in (row.get("side"), row.get("bone")) if word)
    return ", ".join(word for word in (bone, str(row.get("segment") or "")) if word)
