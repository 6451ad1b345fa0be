"""``crmo-seg evaluate``: predictions of a manifest's cases against their labels, and against other predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from crmo_seg.cases import Case, read_manifest
from crmo_seg.errors import InputError
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import CohortSummary, summarise
from crmo_seg.evaluation.comparison import compare_cohorts
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.files import written_whole
from crmo_seg.jobs.evaluation.measuring import measure_case
from crmo_seg.jobs.evaluation.reading import left_out, predicted_heads
from crmo_seg.jobs.evaluation.summary import summary_to_json
from crmo_seg.jobs.evaluation.tables import (
    LESION_COLUMNS,
    case_row,
    change_rows,
    comparison_rows,
    froc_rows,
    lesion_rows,
    stratum_rows,
    table_text,
)
from crmo_seg.keys import EDEMA

_FILES: Final = (
    "cases.csv", "lesions.csv", "strata.csv", "froc.csv", "comparison.csv", "comparison_cases.csv", "summary.json",
)  # fmt: skip


def evaluate(
    manifest: Path,
    predictions: Path,
    out: Path,
    *,
    against: Path | None = None,
    settings: EvaluationSettings = DEFAULT_SETTINGS,
) -> CohortSummary:
    """Compare predictions with the labels of a manifest, and write the tables.

    ``out/cases.csv`` and ``out/summary.json`` always; ``lesions.csv``, ``strata.csv`` and, where lesions have a
    confidence, ``froc.csv`` for edema; ``comparison.csv`` and ``comparison_cases.csv`` with ``against``. Cases
    without any label are left out, and named in the notes.

    Args:
        manifest: the cases and their labels.
        predictions: the folder that holds a folder for each case.
        out: the folder to write to; made where it does not exist.
        against: other predictions of the same cases.
        settings: definitions.

    Raises:
        InputError: where a file is missing, on another grid than its label, or holds values that are no labels,
            or the tables cannot be written.
    """
    cases = read_manifest(manifest)
    heads = predicted_heads(manifest, cases, predictions)
    other_heads = predicted_heads(manifest, cases, against) if against else ()
    if against and not set(heads) & set(other_heads):
        problem = f"has predictions of {', '.join(other_heads)} only, not of {', '.join(heads)}"
        raise InputError(against, problem, "compare predictions of the same heads")
    metrics = _measure(cases, predictions, heads, settings)
    summary = summarise(metrics, settings)
    notes = [*left_out(cases, predictions, heads), *_notes(summary)]
    if against:
        shared = [head for head in heads if head in other_heads]
        both = [case for case in metrics if any(head in case.heads for head in shared)]
        compared = compare_cohorts(both, _measure(cases, against, shared, settings), settings)
        summary = replace(summary, comparison=compared)
        notes += [f"{against}: {note}" for note in left_out(cases, against, other_heads)]
    summary = replace(summary, notes=tuple(notes))
    _write(out, summary)
    return summary


def _measure(
    cases: Sequence[Case], predictions: Path, heads: Sequence[str], settings: EvaluationSettings
) -> list[CaseMetrics]:
    labelled = [case for case in cases if any(head in case.labels for head in heads)]
    return [measure_case(case, predictions, heads, settings) for case in labelled]


def _notes(summary: CohortSummary) -> list[str]:
    notes = [
        f"{head}: class {name} is predicted, but in no reference"
        for head, measured in summary.heads.items()
        for name, one in measured.classes.items()
        if head != EDEMA and one.pooled.ref_ml == 0.0
    ]
    detail = summary.detail
    if detail is None or not detail.n_without_confidence:
        return notes
    n_pred = sum(len(case.table.pred) for case in summary.cases if case.table)
    what = "no FROC, calibration and AUC by confidence: lesions.csv beside the mask does not have them"
    return [*notes, f"{detail.n_without_confidence} of {n_pred} predicted lesions have no confidence; {what}"]


def _write(out: Path, summary: CohortSummary) -> None:
    texts = _texts(summary)
    for name, text in texts.items():
        _write_text(out / name, text)
    for name in _FILES:
        if name not in texts:  # of an evaluation before, which these tables do not belong to
            (out / name).unlink(missing_ok=True)


def _texts(summary: CohortSummary) -> dict[str, str]:
    texts = {"cases.csv": table_text([case_row(case) for case in summary.cases])}
    if summary.detail:
        texts["lesions.csv"] = table_text(lesion_rows(summary.cases), LESION_COLUMNS)
        texts["strata.csv"] = table_text(stratum_rows(summary.detail.strata))
        if summary.detail.froc:
            texts["froc.csv"] = table_text(froc_rows(summary.detail.froc.curve))
    if summary.comparison:
        texts["comparison.csv"] = table_text(comparison_rows(summary.comparison))
        texts["comparison_cases.csv"] = table_text(change_rows(summary.comparison))
    texts["summary.json"] = json.dumps(summary_to_json(summary), indent=2, allow_nan=False) + "\n"
    return texts


def _write_text(path: Path, text: str) -> None:
    """Complete or not at all."""
    with written_whole(path) as part:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="")
