"""What can be set about the lesions of a phantom; the frequencies of the literature are fixed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from crmo_seg.errors import InputError


@dataclass(frozen=True)
class EdemaSettings:
    """How many children are ill, and how large and bright their lesions are.

    No study reports volumes of single lesions: their range and distribution are assumptions of this phantom.
    Small lesions of a few voxels up to a whole metaphysis are covered.

    Attributes:
        lesion_free: share of children without edema; at least 0.3 in any data set to train on.
        smallest_ml: sites that cannot hold it are left out.
        largest_ml: no lesion is larger.
        filled_median: volume over the marrow of its site.
        filled_spread: standard deviation of the logarithm of it.
        ratio_spread: of the logarithm of the signal ratio of lesion to muscle, between the lesions of a child.
        ratio_range: no lesion is darker or brighter.
        number_factor: multiplies the number of lesions of an ill child at its first visit.
    """

    lesion_free: float = 0.4
    smallest_ml: float = 0.05
    largest_ml: float = 40.0
    filled_median: float = 0.22
    filled_spread: float = 0.9
    ratio_spread: float = 0.34
    ratio_range: tuple[float, float] = (2.0, 12.0)
    number_factor: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not 0 <= self.lesion_free <= 1:
            raise InputError("lesion_free", f"is {self.lesion_free}, no share", "give a number from 0 to 1")
        if not 0 < self.smallest_ml < self.largest_ml:
            problem = f"{self.smallest_ml} to {self.largest_ml} is no range of volumes"
            raise InputError("smallest_ml, largest_ml", problem, "give 0 < smallest < largest")
        if self.filled_median <= 0 or self.filled_spread < 0:
            problem = f"{self.filled_median} and {self.filled_spread} are no median and spread"
            raise InputError("filled_median, filled_spread", problem, "give a median above 0 and a spread from 0 on")
        if self.ratio_spread < 0:
            raise InputError("ratio_spread", f"is {self.ratio_spread}", "give a spread from 0 on")
        if not 0 < self.ratio_range[0] < self.ratio_range[1]:
            raise InputError("ratio_range", f"{self.ratio_range} is no range", "give 0 < lowest < highest")
        if not 0 < self.number_factor < math.inf:
            raise InputError("number_factor", f"is {self.number_factor}", "give a number above 0")


DEFAULT_SETTINGS: Final = EdemaSettings()
