"""The dictionary that flows through the transforms, and its keys.

A *prepared* sample holds a whole case on the model grid; a *patch* sample holds a window of it. Arrays are
(channel, X, Y, Z): ``image`` float32 with a channel for each sequence, ``label_<head>`` uint8 with one channel.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.cases import LABEL_PREFIX

Sample: TypeAlias = dict[str, Any]

CASE: Final = "case"
IMAGE: Final = "image"
AIR: Final = "air"
"""Each sequence's signal in air, float32 (sequence,): the smallest value of the whole prepared image."""
FOREGROUND: Final = "foreground"
"""In a prepared sample ``ForegroundPositions``; for one patch the voxels (n, 3) of which one is to lie inside."""

ForegroundPositions: TypeAlias = dict[str, dict[int, NDArray[np.int32]]]
"""Head -> region -> voxels (n, 3) of it, thinned out evenly.

A region is a class that the case has, by its value; of a head of one class it is a component, the largest is 1.
"""

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
