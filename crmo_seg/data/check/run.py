"""``check_dataset``: a manifest in, every problem out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from crmo_seg.cases import RowProblem, survey_manifest
from crmo_seg.data.check.across import (
    contrast_outliers,
    duplicates,
    grid_problems,
    head_problems,
    image_outliers,
    sequence_problems,
)
from crmo_seg.data.check.files import image_problems, label_problems
from crmo_seg.data.check.measure import Scope, measure_case
from crmo_seg.data.check.report import CaseFacts, DatasetReport, Problem, Severity, in_order
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.plan import Head, heads_from


def check_dataset(
    manifest: Path,
    heads: Sequence[Head] | None = None,
    *,
    sequences: Sequence[str] | None = None,
    voxels: bool = True,
    on_case: Callable[[int, int], None] | None = None,
) -> DatasetReport:
    """Look at every file of a manifest; a broken one does not stop the others.

    Args:
        manifest: CSV of cases.
        heads: whose labels are checked, against their classes; None checks every ``label_`` column, the values
            where the classes are known (edema and bones).
        sequences: whose images are checked; None for every ``image_`` column.
        voxels: read the images too. False opens them only, which takes milliseconds, and reads labels for their
            values: what a training needs to know before it starts.
        on_case: called with (cases done, cases in all).

    Raises:
        InputError: where the manifest itself cannot be read as a table of cases.
    """
    cases, row_problems = survey_manifest(manifest)
    names = None if heads is None else tuple(head.name for head in heads)
    scope = Scope(None if sequences is None else tuple(sequences), names, voxels)
    problems = [_of_row(manifest, problem) for problem in row_problems]
    measured: list[CaseFacts] = []
    for done, case in enumerate(cases, 1):
        facts, unreadable = measure_case(case, scope)
        measured.append(facts)
        problems += unreadable
        if on_case:
            on_case(done, len(cases))
    known = {head.name: head for head in (heads_from((EDEMA, BONES)) if heads is None else heads)}
    problems += _of_files(measured, known)
    problems += _between_cases(measured)
    lacking = {problem.case_id for problem in row_problems if problem.file}  # named already, file by file
    problems += _of_columns([facts for facts in measured if facts.case.case_id not in lacking], scope, known)
    return DatasetReport(manifest, tuple(measured), in_order(problems))


def _of_row(manifest: Path, problem: RowProblem) -> Problem:
    if problem.file is None:
        where = str(problem.error.source).removeprefix(str(manifest)).lstrip(", ")  # the line
        what = f"{where}: {problem.error.problem}" if where else problem.error.problem
        return Problem(Severity.ERROR, "manifest", problem.case_id, None, what, problem.error.remedy)
    return Problem(Severity.ERROR, "missing", problem.case_id, problem.file, "does not exist", problem.error.remedy)


def _of_files(cases: Sequence[CaseFacts], heads: Mapping[str, Head]) -> Iterator[Problem]:
    for facts in cases:
        for image in facts.images.values():
            yield from image_problems(facts.case.case_id, image)
        for name, label in facts.labels.items():
            yield from label_problems(facts.case.case_id, label, name, heads.get(name))
        yield from grid_problems(facts)


def _between_cases(cases: Sequence[CaseFacts]) -> Iterator[Problem]:
    yield from duplicates(cases)
    yield from image_outliers(cases)
    for name in dict.fromkeys(name for facts in cases for name in facts.labels):
        yield from contrast_outliers(cases, name)


def _of_columns(cases: Sequence[CaseFacts], scope: Scope, heads: Mapping[str, Head]) -> Iterator[Problem]:
    sequences = dict.fromkeys(name for facts in cases for name in facts.case.images)
    names = dict.fromkeys(name for facts in cases for name in facts.case.labels)
    for name in sequences if scope.sequences is None else scope.sequences:
        yield from sequence_problems(cases, name)
    for name in names if scope.heads is None else scope.heads:
        yield from head_problems(cases, name, heads.get(name), asked=scope.heads is not None)
