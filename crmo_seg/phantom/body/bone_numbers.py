"""Random numbers that belong to a bone of a person: the same at each visit, shared in part by bones that are alike."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final
from zlib import crc32

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.bone_kinds import kind_of
from crmo_seg.phantom.body.child import Variation
from crmo_seg.phantom.solids.shapes import Vector

SHARES: Final = (0.70, 0.60, 0.387)
"""Of the standard deviation: common to the kind of bone, to the bone on both sides, of this side alone."""


def normals(variation: Variation, full_name: str, count: int, topic: str) -> Vector:
    """Standard normal numbers of a bone, (count,): alike in bones of a kind and on both sides."""
    bone = bone_named(full_name)
    parts = (kind_of(bone), "/" + bone.name, full_name + "!")
    drawn = [_drawn(variation.seed, f"{topic}/{part}", count) for part in parts]
    mixed: Vector = np.dot([SHARES], drawn)[0] * variation.strength
    return mixed


def bone_stream(seed: int, key: str) -> np.random.Generator:
    """The generator of a person's seed and a name."""
    return np.random.default_rng(np.random.SeedSequence((seed, crc32(key.encode()))))


@cache
def fixed_normals(name: str, rows: int) -> Vector:
    """Standard normal numbers that depend on a name only, (rows, 3); cannot be written to."""
    fixed = np.random.default_rng(crc32(name.encode())).standard_normal((rows, 3))
    fixed.setflags(write=False)
    return fixed


@lru_cache(maxsize=2048)
def _drawn(seed: int, key: str, count: int) -> Vector:
    """Kept, since many bones share some, and all visits of a person do; cannot be written to."""
    drawn = bone_stream(seed, key).standard_normal(count)
    drawn.setflags(write=False)
    return drawn
