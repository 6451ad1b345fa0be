"""Bounds of solids, found once for each."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeAlias, TypeVar

from crmo_seg.phantom.solids.formulas import Vector

Bounds: TypeAlias = tuple[Vector, Vector]
Solid = TypeVar("Solid")

_NAME = "_bounds"


def kept(bounds: Callable[[Solid], Bounds]) -> Callable[[Solid], Bounds]:
    """For the bounds of a solid, which never changes: what was found is given again, and cannot be written to."""

    @wraps(bounds)
    def remembered(solid: Solid) -> Bounds:
        known: Bounds | None = solid.__dict__.get(_NAME)
        if known is None:
            known = bounds(solid)
            for corner in known:
                corner.setflags(write=False)
            solid.__dict__[_NAME] = known  # a frozen dataclass takes no attribute otherwise
        return known

    return remembered
