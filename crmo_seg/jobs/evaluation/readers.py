"""Several readers of the same cases: a folder each, laid out as predictions are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Final

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.evaluation.readers import ReaderAgreement, reader_agreement
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.jobs.evaluation.measuring import measure_case
from crmo_seg.jobs.evaluation.reading import predicted_heads, prediction_file
from crmo_seg.keys import EDEMA

REFERENCE: Final = "reference"
PREDICTION: Final = "prediction"


def parse_readers(texts: Sequence[str]) -> dict[str, Path]:
    """Readers as they are given on the command line.

    Raises:
        InputError: where one is not ``NAME=DIR``, or a name stands twice.

    >>> parse_readers(["anna=masks/anna"])["anna"].as_posix()
    'masks/anna'
    """
    readers: dict[str, Path] = {}
    for text in texts:
        name, _, folder = text.partition("=")
        if not name or not folder:
            raise InputError("--reader", f"is {text!r}", "write NAME=DIR, the folder with a subfolder for each case")
        if name in (*readers, REFERENCE, PREDICTION):
            raise InputError(
                "--reader", f"has the name {name!r}, which is taken", "give every reader a name of its own"
            )
        readers[name] = Path(folder)
    return readers


def compare_readers(
    manifest: Path, cases: Sequence[Case], predictions: Path, readers: Mapping[str, Path], settings: EvaluationSettings
) -> ReaderAgreement:
    """Measure every pair of the reference, the readers and the prediction on all cases with a label of edema.

    Args:
        manifest: where the cases come from.
        cases: those with a prediction of edema.
        predictions: the folder of the predictions.
        readers: name -> folder, at least one.
        settings: definitions.

    Raises:
        InputError: where a reader lacks a case, or a mask cannot be compared.
    """
    marked = [replace(case, labels={EDEMA: case.labels[EDEMA]}) for case in cases if EDEMA in case.labels]
    if not marked:
        raise InputError(manifest, "has no label of edema, which readers are compared by", "leave out --reader")
    for folder in readers.values():
        predicted_heads(manifest, marked, folder)
    folders = {**readers, PREDICTION: predictions}
    measured = {}
    for first, second in combinations((REFERENCE, *folders), 2):
        paired = [_labelled(case, folders.get(first)) for case in marked]
        measured[first, second] = [measure_case(case, folders[second], (EDEMA,), settings) for case in paired]
    return reader_agreement(measured, PREDICTION, settings)


def _labelled(case: Case, folder: Path | None) -> Case:
    """The case with the mask of a reader as its label; the reference is there already."""
    return case if folder is None else replace(case, labels={EDEMA: prediction_file(folder, case, EDEMA)})
