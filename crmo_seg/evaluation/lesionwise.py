"""Agreement of two edema masks lesion by lesion.

A lesion is a 26-connected component of at least ``minimum_ml``; smaller components count neither as found nor as
false, on both sides. Two rules say when a lesion is found:

- *any overlap*: a reference lesion is found where any predicted lesion shares a voxel with it; a predicted lesion
  is false where it shares none with any reference lesion. One large prediction may find several lesions.
- *IoU*: reference and predicted lesions are paired one to one, and a pair counts from an IoU of 0.1 on.

Sensitivity, precision and F1 are those of the MSSEG challenge (doi:10.1038/s41598-018-31911-7). What is undefined
is NaN:

| predicted | reference | sensitivity | precision | F1                   |
|-----------|-----------|-------------|-----------|----------------------|
| none      | none      | NaN         | NaN       | NaN                  |
| some      | none      | NaN         | 0         | 0                    |
| none      | some      | 0           | NaN       | 0                    |
| some      | some      | 0 to 1      | 0 to 1    | 0 where nothing fits |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from crmo_seg.evaluation.settings import LARGE_LESION_ML, MINIMUM_IOU
from crmo_seg.evaluation.voxel import check_same_grid, ratio
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.lesions import LesionMap, find_lesions, match_one_to_one, overlap_voxels
from crmo_seg.volume import Array, Volume


@dataclass(frozen=True)
class LesionCounts:
    """Lesions of one scan, or of several added up.

    >>> counts = LesionCounts(n_ref=4, n_pred=5, n_found=3, n_false_positive=2)
    >>> counts.sensitivity, counts.precision, round(counts.f1, 4)
    (0.75, 0.6, 0.6667)
    """

    n_ref: int
    n_pred: int
    n_found: int
    n_false_positive: int

    @property
    def sensitivity(self) -> float:
        """Found over all reference lesions; NaN where there are none."""
        return ratio(self.n_found, self.n_ref)

    @property
    def precision(self) -> float:
        """True over all predicted lesions; NaN where there are none."""
        return ratio(self.n_pred - self.n_false_positive, self.n_pred)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision; 0 where nothing was found; NaN where no mask has a lesion."""
        if self.n_found == 0:
            return ratio(0.0, self.n_ref + self.n_pred)
        return 2.0 * self.sensitivity * self.precision / (self.sensitivity + self.precision)


@dataclass(frozen=True)
class LesionAgreement:
    """Counts of one scan by both rules.

    Attributes:
        any_overlap: one shared voxel is enough.
        iou: pairs one to one, of an IoU of at least ``MINIMUM_IOU``.
        n_large_ref: reference lesions of at least ``LARGE_LESION_ML``.
        n_large_found: those of them that any predicted lesion overlaps.
    """

    any_overlap: LesionCounts
    iou: LesionCounts
    n_large_ref: int
    n_large_found: int


@dataclass(frozen=True, eq=False)
class MatchedLesions:
    """Lesions of a prediction and of a reference, and what they share.

    Attributes:
        pred: predicted lesions.
        ref: reference lesions.
        shared: voxels of each pair, shape (reference lesions + 1, predicted lesions + 1), from ``shared_voxels``.
    """

    pred: LesionMap
    ref: LesionMap
    shared: NDArray[np.int64]


def compare_lesions(*, pred: Volume, ref: Volume, minimum_ml: float = MINIMUM_LESION_ML) -> LesionAgreement:
    """Count the lesions of two masks (nonzero is edema) on one grid.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    return count_agreement(match_lesions(pred=pred, ref=ref, minimum_ml=minimum_ml))


def match_lesions(
    *, pred: Volume, ref: Volume, minimum_ml: float = MINIMUM_LESION_ML, probability: Volume | None = None
) -> MatchedLesions:
    """Find the lesions of two masks (nonzero is edema) on one grid, and the voxels that each pair shares.

    Args:
        pred: predicted mask.
        ref: reference mask.
        minimum_ml: smaller components are no lesions.
        probability: of edema, for the mean probability of each predicted lesion.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    check_same_grid(pred=pred, ref=ref)
    found = find_lesions(pred, minimum_ml=minimum_ml, probability=probability)
    wanted = find_lesions(ref, minimum_ml=minimum_ml)
    return MatchedLesions(found, wanted, shared_voxels(pred=found.labels.array, ref=wanted.labels.array))


def count_agreement(matched: MatchedLesions, minimum_iou: float = MINIMUM_IOU) -> LesionAgreement:
    """Counts of one scan by both rules."""
    is_large = _is_large(matched.ref)
    return LesionAgreement(
        any_overlap=count_any_overlap(matched.shared),
        iou=count_one_to_one(matched.shared, minimum_iou),
        n_large_ref=int(is_large.sum()),
        n_large_found=int((is_large & matched.shared[1:, 1:].any(axis=1)).sum()),
    )


def shared_voxels(*, pred: Array, ref: Array) -> NDArray[np.int64]:
    """As ``overlap_voxels``, but counted only where either mask is: background against background stays 0.

    >>> shared_voxels(ref=np.array([0, 1, 1]), pred=np.array([0, 0, 2])).tolist()
    [[0, 0, 0], [1, 0, 1]]
    """
    either = (pred != 0) | (ref != 0)
    return overlap_voxels(pred=pred[either], ref=ref[either])


def count_any_overlap(shared: NDArray[np.int64]) -> LesionCounts:
    """Counts by the rule of any overlap.

    Args:
        shared: voxels of each pair, shape (reference lesions + 1, predicted lesions + 1), from ``overlap_voxels``.
    """
    meets = shared[1:, 1:] > 0
    n_ref, n_pred = meets.shape
    return LesionCounts(n_ref, n_pred, int(meets.any(axis=1).sum()), int((~meets.any(axis=0)).sum()))


def count_one_to_one(shared: NDArray[np.int64], minimum_iou: float = MINIMUM_IOU) -> LesionCounts:
    """Counts by the rule of one-to-one pairs of at least an IoU; ``shared`` as in ``count_any_overlap``."""
    n_ref, n_pred = shared.shape[0] - 1, shared.shape[1] - 1
    n_found = len(match_one_to_one(shared, minimum_iou))
    return LesionCounts(n_ref, n_pred, n_found, n_pred - n_found)


def pooled(counts: Iterable[LesionCounts]) -> LesionCounts:
    """Lesions of several scans added up.

    >>> pooled([LesionCounts(1, 1, 1, 0), LesionCounts(2, 3, 0, 3)])
    LesionCounts(n_ref=3, n_pred=4, n_found=1, n_false_positive=3)
    """
    rows = [astuple(one) for one in counts]
    return LesionCounts(*(sum(column) for column in zip(*rows, strict=True))) if rows else LesionCounts(0, 0, 0, 0)


def _is_large(lesions: LesionMap) -> NDArray[np.bool_]:
    # The tolerance keeps a lesion of exactly that volume, whatever the rounding of its voxels' volume.
    return np.array([lesion.volume_ml >= LARGE_LESION_ML - 1e-9 for lesion in lesions.lesions], dtype=np.bool_)
