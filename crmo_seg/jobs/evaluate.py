"""``crmo-seg evaluate``: predictions of a manifest's cases against their labels, and against other predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from crmo_seg.cases import Case, read_manifest
from crmo_seg.errors import InputError
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import CohortSummary, summarise
from crmo_seg.evaluation.comparison import compare_cohorts
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.jobs.evaluation.inputs import NO_READERS, EvaluationInputs, check_inputs
from crmo_seg.jobs.evaluation.measuring import measure_case
from crmo_seg.jobs.evaluation.output import write_tables
from crmo_seg.jobs.evaluation.page import write_page
from crmo_seg.jobs.evaluation.readers import compare_readers
from crmo_seg.jobs.evaluation.reading import left_out, predicted_heads
from crmo_seg.keys import EDEMA


def evaluate(
    manifest: Path,
    predictions: Path,
    out: Path,
    *,
    against: Path | None = None,
    readers: Mapping[str, Path] = NO_READERS,
    settings: EvaluationSettings = DEFAULT_SETTINGS,
) -> CohortSummary:
    """Compare predictions with the labels of a manifest, and write tables, figures and a page.

    ``out/cases.csv``, ``out/summary.json``, ``out/report.html`` and ``out/figures`` always; ``lesions.csv``,
    ``strata.csv`` and, where lesions have a confidence, ``froc.csv`` for edema; ``comparison.csv`` and
    ``comparison_cases.csv`` with ``against``, ``readers.csv`` with ``readers``. Cases without any label are left out,
    and named in the notes.

    Args:
        manifest: the cases and their labels.
        predictions: the folder that holds a folder for each case.
        out: the folder to write to; made where it does not exist.
        against: other predictions of the same cases.
        readers: name -> folder with edema masks of another reader, laid out as predictions.
        settings: definitions.

    Raises:
        InputError: where a file is missing, on another grid than its label, or holds values that are no labels,
            or the tables cannot be written.
    """
    inputs = EvaluationInputs(manifest, predictions, against, readers)
    cases = read_manifest(manifest)
    check_inputs(inputs, out)
    summary = _summarise(inputs, cases, settings)
    write_tables(out, summary)
    write_page(out, summary, cases, inputs)
    return summary


def _summarise(inputs: EvaluationInputs, cases: Sequence[Case], settings: EvaluationSettings) -> CohortSummary:
    heads = predicted_heads(inputs.manifest, cases, inputs.predictions)
    shared = _shared_heads(inputs, cases, heads)
    metrics = _measure(cases, inputs.predictions, heads, settings)
    summary = summarise(metrics, settings)
    notes = [*left_out(cases, inputs.predictions, heads), *_notes(summary)]
    if inputs.against:
        both = [case for case in metrics if any(head in case.heads for head in shared)]
        others = _measure(cases, inputs.against, shared, settings)
        summary = replace(summary, comparison=compare_cohorts(both, others, settings))
        notes += [f"{inputs.against}: {note}" for note in left_out(cases, inputs.against, shared)]
    if inputs.readers:
        readers = compare_readers(inputs.manifest, cases, inputs.predictions, inputs.readers, settings)
        summary = replace(summary, readers=readers)
    return replace(summary, notes=tuple(notes))


def _shared_heads(inputs: EvaluationInputs, cases: Sequence[Case], heads: Sequence[str]) -> list[str]:
    """Heads that both predictions have."""
    if inputs.against is None:
        return []
    others = predicted_heads(inputs.manifest, cases, inputs.against)
    shared = [head for head in heads if head in others]
    if not shared:
        problem = f"has predictions of {', '.join(others)} only, not of {', '.join(heads)}"
        raise InputError(inputs.against, problem, "compare predictions of the same heads")
    return shared


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
