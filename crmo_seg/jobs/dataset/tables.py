"""A report of a check as a table for the terminal, and as rows for CSV."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from crmo_seg.data.check.report import CaseFacts, DatasetReport, ImageFacts, LabelFacts, Problem, Severity

if TYPE_CHECKING:
    from rich.table import Table

PROBLEM_COLUMNS: Final = ("severity", "case_id", "file", "what", "what_to_do")

_PERCENTILES: Final = ("min", "p01", "p50", "p99", "max")
_SHOWN_OF_A_KIND: Final = {Severity.ERROR: 25, Severity.WARNING: 8, Severity.NOTE: 4}
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def problem_table(report: DatasetReport) -> Table:
    """The problems for ``rich.print``; of many alike only the first are shown, with the number of the others."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column()
    for severity, case_id, what, remedy in _shown(report.problems):
        text = Text.assemble(what, (f"; {remedy}", "dim"))
        table.add_row(Text(severity.value, _COLOURS[severity]), case_id or "all", text)
    return table


def problem_rows(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Rows of ``problems.csv``."""
    return [
        {
            "severity": problem.severity.value,
            "case_id": problem.case_id,
            "file": str(problem.file or ""),
            "what": problem.what,
            "what_to_do": problem.remedy,
        }
        for problem in problems
    ]


def case_rows(cases: Sequence[CaseFacts]) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of ``cases.csv``; a cell is empty where a file is missing or was not read."""
    rows = [_case_row(facts) for facts in cases]
    return list(dict.fromkeys(name for row in rows for name in row)), rows


def _shown(problems: Sequence[Problem]) -> Iterable[tuple[Severity, str, str, str]]:
    counts = Counter((problem.severity, problem.kind) for problem in problems)
    done: dict[tuple[Severity, str], int] = defaultdict(int)
    for problem in problems:
        kind = problem.severity, problem.kind
        done[kind] += 1
        most = _SHOWN_OF_A_KIND[problem.severity]
        if done[kind] <= most:
            file = f"{problem.file.parent.name}/{problem.file.name}: " if problem.file else ""
            yield problem.severity, problem.case_id, f"{file}{problem.what}", problem.remedy
        elif done[kind] == most + 1:
            more = f"{counts[kind] - most} more like the last ({problem.kind})"
            yield problem.severity, "...", more, "-o OUT writes them all"


def _case_row(facts: CaseFacts) -> dict[str, str]:
    case = facts.case
    row = {"case_id": case.case_id, "patient_id": case.patient_id, "fold": "" if case.fold is None else str(case.fold)}
    for name, image in facts.images.items():
        row |= {f"{name}_{key}": value for key, value in _image_cells(image).items()}
    for name, label in facts.labels.items():
        row |= {f"{name}_{key}": value for key, value in _label_cells(label).items()}
    return row


def _image_cells(image: ImageFacts) -> Mapping[str, str]:
    cells = {
        "shape": " x ".join(str(n) for n in image.geometry.shape),
        "spacing_mm": " x ".join(f"{mm:.4g}" for mm in image.geometry.spacing_mm),
        "orientation": image.geometry.orientation,
    }
    if image.signal is None:
        return cells
    named = zip(_PERCENTILES, image.signal.percentiles, strict=True)
    return cells | {name: f"{value:.6g}" for name, value in named}


def _label_cells(label: LabelFacts) -> Mapping[str, str]:
    voxel_ml = label.geometry.voxel_volume_ml
    cells = {"volume_ml": f"{sum(label.voxels.values()) * voxel_ml:.4g}"}
    if label.components or not label.voxels:
        cells["components"] = str(sum(len(parts) for parts in label.components.values()))
    cells |= {f"volume_{value}_ml": f"{count * voxel_ml:.4g}" for value, count in label.voxels.items()}
    return cells
