"""What all augmenters are measured on, and how strong they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Patch = tuple[int, int, int]
Draw = Callable[[int], object]

LARGEST_ANGLE = math.radians(30)
SCALES = (0.7, 1.4)
WIDER = 1.6
"""Sides of the region from which a turned patch is cut, over the patch's; nnU-Net's rule gives about the same."""


def case_of(patch: Patch, *, wider: float = WIDER) -> tuple[Any, Any]:
    """Image (2, X, Y, Z) and label of three classes (1, X, Y, Z), somewhat smooth."""
    random = np.random.default_rng(0)
    shape = [round(side * wider) for side in patch]
    coarse = random.normal(size=(3, *[-(-side // 6) for side in shape]))
    fine = coarse.repeat(6, 1).repeat(6, 2).repeat(6, 3)[:, : shape[0], : shape[1], : shape[2]].astype(np.float32)
    image = fine[:2] + random.normal(0, 0.1, size=(2, *shape)).astype(np.float32)
    return image, (np.abs(fine[2:]) > 1).astype(np.uint8) + (fine[2:] > 2)


def is_flat(patch: Patch) -> bool:
    """Whether it is turned in plane only."""
    return patch[2] * 3 < patch[0]
