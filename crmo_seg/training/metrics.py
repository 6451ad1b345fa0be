"""What a validation measures: Dice of each class and agreement lesion by lesion, case by case and pooled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crmo_seg.evaluation.lesionwise import LesionCounts, pooled
from crmo_seg.keys import EDEMA
from crmo_seg.plan import Head
from crmo_seg.volume import Array, Float64Array


@dataclass(frozen=True)
class ClassVoxels:
    """Voxels of one class that are shared, predicted and wanted.

    >>> ClassVoxels(shared=1, pred=2, ref=1).dice, ClassVoxels(0, 0, 0).dice
    (0.6666666666666666, nan)
    """

    shared: int
    pred: int
    ref: int

    @property
    def dice(self) -> float:
        """Twice the shared over the sum of both; NaN where both are empty."""
        return 2 * self.shared / (self.pred + self.ref) if self.pred + self.ref else float("nan")

    def __add__(self, other: ClassVoxels) -> ClassVoxels:
        return ClassVoxels(self.shared + other.shared, self.pred + other.pred, self.ref + other.ref)


@dataclass(frozen=True)
class CaseScores:
    """One validated case.

    Attributes:
        case_id: of the case.
        voxels: head -> a ``ClassVoxels`` for each of its classes; heads without a label are left out.
        lesions: of the edema head.
    """

    case_id: str
    voxels: Mapping[str, tuple[ClassVoxels, ...]]
    lesions: LesionCounts | None = None

    def dice(self, head: str) -> float:
        """Mean Dice of the classes that occur; NaN where none does, or the case has no label."""
        return mean_dice(self.voxels.get(head, ()))

    def row(self) -> dict[str, object]:
        """A row of a table, without the cells that this case does not have."""
        row: dict[str, object] = {"case_id": self.case_id}
        row |= {f"{head}_dice": _rounded(self.dice(head)) for head in self.voxels}
        if self.lesions is not None:
            row |= {"lesions": self.lesions.n_ref, "lesions_predicted": self.lesions.n_pred}
            row |= {"lesions_found": self.lesions.n_found, "false_positives": self.lesions.n_false_positive}
        return row


def class_voxels(*, pred: Array, ref: Array, head: Head) -> tuple[ClassVoxels, ...]:
    """Counts of the classes 1, 2, ... of two arrays of class values.

    >>> class_voxels(pred=np.array([1, 1, 0]), ref=np.array([1, 0, 0]), head=Head("edema", ("edema",)))
    (ClassVoxels(shared=1, pred=2, ref=1),)
    """
    bins = len(head.classes) + 1
    counts = [np.bincount(np.ravel(values), minlength=bins) for values in (np.where(pred == ref, ref, 0), pred, ref)]
    return tuple(ClassVoxels(*(int(count[value]) for count in counts)) for value in range(1, bins))


def mean_dice(classes: Sequence[ClassVoxels]) -> float:
    """Mean over the classes that occur; NaN where none does."""
    dice: Float64Array = np.array([one.dice for one in classes])
    return float(np.nanmean(dice)) if np.isfinite(dice).any() else float("nan")


def summary(scores: Iterable[CaseScores], heads: Iterable[Head]) -> dict[str, float]:
    """Names and values to log: pooled over the cases.

    ``val/<head>_dice`` is the mean over classes, ``val/<head>_dice_<class>`` stands beside it where there are several.
    For edema ``val/lesion_f1`` and ``val/lesion_sensitivity`` (any overlap), and ``val/false_positives``, lesions a
    scan. What is undefined is NaN.
    """
    cases = list(scores)
    values: dict[str, float] = {}
    for head in heads:
        classes = _pooled_classes(cases, head)
        values[f"val/{head.name}_dice"] = mean_dice(classes)
        if len(classes) > 1:
            named = zip(head.classes, classes, strict=True)
            values |= {f"val/{head.name}_dice_{name}": one.dice for name, one in named}
        if head.name == EDEMA:
            values |= _lesion_summary([case.lesions for case in cases if case.lesions is not None])
    return values


def _pooled_classes(cases: Sequence[CaseScores], head: Head) -> list[ClassVoxels]:
    counted = [case.voxels[head.name] for case in cases if head.name in case.voxels]
    nothing = ClassVoxels(0, 0, 0)
    return [sum((one[index] for one in counted), nothing) for index in range(len(head.classes))]


def _lesion_summary(counts: Sequence[LesionCounts]) -> dict[str, float]:
    total = pooled(counts)
    return {
        "val/lesion_f1": total.f1,
        "val/lesion_sensitivity": total.sensitivity,
        "val/false_positives": total.n_false_positive / len(counts) if counts else float("nan"),
    }


def _rounded(value: float) -> object:
    return round(value, 4) if np.isfinite(value) else ""
