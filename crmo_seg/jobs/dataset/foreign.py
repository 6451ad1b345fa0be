"""A data set of another layout, read into plain names and paths; and the ``dataset.json`` that both layouts have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.names import identifier

DATASET_JSON: Final = "dataset.json"
BACKGROUND: Final = "background"


@dataclass(frozen=True)
class ForeignCase:
    """One case: an image for each sequence, in order, and its label if it has one."""

    case_id: str
    images: tuple[Path, ...]
    label: Path | None


@dataclass(frozen=True)
class ForeignDataset:
    """Names as they are here: lower case, letters, digits and underscores.

    Attributes:
        sequences: of the images of every case, in order.
        classes: names of the label values 1, 2, ...
        cases: in the order of their ids.
    """

    sequences: tuple[str, ...]
    classes: tuple[str, ...]
    cases: tuple[ForeignCase, ...]


def read_dataset_json(folder: Path, required: Sequence[str], otherwise: str) -> Mapping[str, Any]:
    """The description of a data set.

    Args:
        folder: that holds ``dataset.json``.
        required: keys that it must have.
        otherwise: what to do where it has not.

    Raises:
        InputError: where the file is missing, is no JSON, or lacks a key.
    """
    path = folder / DATASET_JSON
    if not path.is_file():
        raise InputError(folder, f"holds no {DATASET_JSON}", "give the folder of one data set")
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(path, f"is no JSON ({error})", "mend it, or copy it again") from None
    missing = [key for key in required if not isinstance(found, dict) or key not in found]
    if missing:
        raise InputError(path, f"has no {', '.join(missing)}", otherwise)
    plain: Mapping[str, Any] = found
    return plain


def sequence_names(path: Path, channels: object) -> tuple[str, ...]:
    """Channels ``{"0": "T1", "1": "T2"}`` -> names in the order of their numbers.

    Raises:
        InputError: where the numbers are not 0, 1, ..., or two names are the same.
    """
    if not isinstance(channels, dict) or not channels:
        raise InputError(path, f"has the channels {channels!r}", 'write them as {"0": "name", ...}')
    named = {str(number): identifier(str(name), path) for number, name in channels.items()}
    expected = [str(number) for number in range(len(named))]
    if sorted(named) != sorted(expected):
        raise InputError(path, f"numbers its channels {', '.join(sorted(named))}", "number them from 0 without a gap")
    names = tuple(named[number] for number in expected)
    _refuse_repeated(path, names, "channels")
    return names


def class_names(path: Path, values: Mapping[str, int]) -> tuple[str, ...]:
    """Label names with their values -> class names in the order of values 1, 2, ...

    Raises:
        InputError: where 0 is not the background, a value is left out, or two names are the same.
    """
    names = {value: name for name, value in values.items()}
    if len(names) < len(values):
        raise InputError(path, "gives one label value two names", "give every value one name")
    background = names.pop(0, None)
    if background is None or background.lower() != BACKGROUND:
        raise InputError(path, f"has the label 0 for {background}", f"0 must be {BACKGROUND}")
    if sorted(names) != list(range(1, len(names) + 1)) or not names:
        found = ", ".join(str(value) for value in sorted(names)) or "none"
        raise InputError(path, f"has the label values {found}", "number them from 1 without a gap, in the files too")
    classes = tuple(identifier(names[value], path) for value in sorted(names))
    _refuse_repeated(path, classes, "labels")
    return classes


def refuse_missing(folder: Path, cases: Sequence[ForeignCase]) -> None:
    """Refuse a data set with files that are not there.

    Raises:
        InputError: names the first, and how many there are.
    """
    files = [file for case in cases for file in (*case.images, case.label) if file is not None]
    missing = [file for file in files if not file.is_file()]
    if missing:
        problem = f"does not exist ({len(missing)} of {len(files)} files of {folder} are missing)"
        raise InputError(missing[0], problem, "complete the data set, or copy it again")
    if not cases:
        raise InputError(folder, "has no case", "give the folder of a data set with images")


def _refuse_repeated(path: Path, names: Sequence[str], what: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(path, f"has two {what} named {repeated[0]}", "give them different names")
