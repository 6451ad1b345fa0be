"""Dice of validation, pooled over cases."""

from __future__ import annotations

import numpy as np

from crmo_seg.plan import Head
from crmo_seg.volume import Array


class PooledDice:
    """Counts voxels over cases; the Dice of a class that no case has is NaN.

    >>> pooled = PooledDice(Head("edema", ("edema",)))
    >>> pooled.update(pred=np.array([1, 1, 0]), ref=np.array([1, 0, 0]))
    >>> pooled.dice_by_class().round(3).tolist()
    [0.667]
    """

    def __init__(self, head: Head) -> None:
        self.head = head
        self.reset()

    def reset(self) -> None:
        """Forget all cases."""
        self.shared = np.zeros(len(self.head.classes))
        self.sizes = np.zeros(len(self.head.classes))

    def update(self, *, pred: Array, ref: Array) -> None:
        """Add a case: two arrays of class values."""
        bins = len(self.head.classes) + 1
        agreed = np.where(pred == ref, ref, 0)
        self.shared += np.bincount(agreed.ravel(), minlength=bins)[1:bins]
        self.sizes += np.bincount(pred.ravel(), minlength=bins)[1:bins]
        self.sizes += np.bincount(ref.ravel(), minlength=bins)[1:bins]

    def dice_by_class(self) -> Array:
        """Dice of the classes 1, 2, ..."""
        with np.errstate(invalid="ignore"):
            return 2 * self.shared / np.where(self.sizes > 0, self.sizes, np.nan)

    def mean(self) -> float:
        """Mean over the classes that occur; NaN where none does."""
        dice = self.dice_by_class()
        return float(np.nanmean(dice)) if np.isfinite(dice).any() else float("nan")
