"""A manifest and predictions to evaluate: rods of voxels, whose overlaps can be counted."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from crmo_seg.cases import Case, write_manifest
from crmo_seg.io.nifti import write_nifti
from crmo_seg.volume import Geometry, Volume

SHAPE = (30, 8, 20)
SPACING = np.diag([2.0, 5.0, 10.0, 1.0])  # 0.1 ml a voxel

Labels = dict[tuple[int, int], int]


def make_labels(rods: Labels, affine: np.ndarray = SPACING) -> Volume:
    """Rods of one value along the first axis, (start, stop) -> value."""
    array = np.zeros(SHAPE, dtype=np.uint8)
    for (start, stop), value in rods.items():
        array[start:stop, 4, 10] = value
    return Volume(array, Geometry(affine, SHAPE))


def write_labels(path: Path, rods: Labels, affine: np.ndarray = SPACING) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, make_labels(rods, affine))
    return path


class Study:
    """A manifest and a folder of predictions, made case by case."""

    def __init__(self, folder: Path) -> None:
        self.manifest, self.predictions, self.out = folder / "manifest.csv", folder / "pred", folder / "out"
        self.predictions.mkdir()
        self._labels, self._cases = folder / "labels", list[Case]()

    def add(self, case_id: str, head: str, *, pred: Labels | None, ref: Labels, patient_id: str = "") -> None:
        label = write_labels(self._labels / f"{case_id}_{head}.nii.gz", ref)
        known = [case for case in self._cases if case.case_id == case_id]
        self._cases = [case for case in self._cases if case.case_id != case_id]
        labels = {head: label} | {name: file for case in known for name, file in case.labels.items()}
        self._cases.append(Case(case_id, patient_id or case_id, images={"stir": label}, labels=labels))
        write_manifest(self.manifest, self._cases)
        if pred is not None:
            write_labels(self.predictions / case_id / f"{head}.nii.gz", pred)

    def add_without_labels(self, case_id: str) -> None:
        image = write_labels(self._labels / f"{case_id}.nii.gz", {})
        self._cases.append(Case(case_id, case_id, images={"stir": image}))
        write_manifest(self.manifest, self._cases)

    def rows(self) -> list[dict[str, str]]:
        return read_rows(self.out / "cases.csv")


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
