"""``crmo-seg dataset split``: folds written into a manifest, so that whoever reads it holds out the same patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crmo_seg.cases import Case, read_manifest, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.keys import EDEMA
from crmo_seg.training.folds import deal_patients, foreground_ml


@dataclass(frozen=True)
class FoldSummary:
    """What one fold holds out.

    Attributes:
        fold: its number.
        patients: in it.
        cases: in it.
        foreground_ml: volume of everything but background in the labels of all its cases.
    """

    fold: int
    patients: int
    cases: int
    foreground_ml: float

    def line(self) -> str:
        """For the terminal."""
        return f"fold {self.fold}: {self.patients} patients, {self.cases} cases, {self.foreground_ml:.1f} ml labelled"


def split_dataset(manifest: Path, out: Path, folds: int = 5, head: str | None = None) -> list[FoldSummary]:
    """Write a manifest again with a fold for each case: patients kept together, lesion load alike in all folds.

    Args:
        manifest: without folds.
        out: the CSV to write; one that is there is replaced.
        folds: how many.
        head: whose labels are the load; None is edema, or the only head that the manifest labels.

    Returns:
        A summary for each fold.

    Raises:
        InputError: where the manifest cannot be read or has folds, has fewer patients than folds, or no such head.
    """
    cases = read_manifest(manifest)
    _check(manifest, cases, folds)
    volumes_ml = foreground_ml(cases, _head(manifest, cases, head))
    dealt = deal_patients(volumes_ml, folds)
    folded = [replace(case, fold=dealt[case.patient_id]) for case in cases]
    out.parent.mkdir(parents=True, exist_ok=True)
    write_manifest(out, folded)
    return [_summary(fold, folded, volumes_ml) for fold in range(folds)]


def _check(manifest: Path, cases: Sequence[Case], folds: int) -> None:
    if folds < 2:
        raise InputError("--folds", f"is {folds}", "give 2 or more")
    if any(case.fold is not None for case in cases):
        raise InputError(manifest, "has folds already", "remove its column fold to deal new ones")
    patients = len({case.patient_id for case in cases})
    if patients < folds:
        remedy = f"give --folds {patients} or fewer" if patients > 1 else "add patients"
        raise InputError(manifest, f"has {patients} patients for {folds} folds", remedy)


def _head(manifest: Path, cases: Sequence[Case], head: str | None) -> str:
    labelled = sorted({name for case in cases for name in case.labels})
    if head is None:
        head = labelled[0] if len(labelled) == 1 else EDEMA
    if head not in labelled:
        remedy = f"give --head with one of {', '.join(labelled)}" if labelled else f"add a column label_{head}"
        raise InputError(manifest, f"labels no {head}", remedy)
    return head


def _summary(fold: int, cases: Sequence[Case], volumes_ml: Mapping[str, float]) -> FoldSummary:
    held_out = [case for case in cases if case.fold == fold]
    patients = {case.patient_id for case in held_out}
    return FoldSummary(fold, len(patients), len(held_out), sum(volumes_ml[patient] for patient in patients))
