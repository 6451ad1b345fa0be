"""How many look-alikes a phantom has and how bright they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crmo_seg.errors import InputError
from crmo_seg.phantom.normal.finding import FINDING_KINDS


@dataclass(frozen=True)
class NormalSettings:
    """Look-alikes of a data set; the defaults follow the studies of healthy children (see ``statistics``).

    Attributes:
        frequency: multiplies the expected number of findings; 0 gives none.
        strength: multiplies what a finding is brighter than muscle; above 1 the exam is harder.
        kinds: which of ``FINDING_KINDS`` may appear.

    Raises:
        InputError: for a negative factor or an unknown kind.
    """

    frequency: float = 1.0
    strength: float = 1.0
    kinds: tuple[str, ...] = FINDING_KINDS[1:]

    def __post_init__(self) -> None:
        for name in ("frequency", "strength"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"normal.{name}", f"is {value}", "give a number of 0 or more")
        unknown = [kind for kind in self.kinds if kind not in FINDING_KINDS[1:]]
        if unknown:
            raise InputError("normal.kinds", f"has the unknown kind {unknown[0]!r}", f"choose of {FINDING_KINDS[1:]}")
