"""What an evaluation can be asked to do differently; every number that a result depends on is written beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crmo_seg.errors import InputError
from crmo_seg.keys import MINIMUM_LESION_ML

MINIMUM_IOU: Final = 0.1
"""Pairs of lesions count from here on; lesions are small and their borders soft."""

LARGE_LESION_ML: Final = 0.5
"""Sensitivity is stated separately for lesions from this volume on."""


@dataclass(frozen=True)
class EvaluationSettings:
    """Definitions of an evaluation.

    Attributes:
        minimum_lesion_ml: smaller components are no lesions, on both sides.
        minimum_iou: pairs of lesions count from here on, by the rule of one-to-one pairs.
        surface_tolerance_mm: surfaces this close agree, for the normalised surface Dice.
        size_limits_ml: between the strata of size, rising; a lesion of exactly a limit is in the larger stratum.
        false_positives_per_scan: where the FROC curve is read (as LUNA16, doi:10.1016/j.media.2017.06.015).
        bootstrap_repeats: samples of patients that an interval is taken from.
        bootstrap_seed: of these samples.
        confidence_level: share of the samples that an interval holds.

    Raises:
        InputError: where a number makes no sense.
    """

    minimum_lesion_ml: float = MINIMUM_LESION_ML
    minimum_iou: float = MINIMUM_IOU
    surface_tolerance_mm: float = 3.0
    size_limits_ml: tuple[float, ...] = (LARGE_LESION_ML, 1.0, 5.0)
    false_positives_per_scan: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
    bootstrap_repeats: int = 2000
    bootstrap_seed: int = 0
    confidence_level: float = 0.95

    def __post_init__(self) -> None:
        limits = self.size_limits_ml
        checks = (
            ("minimum_lesion_ml", self.minimum_lesion_ml >= 0, "give a volume of 0 ml or more"),
            ("minimum_iou", 0 <= self.minimum_iou <= 1, "give a number from 0 to 1"),
            ("surface_tolerance_mm", self.surface_tolerance_mm >= 0, "give a distance of 0 mm or more"),
            ("size_limits_ml", list(limits) == sorted({*limits}) and min(limits, default=1) > 0, "give rising volumes"),
            ("bootstrap_repeats", self.bootstrap_repeats >= 1, "draw at least one sample"),
            ("confidence_level", 0 < self.confidence_level < 1, "give a number between 0 and 1"),
        )
        for name, good, remedy in checks:
            if not good:
                raise InputError(name, f"is {getattr(self, name)}", remedy)


DEFAULT_SETTINGS: Final = EvaluationSettings()
