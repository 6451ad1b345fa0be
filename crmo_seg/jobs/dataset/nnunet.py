"""The raw layout of nnU-Net v2 (documentation/dataset_format.md of that project), read.

``imagesTr/CASE_0000.nii.gz`` is channel 0 of a case, ``labelsTr/CASE.nii.gz`` its label; ``dataset.json`` names
channels, labels and the file ending.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from crmo_seg.errors import InputError
from crmo_seg.io.nifti import NIFTI_ENDINGS
from crmo_seg.jobs.dataset.foreign import (
    DATASET_JSON,
    ForeignCase,
    ForeignDataset,
    class_names,
    read_dataset_json,
    refuse_missing,
    sequence_names,
)

_REQUIRED: Final = ("channel_names", "labels", "file_ending")
_OTHERWISE: Final = "is it of the Medical Segmentation Decathlon? then import msd; else see nnU-Net's dataset_format.md"


def read_nnunet(folder: Path, *, test: bool = False) -> ForeignDataset:
    """The training cases of a raw data set, or its test cases, whose labels (``labelsTs``) may be missing.

    Raises:
        InputError: where a file is missing, labels are regions or have gaps, or the files are no NIfTI.
    """
    described = read_dataset_json(folder, _REQUIRED, _OTHERWISE)
    path = folder / DATASET_JSON
    ending = _file_ending(path, described["file_ending"])
    sequences = sequence_names(path, described["channel_names"])
    classes = class_names(path, _label_values(path, described["labels"]))
    if "dataset" in described and not test:
        cases = _listed_cases(folder, described["dataset"])
    else:
        cases = _cases_in_folders(folder, ending, len(sequences), test=test)
    refuse_missing(folder, cases)
    _refuse_other_counts(folder, cases, sequences)
    return ForeignDataset(sequences, classes, cases)


def _file_ending(path: Path, ending: object) -> str:
    if ending not in NIFTI_ENDINGS:
        raise InputError(path, f"has the file ending {ending!r}", "convert the images to .nii.gz")
    return str(ending)


def _label_values(path: Path, labels: Any) -> Mapping[str, int]:  # noqa: ANN401 - JSON is untyped
    if not isinstance(labels, dict):
        raise InputError(path, f"has the labels {labels!r}", 'write them as {"background": 0, "name": 1, ...}')
    regions = [name for name, value in labels.items() if isinstance(value, list)]
    if regions:
        problem = f"has labels that are regions, sets of values ({', '.join(regions)})"
        raise InputError(path, problem, "write one file and one head for each region, or give each label one value")
    if "ignore" in labels:
        raise InputError(path, "has the label 'ignore'", "voxels cannot be left out; leave out the case, or label them")
    wrong = [name for name, value in labels.items() if not isinstance(value, int)]
    if wrong:
        raise InputError(path, f"has no whole number for the label {wrong[0]}", "give it one")
    return dict(labels)


def _listed_cases(folder: Path, listed: Mapping[str, Any]) -> tuple[ForeignCase, ...]:
    """Cases whose files ``dataset.json`` names, relative to the folder."""
    try:
        return tuple(
            ForeignCase(case_id, tuple(folder / image for image in files["images"]), folder / files["label"])
            for case_id, files in sorted(listed.items())
        )
    except (AttributeError, KeyError, TypeError) as error:
        problem = f"lists its cases in an unknown form ({type(error).__name__}: {error})"
        remedy = 'write {"CASE": {"images": [...], "label": ...}}'
        raise InputError(folder / DATASET_JSON, problem, remedy) from None


def _cases_in_folders(folder: Path, ending: str, channels: int, *, test: bool) -> tuple[ForeignCase, ...]:
    images, labels = (folder / name for name in (("imagesTs", "labelsTs") if test else ("imagesTr", "labelsTr")))
    if not images.is_dir():
        raise InputError(folder, f"holds no folder {images.name}", "give the folder of one raw data set")
    found = _images_by_case(images, ending)
    cases = []
    for case_id in sorted(found):
        label = labels / f"{case_id}{ending}"
        paths = tuple(images / f"{case_id}_{number:04d}{ending}" for number in range(channels))
        cases.append(ForeignCase(case_id, paths, label if label.is_file() or not test else None))
    _refuse_unknown_channels(images, found, channels)
    _refuse_lonely_labels(labels, ending, found)
    return tuple(cases)


def _images_by_case(images: Path, ending: str) -> Mapping[str, set[int]]:
    pattern = re.compile(rf"(?P<case>[^.].*)_(?P<channel>\d{{4}}){re.escape(ending)}")
    found: dict[str, set[int]] = defaultdict(set)
    for path in images.iterdir():
        named = pattern.fullmatch(path.name)
        if named:
            found[named["case"]].add(int(named["channel"]))
        elif path.name.endswith(ending) and not path.name.startswith("."):
            raise InputError(path, "has no channel number in its name", f"name it CASE_0000{ending}")
    return found


def _refuse_unknown_channels(images: Path, found: Mapping[str, set[int]], channels: int) -> None:
    for case_id, numbers in sorted(found.items()):
        if max(numbers) >= channels:
            problem = f"case {case_id} has a channel {max(numbers):04d}, {DATASET_JSON} names {channels}"
            raise InputError(images, problem, "name every channel in channel_names")


def _refuse_lonely_labels(labels: Path, ending: str, found: Mapping[str, set[int]]) -> None:
    if not labels.is_dir():
        return
    files = (path for path in sorted(labels.iterdir()) if path.name.endswith(ending) and path.name[0] != ".")
    lonely = [path for path in files if path.name.removesuffix(ending) not in found]
    if lonely:
        raise InputError(
            lonely[0], f"is a label without an image ({len(lonely)} of them)", "add the image, or remove it"
        )


def _refuse_other_counts(folder: Path, cases: tuple[ForeignCase, ...], sequences: tuple[str, ...]) -> None:
    for case in cases:
        if len(case.images) != len(sequences):
            problem = f"case {case.case_id} has {len(case.images)} images for {len(sequences)} channels"
            raise InputError(folder / DATASET_JSON, problem, "give one image a channel")
