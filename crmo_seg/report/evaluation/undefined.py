"""Why some patients have no value, in words: undefined is left out of a mean and never counted as 0 or 1."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from crmo_seg.evaluation.cohort import CohortSummary
from crmo_seg.evaluation.statistics import SMALLEST_N_FOR_INTERVAL

_NO_REFERENCE: Final = "they have no reference lesion"
_NO_PREDICTION: Final = "they have no predicted lesion"
_NEITHER_LESION: Final = "neither mask has a lesion"
_NEITHER: Final = "both masks are empty"
_EITHER: Final = "one mask or both are empty, so that there is no distance"
_LARGE: Final = "they have no reference lesion of that size"

_REASONS: Final = {
    "dice": _NEITHER,
    "dice_pooled": _NEITHER,
    "surface_dice": _NEITHER,
    "surface_dice_one_slice": _NEITHER,
    "hausdorff95_mm": _EITHER,
    "average_surface_distance_mm": _EITHER,
    "lesion_sensitivity": _NO_REFERENCE,
    "lesion_iou_sensitivity": _NO_REFERENCE,
    "large_lesion_sensitivity": _LARGE,
    "lesion_precision": _NO_PREDICTION,
    "lesion_iou_precision": _NO_PREDICTION,
    "lesion_f1": _NEITHER_LESION,
    "lesion_iou_f1": _NEITHER_LESION,
    "panoptic_quality": _NEITHER_LESION,
    "brats_dice": _NEITHER_LESION,
}
_OTHER_HEAD: Final = "no class is in either mask, or there is no label"


def undefined_sentences(summary: CohortSummary) -> tuple[str, ...]:
    """A sentence for each reason, naming the metrics that it holds for; and why there are no intervals."""
    found: dict[tuple[int, int, str], list[str]] = defaultdict(list)
    for name, one in summary.estimates.items():
        if one.n_defined < one.n:
            found[(one.n - one.n_defined, one.n, _REASONS.get(name, _OTHER_HEAD))].append(one.label)
    sentences = [
        f"Undefined for {missing} of {n} patients, since {reason}: {'; '.join(labels)}."
        for (missing, n, reason), labels in found.items()
    ]
    if summary.n_patients < SMALLEST_N_FOR_INTERVAL:
        sentences.append("There are no intervals: they are drawn over patients, and there is one.")
    return tuple(sentences)
