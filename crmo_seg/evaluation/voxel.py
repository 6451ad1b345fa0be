"""Agreement of two masks or label volumes by the volume that they share.

What is undefined is NaN, never a silent 0 or 1:

| pred  | ref   | Dice            | volume error (ml) | volume ratio |
|-------|-------|-----------------|-------------------|--------------|
| empty | empty | NaN             | 0                 | NaN          |
| some  | empty | 0               | > 0               | NaN          |
| empty | some  | 0               | < 0               | 0            |
| some  | some  | 0 to 1          | any               | > 0          |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Array, GeometryError, Volume

_LABELS = 256
_SLAB_VOXELS = 2**21  # bounds the int64 copies to 16 MB each


@dataclass(frozen=True)
class Overlap:
    """Volumes of two masks and of what they share; the overlaps of several scans can be added up.

    >>> Overlap(pred_ml=3.0, ref_ml=1.0, shared_ml=1.0).dice
    0.5
    """

    pred_ml: float
    ref_ml: float
    shared_ml: float

    @property
    def dice(self) -> float:
        """Twice the shared volume over the sum of both (Dice 1945, doi:10.2307/1932409); NaN where both are empty."""
        return ratio(2.0 * self.shared_ml, self.pred_ml + self.ref_ml)

    @property
    def volume_error_ml(self) -> float:
        """Predicted less reference volume: above 0 where the prediction is too large."""
        return self.pred_ml - self.ref_ml

    @property
    def volume_ratio(self) -> float:
        """Predicted over reference volume; NaN where the reference is empty."""
        return ratio(self.pred_ml, self.ref_ml)


def ratio(part: float, whole: float) -> float:
    """A quotient that is NaN where the whole is nothing.

    >>> ratio(1, 4), ratio(0, 0)
    (0.25, nan)
    """
    return part / whole if whole else float("nan")


def dice(*, pred: Volume | Array, ref: Volume | Array) -> float:
    """Dice of two masks (nonzero is inside), shape (X, Y, Z); NaN where both are empty, 0 where one is.

    Raises:
        GeometryError: where the masks do not have the same shape, or the volumes not the same grid.

    >>> dice(pred=np.array([1, 1, 0]), ref=np.array([1, 0, 0]))
    0.6666666666666666
    """
    if isinstance(pred, Volume) and isinstance(ref, Volume):
        return overlap(pred=pred, ref=ref).dice
    inside, wanted = _array(pred) != 0, _array(ref) != 0
    if inside.shape != wanted.shape:
        raise GeometryError(f"the masks differ in shape: pred {inside.shape}, ref {wanted.shape}")
    return ratio(2.0 * _count(inside & wanted), _count(inside) + _count(wanted))


def overlap(*, pred: Volume, ref: Volume) -> Overlap:
    """Volumes of two masks (nonzero is inside) on one grid.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    check_same_grid(pred=pred, ref=ref)
    inside, wanted = pred.array != 0, ref.array != 0
    voxel_ml = ref.geometry.voxel_volume_ml
    return Overlap(_count(inside) * voxel_ml, _count(wanted) * voxel_ml, _count(inside & wanted) * voxel_ml)


def overlap_by_class(*, pred: Volume, ref: Volume) -> dict[int, Overlap]:
    """Overlap of each class above 0 that is in ``pred`` or in ``ref``, both uint8 on one grid.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    check_same_grid(pred=pred, ref=ref)
    confusion = _confusion(pred.array, ref.array) * ref.geometry.voxel_volume_ml
    pred_ml, ref_ml, shared_ml = confusion.sum(axis=0), confusion.sum(axis=1), confusion.diagonal()
    return {
        int(value): Overlap(float(pred_ml[value]), float(ref_ml[value]), float(shared_ml[value]))
        for value in np.flatnonzero(pred_ml + ref_ml)
        if value > 0
    }


def pooled(overlaps: Iterable[Overlap]) -> Overlap:
    """Several scans as if they were one."""
    listed = list(overlaps)
    return Overlap(*(float(sum(getattr(one, name) for one in listed)) for name in ("pred_ml", "ref_ml", "shared_ml")))


def check_same_grid(*, pred: Volume, ref: Volume) -> None:
    """Refuse to compare voxels that do not lie in the same place.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    if not pred.geometry.same_grid(ref.geometry):
        raise GeometryError(f"pred and ref are on different grids: {pred} and {ref}")


def _confusion(pred: Array, ref: Array) -> NDArray[np.int64]:
    """Voxels of each pair of labels, shape (ref label, pred label)."""
    counts = np.zeros(_LABELS * _LABELS, dtype=np.int64)
    rows = max(1, _SLAB_VOXELS * len(ref) // ref.size)
    for start in range(0, len(ref), rows):
        pairs = ref[start : start + rows].astype(np.int64) * _LABELS + pred[start : start + rows]
        counts += np.bincount(pairs.ravel(), minlength=counts.size)
    return counts.reshape(_LABELS, _LABELS)


def _count(mask: Array) -> int:
    return int(np.count_nonzero(mask))


def _array(mask: Volume | Array) -> Array:
    return mask.array if isinstance(mask, Volume) else mask
