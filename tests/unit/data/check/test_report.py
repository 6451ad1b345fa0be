"""The report: its order, its verdict, and the refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmo_seg.cases import Case
from crmo_seg.data.check.report import CaseFacts, DatasetReport, Problem, Severity, in_order, refuse_broken
from crmo_seg.errors import InputError

MANIFEST = Path("data/manifest.csv")
CASES = tuple(CaseFacts(Case(f"c{number}", "p"), {}, {}) for number in range(9))


def problem(severity: Severity, kind: str = "grid", case_id: str = "c0", file: str | None = "a.nii") -> Problem:
    return Problem(severity, kind, case_id, Path(file) if file else None, f"is {kind}", "mend it")


def report(*problems: Problem) -> DatasetReport:
    return DatasetReport(MANIFEST, CASES, in_order(problems))


def test_errors_come_first_and_kinds_together() -> None:
    mixed = [
        problem(Severity.NOTE),
        problem(Severity.ERROR, "values", "c1"),
        problem(Severity.ERROR, "grid", "c2"),
        problem(Severity.ERROR, "values", "c3"),
        problem(Severity.WARNING),
    ]
    order = [(one.severity.value, one.kind, one.case_id) for one in in_order(mixed)]
    assert order == [
        ("error", "grid", "c2"),
        ("error", "values", "c1"),
        ("error", "values", "c3"),
        ("warning", "grid", "c0"),
        ("note", "grid", "c0"),
    ]


def test_the_verdict_counts() -> None:
    assert report().verdict == "9 cases: nothing found"
    assert report(problem(Severity.NOTE)).verdict == "9 cases: 0 errors, 0 warnings, 1 note"
    broken = report(*[problem(Severity.ERROR, kind) for kind in "ab"], problem(Severity.ERROR, case_id="", file=None))
    assert broken.verdict == "9 cases: 3 errors, 0 warnings, 0 notes; 1 case cannot be trained on"


def test_warnings_pass() -> None:
    refuse_broken(report(problem(Severity.WARNING), problem(Severity.NOTE)))


def test_a_refusal_names_the_first_errors_and_the_command() -> None:
    errors = [problem(Severity.ERROR, "grid", f"c{number}", f"{number}.nii") for number in range(5)]
    with pytest.raises(InputError) as refused:
        refuse_broken(report(*errors))
    assert str(refused.value) == (
        "data/manifest.csv: has 5 errors: 0.nii: is grid | 1.nii: is grid | 2.nii: is grid | and 2 more; "
        "list all with: crmo-seg dataset check data/manifest.csv"
    )


def test_an_error_without_a_file_is_named_by_its_case() -> None:
    errors = [problem(Severity.ERROR, "grid", "c1", None), problem(Severity.ERROR, "empty", "", None)]
    with pytest.raises(InputError, match=r"has 2 errors: case c1: is grid \| the manifest: is empty; list all"):
        refuse_broken(report(*errors))
