"""Where predictions and references come from, as far as their files say."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from crmo_seg import __version__
from crmo_seg.cases import Case
from crmo_seg.jobs.evaluation.inputs import EvaluationInputs
from crmo_seg.jobs.evaluation.reading import named
from crmo_seg.jobs.output import SUMMARY_FILE
from crmo_seg.phantom.files import PLAIN_COLUMNS, TRUTH_COLUMNS, TRUTH_FILE
from crmo_seg.report.evaluation.page import PageFacts

_SHOWN_DIGITS: Final = 12


def facts_of(inputs: EvaluationInputs, cases: Sequence[Case]) -> PageFacts:
    """What the page says of its sources.

    Args:
        inputs: as the user gave them.
        cases: those that were evaluated.
    """
    sources = {"Manifest": str(inputs.manifest), "Predictions": str(inputs.predictions)}
    models = _models(cases, inputs.predictions)
    sources |= {"Model": "; ".join(models)} if models else {}
    if inputs.against:
        sources["Other predictions"] = str(inputs.against)
        others = _models(cases, inputs.against)
        sources |= {"Other model": "; ".join(others)} if others else {}
    sources |= {f"Reader {name}": str(folder) for name, folder in inputs.readers.items()}
    n_phantoms = sum(map(_is_phantom, cases))
    sources |= {"Reference": f"truth of phantoms, computed ({n_phantoms} of {len(cases)} cases)"} if n_phantoms else {}
    sources["Software"] = f"crmo_seg {__version__}"
    return PageFacts(inputs.predictions.name, sources, (*_mixed(models), *_made_up(n_phantoms, len(cases))))


def _models(cases: Sequence[Case], predictions: Path) -> list[str]:
    """The models that the predictions name, each with its number of cases where there are several."""
    found = Counter(_model(predictions / case.case_id / SUMMARY_FILE) for case in cases)
    several = len(found) > 1
    return [
        f"{name or 'not stated'} ({n} {'case' if n == 1 else 'cases'})" if several else name
        for name, n in found.most_common()
        if name or several
    ]


def _model(path: Path) -> str:
    """Name, hash and threshold, or else mode; empty where the file does not say, as with masks of another tool."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        sha256, threshold = said["hashes"]["model_sha256"], said["threshold"]
        how = f"mode {said['mode']}" if threshold is None else f"threshold {threshold:g}"
        return f"{said['model']}, SHA-256 {sha256[:_SHOWN_DIGITS]}, {how}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _is_phantom(case: Case) -> bool:
    """Whether the table of a phantom's true lesions lies beside a label."""
    return any(_columns(label.parent / TRUTH_FILE) in (TRUTH_COLUMNS, PLAIN_COLUMNS) for label in case.labels.values())


def _columns(path: Path) -> tuple[str, ...]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(next(csv.reader(file), []))
    except (OSError, UnicodeDecodeError, csv.Error):
        return ()


def _mixed(models: Sequence[str]) -> tuple[str, ...]:
    return (f"The predictions come from several models: {named(models)}.",) if len(models) > 1 else ()


def _made_up(n_phantoms: int, n: int) -> tuple[str, ...]:
    if not n_phantoms:
        return ()
    which = "The cases" if n_phantoms == n else f"{n_phantoms} of the {n} cases"
    return (f"{which} are phantoms with a computed truth: this says little of how good the model is on patients.",)
