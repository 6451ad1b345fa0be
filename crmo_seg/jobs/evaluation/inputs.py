"""What the user gave to ``crmo-seg evaluate``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crmo_seg.errors import InputError

NO_READERS: Final[Mapping[str, Path]] = MappingProxyType({})


@dataclass(frozen=True)
class EvaluationInputs:
    """Files and folders of an evaluation.

    Attributes:
        manifest: cases and labels.
        predictions: a folder for each case.
        against: other predictions, or None.
        readers: name -> folder of another reader's masks, laid out as predictions.
    """

    manifest: Path
    predictions: Path
    against: Path | None = None
    readers: Mapping[str, Path] = field(default_factory=lambda: NO_READERS)


def check_inputs(inputs: EvaluationInputs, out: Path) -> None:
    """Refuse what cannot be, before anything is measured.

    Raises:
        InputError: where a folder of masks does not exist, or the results would go over a file.
    """
    folders = [inputs.predictions, *([inputs.against] if inputs.against else []), *inputs.readers.values()]
    for folder in folders:
        if not folder.is_dir():
            problem = "is a file" if folder.exists() else "does not exist"
            raise InputError(folder, problem, "give the folder that holds a folder of masks for each case")
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file", "give a folder after -o")
