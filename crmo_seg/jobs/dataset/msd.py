"""The layout of the Medical Segmentation Decathlon (doi:10.1038/s41467-022-30695-9), read.

``dataset.json`` lists the files of each case; several modalities are the fourth axis of one file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from crmo_seg.errors import InputError
from crmo_seg.io.nifti import case_id_of
from crmo_seg.jobs.dataset.foreign import (
    DATASET_JSON,
    ForeignCase,
    ForeignDataset,
    class_names,
    read_dataset_json,
    refuse_missing,
    sequence_names,
)

_REQUIRED: Final = ("modality", "labels", "training")
_OTHERWISE: Final = "is it of nnU-Net v2? then import nnunet; else see medicaldecathlon.com"


def read_msd(folder: Path, *, test: bool = False) -> ForeignDataset:
    """The training cases of a task, or its test cases, which have no labels.

    Raises:
        InputError: where a file is missing, labels have gaps, or there are several modalities.
    """
    described = read_dataset_json(folder, _REQUIRED, _OTHERWISE)
    path = folder / DATASET_JSON
    sequences = sequence_names(path, described["modality"])
    if len(sequences) > 1:
        problem = f"has {len(sequences)} modalities ({', '.join(sequences)}) in one 4D file a case"
        remedy = "split them with nnU-Net's nnUNetv2_convert_MSD_dataset, then import nnunet"
        raise InputError(path, problem, remedy)
    classes = class_names(path, _label_values(path, described["labels"]))
    rows = described.get("test", []) if test else described["training"]
    cases = tuple(sorted((_case(folder, row) for row in rows), key=lambda case: case.case_id))
    refuse_missing(folder, cases)
    return ForeignDataset(sequences, classes, cases)


def _label_values(path: Path, labels: Any) -> Mapping[str, int]:  # noqa: ANN401 - JSON is untyped
    try:
        values = {str(name): int(value) for value, name in labels.items()}
    except (AttributeError, TypeError, ValueError):
        raise InputError(path, f"has the labels {labels!r}", 'write them as {"0": "background", ...}') from None
    if len(values) < len(labels):
        raise InputError(path, "has two labels of one name", "give them different names")
    return values


def _case(folder: Path, row: Any) -> ForeignCase:  # noqa: ANN401
    """A row of ``training`` names image and label, a row of ``test`` is the image."""
    try:
        image, label = (row, None) if isinstance(row, str) else (row["image"], row["label"])
        path = folder / image
    except (KeyError, TypeError):
        remedy = 'write {"image": FILE, "label": FILE}'
        raise InputError(folder / DATASET_JSON, f"lists a case as {row!r}", remedy) from None
    return ForeignCase(case_id_of(path), (path,), folder / label if label else None)
