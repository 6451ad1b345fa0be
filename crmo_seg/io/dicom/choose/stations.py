"""Which series of one examination are stations of one sequence; headers only.

Stations share how they were measured and lie elsewhere. Frames of reference are not compared: scanners start a new one
when the table moves, while positions go on in the same millimetres (DICOM PS3.3 C.7.4.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.io.dicom.choose.headers import (
    age,
    bounds_mm,
    grid_of,
    label_of,
    normal_of,
    number,
    says_composed,
    texts,
)
from crmo_seg.io.dicom.types import Stack
from crmo_seg.volume import Float64Array

LARGEST_TILT_DEGREES: Final = 10.0
"""Stations of one sequence are parallel up to this."""

SAME_PLACE_SHARE: Final = 0.8
"""Two series that share more than this part of the smaller one show the same place."""

_SPACING_TOLERANCE = 0.1
_TIME_TOLERANCE: Mapping[str, float] = MappingProxyType(
    # TR follows the number of slices and the breath of the patient from station to station.
    {"EchoTime": 0.1, "InversionTime": 0.15, "RepetitionTime": 0.5}
)
_COVERED_SHARE = 0.95
_LARGER = 1.3
_BOOKKEEPING = frozenset(
    ("ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "OTHER", "NONE", "ND", "NORM", "DIS2D", "DIS3D", "FM", "FIL", "SH")
)
_STATION_WORDS = re.compile(
    r"(?<![a-z])(s|st|stat|station|stack|bed|pos|position|step|part|level|head|neck|hals|kopf|chest|thorax|abdomen|abd"
    r"|pelvis|becken|hips?|upper|lower|thighs?|legs?|calf|calves|feet|foot|knees?|composed|composing|comp)(?![a-z])"
)
_NUMBER = re.compile(r"s?\d+")


@dataclass(frozen=True)
class StationSet:
    """All series of one sequence.

    Attributes:
        stations: from the head (or the right, or the front) on.
        composed: the series in which the scanner joined them, where there is one that covers them all.
        left_out: other series of the sequence, each with the reason.
    """

    stations: tuple[Stack, ...]
    composed: Stack | None
    left_out: tuple[tuple[Stack, str], ...] = ()

    @property
    def read(self) -> tuple[Stack, ...]:
        """What is read: the composed series alone, or the stations."""
        return (self.composed,) if self.composed else self.stations

    @property
    def members(self) -> tuple[Stack, ...]:
        """The composed series, then the stations."""
        return (*((self.composed,) if self.composed else ()), *self.stations)


def station_sets(stacks: Sequence[Stack]) -> tuple[StationSet, ...]:
    """Sequences of one examination, each with its stations; the stacks are volumes."""
    groups: list[list[Stack]] = []
    # Composed series last: their headers say less, so they join a group rather than begin one.
    for stack in sorted(stacks, key=says_composed):
        home = next((group for group in groups if _belongs(stack, group[0])), None)
        if home is None:
            groups.append([stack])
        else:
            home.append(stack)
    return tuple(_divide(group) for group in groups)


def _belongs(stack: Stack, first: Stack) -> bool:
    composed = says_composed(stack)
    parallel = abs(float(normal_of(stack) @ normal_of(first))) >= np.cos(np.radians(LARGEST_TILT_DEGREES))
    same_kind = composed or (_kind(stack) == _kind(first) and _same_spacing(stack, first))
    return parallel and same_kind and _measured_alike(stack, first)


def _kind(stack: Stack) -> tuple[frozenset[str], frozenset[str]]:
    image_type = frozenset(value.upper() for value in texts(stack, "ImageType"))
    return image_type - _BOOKKEEPING, frozenset(texts(stack, "ScanningSequence"))


def _same_spacing(stack: Stack, other: Stack) -> bool:
    spacings = np.sort(grid_of(stack).spacing_mm), np.sort(grid_of(other).spacing_mm)
    return bool(np.allclose(*spacings, rtol=_SPACING_TOLERANCE))


def _measured_alike(stack: Stack, other: Stack) -> bool:
    """By the times of the sequence; where these are missing, as in composed series, by the description too."""
    times = {keyword: _close_times(stack, other, keyword) for keyword in _TIME_TOLERANCE}
    told = times["EchoTime"] is not None and times["RepetitionTime"] is not None
    return False not in times.values() and (told or _words(stack) == _words(other))


def _close_times(stack: Stack, other: Stack, keyword: str) -> bool | None:
    """None where one of them does not tell."""
    value, second = number(stack, keyword), number(other, keyword)
    if value is None or second is None:
        return None
    return abs(value - second) <= _TIME_TOLERANCE[keyword] * max(value, second)


def _words(stack: Stack) -> frozenset[str]:
    """The description without what tells stations apart: numbers, regions, the word itself."""
    text = " ".join(texts(stack, "SeriesDescription")).lower().replace("_", " ")
    words = re.split(r"[^a-z0-9]+", _STATION_WORDS.sub(" ", text))
    return frozenset(word for word in words if word and not _NUMBER.fullmatch(word))


def _divide(stacks: Sequence[Stack]) -> StationSet:
    joined = sorted((stack for stack in stacks if _is_joined(stack, stacks)), key=age, reverse=True)
    stations, left_out = _without_repeats([stack for stack in stacks if stack not in joined])
    composed = next((stack for stack in joined if _covers(stack, stations)), None)
    others = [(stack, _why_not(stack, composed, stations)) for stack in joined if stack is not composed]
    return StationSet(_head_first(stations), composed, (*left_out, *others))


def _is_joined(stack: Stack, stacks: Sequence[Stack]) -> bool:
    """Composed by its own words, or because it is larger than others and covers several places."""
    inside = [other for other in stacks if _smaller(other, stack) and _share(other, stack) > SAME_PLACE_SHARE]
    apart = any(_share(one, other) < 1 - SAME_PLACE_SHARE for one in inside for other in inside)
    return says_composed(stack) or apart


def _why_not(stack: Stack, composed: Stack | None, stations: Sequence[Stack]) -> str:
    if composed is not None and _covers(stack, stations):
        return f"is composed, as is {label_of(composed)}, which is later"
    return "is composed, but does not cover all stations"


def _without_repeats(stacks: Sequence[Stack]) -> tuple[list[Stack], list[tuple[Stack, str]]]:
    """One series for each place: the larger, or of equals the later one."""
    kept: list[Stack] = []
    left_out: list[tuple[Stack, str]] = []
    sizes = {id(stack): not any(_smaller(stack, other) for other in stacks) for stack in stacks}
    for stack in sorted(stacks, key=lambda item: (sizes[id(item)], age(item)), reverse=True):
        other = next((item for item in kept if _share(stack, item) > SAME_PLACE_SHARE), None)
        if other is None:
            kept.append(stack)
        else:
            reason = "lies inside" if _smaller(stack, other) else "shows the same place as the later"
            left_out.append((stack, f"{reason} {label_of(other)}"))
    return kept, left_out


def _smaller(stack: Stack, other: Stack) -> bool:
    return _volume(*bounds_mm(stack)) * _LARGER < _volume(*bounds_mm(other))


def _share(stack: Stack, other: Stack) -> float:
    """Which part of the smaller one lies inside the other."""
    (low, high), (other_low, other_high) = bounds_mm(stack), bounds_mm(other)
    common = np.maximum(np.minimum(high, other_high) - np.maximum(low, other_low), 0)
    return float(np.prod(common)) / min(_volume(low, high), _volume(other_low, other_high))


def _volume(low: Float64Array, high: Float64Array) -> float:
    return float(np.prod(high - low))


def _covers(composed: Stack, stations: Sequence[Stack]) -> bool:
    if not stations:
        return True
    axis, (lowest, highest), (low, high) = _main_axis(stations), bounds_mm(*stations), bounds_mm(composed)
    common = min(high[axis], highest[axis]) - max(low[axis], lowest[axis])
    return bool(common >= _COVERED_SHARE * (highest - lowest)[axis])


def _main_axis(stacks: Sequence[Stack]) -> int:
    """The world axis along which stations follow each other; of one station its longest."""
    bounds = np.array([bounds_mm(stack) for stack in stacks])
    spread = np.ptp(bounds.mean(axis=1), axis=0) if len(stacks) > 1 else bounds[0, 1] - bounds[0, 0]
    return int(spread.argmax())


def _head_first(stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    axis = _main_axis(stacks) if stacks else 0
    return tuple(sorted(stacks, key=lambda stack: -float(sum(edge[axis] for edge in bounds_mm(stack)))))
