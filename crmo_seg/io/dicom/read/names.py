"""Short names that tell the stacks of one series apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from crmo_seg.io.dicom.read.frame_stack import FrameStack
from crmo_seg.io.dicom.read.header import number_of, text_of

_Namer: TypeAlias = Callable[[Sequence[FrameStack]], list[str]]

# Values of ImageType (vendors' conformance statements; PS3.3 C.8.13.3.1.1) -> words.
_KIND_WORDS: Final[Mapping[str, str]] = {
    "P": "phase",
    "PHASE": "phase",
    "PHASE MAP": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
    "W": "water",
    "WATER": "water",
    "F": "fat",
    "FAT": "fat",
    "IP": "in-phase",
    "IN_PHASE": "in-phase",
    "OP": "opposed-phase",
    "OPP_PHASE": "opposed-phase",
    "OUT_PHASE": "opposed-phase",
    "B0": "field-map",
    "M": "magnitude",
}


def stack_names(stacks: Sequence[FrameStack]) -> list[str]:
    """A name for each stack of one series, all different; empty for the only one."""
    if len(stacks) == 1:
        return [""]
    names = [""] * len(stacks)
    for namer in _NAMERS:
        longer = ["_".join(filter(None, pair)) for pair in zip(names, namer(stacks), strict=True)]
        says_more = len(set(longer)) > len(set(names)) or (namer is _kinds and len(set(namer(stacks))) > 1)
        names = longer if says_more else names
    return _unique(names)


def _unique(names: Sequence[str]) -> list[str]:
    totals, seen = Counter(names), Counter[str]()
    taken, unique = set(names), []
    for name in names:
        seen[name] += 1
        text = name
        if totals[name] > 1 or not name:
            text = f"{name}_stack-{seen[name]}".lstrip("_")
            while text in taken:
                text += "b"
        taken.add(text)
        unique.append(text)
    return unique


def _numbered(label: str, keyword: str) -> _Namer:
    return lambda stacks: [f"{label}-{text}" if (text := _value(stack, keyword)) else "" for stack in stacks]


def _echoes(stacks: Sequence[FrameStack]) -> list[str]:
    times = [number_of(stack.first.header, "EchoTime") for stack in stacks]
    ranks = {time: rank for rank, time in enumerate(sorted({time for time in times if time is not None}), start=1)}
    return [f"echo-{ranks[time]}" if time is not None else "" for time in times]


def _kinds(stacks: Sequence[FrameStack]) -> list[str]:
    types = [text_of(stack.first.header, "ImageType").upper().split("\\") for stack in stacks]
    shared = set(types[0]).intersection(*types)
    return [_kind_name([part for part in one if part not in shared]) for one in types]


def _kind_name(parts: Sequence[str]) -> str:
    for value, word in _KIND_WORDS.items():
        if value in parts:
            return word
    return re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")


def _stations(stacks: Sequence[FrameStack]) -> list[str]:
    return [f"station-{stack.station}" if stack.station else "" for stack in stacks]


def _value(stack: FrameStack, keyword: str) -> str:
    number = number_of(stack.first.header, keyword)
    return "" if number is None else f"{number:g}"


_NAMERS: Final[tuple[_Namer, ...]] = (
    _numbered("series", "SeriesNumber"),
    _echoes,
    _numbered("ti", "InversionTime"),
    _numbered("b", "DiffusionBValue"),
    _kinds,
    _stations,
)
