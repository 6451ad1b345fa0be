"""``crmo-seg dataset export nnunet``: a manifest becomes a raw data set of nnU-Net v2, with the same folds.

Files that are as nnU-Net wants them are linked, the others are written anew.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crmo_seg.cases import IMAGE_PREFIX, LABEL_PREFIX, Case, read_manifest, split_by_patient
from crmo_seg.data.labels import as_classes
from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole
from crmo_seg.io.nifti import read_geometry, read_image, read_labels, write_nifti
from crmo_seg.io.nifti_header import read_header
from crmo_seg.jobs.dataset.foreign import BACKGROUND, DATASET_JSON
from crmo_seg.keys import BONES
from crmo_seg.plan import Head
from crmo_seg.volume import Geometry

ENDING: Final = ".nii.gz"
SPLITS_JSON: Final = "splits_final.json"
LARGEST_ID: Final = 999


@dataclass(frozen=True)
class ExportOptions:
    """What a raw data set is called and holds.

    Attributes:
        head: the label to export; nnU-Net learns one.
        dataset_id: 1 to 999, unique in the folder of raw data sets.
        name: of the data set.
        sequences: the channels; None for all of the manifest.
        folds: into how many folds patients are dealt where the manifest has no ``fold`` column; as ``data.folds``.
    """

    head: Head
    dataset_id: int
    name: str
    sequences: tuple[str, ...] | None = None
    folds: int = 5


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: the raw data set.
        cases: number of cases.
        folds: number of folds in ``splits_final.json``; 0 where one patient cannot be split.
        linked: number of files that are links.
        written: number of files that had to be written anew.
    """

    folder: Path
    cases: int
    folds: int
    linked: int
    written: int

    def lines(self) -> list[str]:
        """What was written and how nnU-Net goes on, for the terminal."""
        number = int(self.folder.name[7:10])
        preprocessed = f'"$nnUNet_preprocessed/{self.folder.name}/"'
        return [
            f"{self.cases} cases in {self.folder}: {self.linked} files linked, {self.written} written",
            "next:",
            f"  nnUNetv2_plan_and_preprocess -d {number} --verify_dataset_integrity",
            *([f"  cp {self.folder / SPLITS_JSON} {preprocessed}    # {self.folds} folds"] if self.folds else []),
        ]


def export_nnunet(
    manifest: Path, out: Path, options: ExportOptions, on_case: Callable[[int, int], None] | None = None
) -> Exported:
    """Write ``out/Dataset<id>_<name>``, complete or not at all.

    Args:
        manifest: the cases; each needs the label and every sequence.
        out: the folder of raw data sets (``nnUNet_raw``).
        options: what is exported, and how it is called.
        on_case: called with (cases done, cases in all).

    Raises:
        InputError: where a case lacks a file, files of a case lie on different grids, a label holds other values
            than its classes, or the data set exists.
    """
    cases = read_manifest(manifest)
    sequences = options.sequences or tuple(sorted({name for case in cases for name in case.images}))
    _refuse_incomplete(manifest, cases, sequences, options.head)
    splits = _splits(cases, options.folds)
    folder = _folder(out, options)
    linked = 0
    with folder_written_whole(folder) as part:
        for name in ("imagesTr", "labelsTr"):
            (part / name).mkdir()
        for done, case in enumerate(cases, 1):
            linked += _export_case(case, part, sequences, options.head)
            if on_case:
                on_case(done, len(cases))
        _write_json(part / DATASET_JSON, _description(len(cases), sequences, options.head))
        if splits:
            _write_json(part / SPLITS_JSON, splits)
    return Exported(folder, len(cases), len(splits), linked, len(cases) * (len(sequences) + 1) - linked)


def _refuse_incomplete(manifest: Path, cases: Sequence[Case], sequences: Sequence[str], head: Head) -> None:
    wanted = [(f"{IMAGE_PREFIX}{name}", name in case.images, case) for case in cases for name in sequences]
    wanted += [(f"{LABEL_PREFIX}{head.name}", head.name in case.labels, case) for case in cases]
    missing = [(column, case.case_id) for column, there, case in wanted if not there]
    if missing:
        column, case_id = missing[0]
        count = sum(name == column for name, _ in missing)
        problem = (
            f"case {case_id} has no {column} ({count} of {len(cases)} cases lack it), and nnU-Net needs every file"
        )
        raise InputError(manifest, problem, "fill it in, leave those cases out, or export other --sequences")


def _splits(cases: Sequence[Case], folds: int) -> list[dict[str, list[str]]]:
    """The folds of the manifest, or those that training deals out, in nnU-Net's form."""
    patients = len({case.patient_id for case in cases})
    if patients < 2:
        return []
    numbers = [case.fold for case in cases if case.fold is not None]
    count = max(numbers) + 1 if len(numbers) == len(cases) else min(folds, patients)
    splits = (split_by_patient(cases, fold=fold, folds=folds) for fold in range(count))
    return [
        {"train": [case.case_id for case in split.train], "val": [case.case_id for case in split.val]}
        for split in splits
    ]


def _folder(out: Path, options: ExportOptions) -> Path:
    if not 1 <= options.dataset_id <= LARGEST_ID:
        raise InputError("--dataset-id", f"is {options.dataset_id}", f"give a number from 1 to {LARGEST_ID}")
    if not options.name or not options.name.replace("_", "").isalnum() or not options.name.isascii():
        raise InputError("--name", f"is {options.name!r}", "use letters, digits and '_'")
    prefix = f"Dataset{options.dataset_id:03d}_"
    there = sorted(path for path in out.glob(f"{prefix}*") if path.is_dir())
    if there:
        raise InputError(there[0], "exists", "remove it, or give another --dataset-id")
    return out / f"{prefix}{options.name}"


def _export_case(case: Case, folder: Path, sequences: Sequence[str], head: Head) -> int:
    """Number of files that were linked."""
    grid = read_geometry(case.images[sequences[0]])
    targets = [folder / "imagesTr" / f"{case.case_id}_{number:04d}{ENDING}" for number in range(len(sequences))]
    linked = 0
    for name, target in zip(sequences, targets, strict=True):
        linked += _export_image(case.images[name], target, grid)
    return linked + _export_label(case.labels[head.name], folder / "labelsTr" / f"{case.case_id}{ENDING}", grid, head)


def _export_image(path: Path, target: Path, grid: Geometry) -> bool:
    """Whether the file was linked."""
    _refuse_other_grid(path, read_geometry(path), grid)
    if _is_plain(path):
        _link(path, target)
        return True
    write_nifti(target, read_image(path))
    return False


def _export_label(path: Path, target: Path, grid: Geometry, head: Head) -> bool:
    labels = read_labels(path)
    _refuse_other_grid(path, labels.geometry, grid)
    classes = as_classes(labels, head, path)
    header = read_header(path)
    if _is_plain(path) and head.name != BONES and not header.scaled and not header.dtype.startswith("float"):
        _link(path, target)
        return True
    write_nifti(target, classes)
    return False


def _is_plain(path: Path) -> bool:
    return path.name.endswith(ENDING) and len(read_header(path).shape) == 3


def _refuse_other_grid(path: Path, geometry: Geometry, grid: Geometry) -> None:
    if not geometry.same_grid(grid):
        problem = f"lies on another grid than the first image of its case (shape {geometry.shape} and {grid.shape})"
        raise InputError(path, problem, "resample it to that grid; crmo-seg dataset check lists all such files")


def _link(path: Path, target: Path) -> None:
    """A hard link, else (another disk) a soft one, else (a file system without links) a copy."""
    source = path.resolve()
    links: tuple[Callable[[], object], ...] = (lambda: os.link(source, target), lambda: target.symlink_to(source))
    for make in links:
        try:
            make()
        except OSError:
            continue
        return
    shutil.copyfile(source, target)


def _description(cases: int, sequences: Sequence[str], head: Head) -> Mapping[str, object]:
    return {
        "channel_names": {str(number): name for number, name in enumerate(sequences)},
        "labels": {BACKGROUND: 0} | {name: value for value, name in enumerate(head.classes, 1)},
        "numTraining": cases,
        "file_ending": ENDING,
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
