"""The dictionary that flows through the transforms, and its keys.

A *prepared* sample holds a whole case on the model grid; a *patch* sample holds a window of it. Arrays are
(channel, X, Y, Z): ``image`` float32 with a channel for each sequence, ``label_<head>`` uint8 with one channel.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from crmo_seg.cases import LABEL_PREFIX

Sample: TypeAlias = dict[str, Any]

CASE: Final = "case"
IMAGE: Final = "image"
FOREGROUND: Final = "foreground"
"""Voxels of the first labelled head that has foreground, (n, 3); where patches are centred."""

CENTRE_ON_FOREGROUND: Final = "centre_on_foreground"


def label_key(head: str) -> str:
    """The key of a head's label: the same word as its manifest column."""
    return f"{LABEL_PREFIX}{head}"


def labelled_key(head: str) -> str:
    """The key of 1.0 where this case has that head's label, else 0.0."""
    return f"labelled_{head}"


def array_keys(heads: Iterable[str]) -> list[str]:
    """Keys of everything with voxels."""
    return [IMAGE, *(label_key(head) for head in heads)]
