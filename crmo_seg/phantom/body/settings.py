"""What can be set about the bodies of a phantom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from crmo_seg.errors import InputError

MOST_VARIATION: Final = 3.0
"""Beyond that bones leave their neighbours."""


@dataclass(frozen=True)
class BodySettings:
    """How unlike each other children are; 1 is the usual population, 0 gives mean children.

    Attributes:
        shape: multiplies the variation of the shapes of bones and organs.
        build: multiplies the spread of stature, body mass, breadth, thickness of bones and proportions.

    Raises:
        InputError: for a factor outside 0 to ``MOST_VARIATION``.
    """

    shape: float = 1.0
    build: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("shape", self.shape), ("build", self.build)):
            if not (math.isfinite(value) and 0 <= value <= MOST_VARIATION):
                raise InputError(f"body.{name}", f"is {value}", f"give a number from 0 to {MOST_VARIATION:g}")


USUAL_BODIES: Final = BodySettings()
