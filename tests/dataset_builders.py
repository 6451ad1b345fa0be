"""Small data sets on disk: whole ones as a manifest or in nnU-Net's and the Decathlon's layout, for tests to break."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from crmo_seg.cases import Case, write_manifest

SHAPE = (12, 10, 8)
AFFINE = np.array([[2.0, 0, 0, -10], [0, 2.0, 0, 5], [0, 0, 4.0, 7], [0, 0, 0, 1]])
VOXEL_ML = 0.016


def noise(seed: int) -> np.ndarray:
    """Tissue (about 100) with a brighter block where `blocks` marks it."""
    image = np.random.default_rng(seed).normal(100, 10, SHAPE).astype(np.float32)
    image[3:7, 3:6, 2:5] += 60
    return image


def blocks() -> np.ndarray:
    """Class 1 and class 2 beside each other, 18 voxels each."""
    label = np.zeros(SHAPE, np.uint8)
    label[3:5, 3:6, 2:5], label[5:7, 3:6, 2:5] = 1, 2
    return label


def save(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


@dataclass(frozen=True)
class Clinic:
    """A manifest of cases ``c0``, ``c1``, ... with one sequence and one head, whole until a test breaks it."""

    folder: Path
    count: int
    head: str = "knee"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.csv"

    def image(self, number: int) -> Path:
        return self.folder / "images" / f"c{number}.nii.gz"

    def label(self, number: int) -> Path:
        return self.folder / "labels" / f"c{number}.nii.gz"

    def write(self) -> Clinic:
        for number in range(self.count):
            save(self.image(number), noise(number))
            label = blocks()
            for bit in range(8):  # no two are the same: the number is drawn on one side of the blocks
                x, z = 3 + bit % 4, 2 + bit // 4
                label[x, 6, z] = (number >> bit & 1) * label[x, 5, z]
            save(self.label(number), label)
        cases = [
            Case(f"c{number}", f"p{number}", images={"t1": self.image(number)}, labels={self.head: self.label(number)})
            for number in range(self.count)
        ]
        write_manifest(self.manifest, cases)
        return self

    def edit(self, path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
        """Change the voxels of one file."""
        save(path, change(np.asarray(nib.load(path).dataobj)))

    def move(self, path: Path, affine: np.ndarray) -> None:
        """Give one file another affine."""
        save(path, np.asarray(nib.load(path).dataobj), affine)


def write_nnunet(
    folder: Path, *, cases: int = 3, channels: tuple[str, ...] = ("T1", "T2 (FS)"), **changes: object
) -> Path:
    """A raw data set; ``changes`` replace keys of dataset.json, None removes one."""
    for number in range(cases):
        for channel in range(len(channels)):
            save(folder / "imagesTr" / f"knee_{number:03d}_{channel:04d}.nii.gz", noise(10 * number + channel))
        save(folder / "labelsTr" / f"knee_{number:03d}.nii.gz", blocks())
    described: dict[str, object] = {
        "channel_names": {str(number): name for number, name in enumerate(channels)},
        "labels": {"background": 0, "Femur": 1, "Tibia": 2},
        "numTraining": cases,
        "file_ending": ".nii.gz",
    }
    return write_description(folder, described | changes)


def write_msd(folder: Path, *, cases: int = 3, **changes: object) -> Path:
    """A task of the Decathlon; its files have no channel number."""
    rows = []
    for number in range(cases):
        save(folder / "imagesTr" / f"knee_{number:03d}.nii.gz", noise(number))
        save(folder / "labelsTr" / f"knee_{number:03d}.nii.gz", blocks())
        rows.append({"image": f"./imagesTr/knee_{number:03d}.nii.gz", "label": f"./labelsTr/knee_{number:03d}.nii.gz"})
    described: dict[str, object] = {
        "modality": {"0": "MRI"},
        "labels": {"0": "background", "1": "Femur", "2": "Tibia"},
        "training": rows[::-1],
        "test": [],
    }
    return write_description(folder, described | changes)


def write_description(folder: Path, described: dict[str, object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in described.items() if value is not None}
    (folder / "dataset.json").write_text(json.dumps(kept))
    return folder
