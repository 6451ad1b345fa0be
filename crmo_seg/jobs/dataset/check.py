"""``crmo-seg dataset check``: what was found, as tables and as a sheet of pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmo_seg.data.check.report import CaseFacts, DatasetReport, Problem
from crmo_seg.data.check.run import check_dataset
from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole, write_table
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.jobs.dataset.tables import PROBLEM_COLUMNS, case_rows, problem_rows
from crmo_seg.keys import EDEMA
from crmo_seg.plan import Head
from crmo_seg.volume import Volume

if TYPE_CHECKING:
    from crmo_seg.report.contact_sheet import SheetRow

PROBLEMS_CSV: Final = "problems.csv"
CASES_CSV: Final = "cases.csv"
SHEET_PNG: Final = "sheet.png"

_MOST_ROWS: Final = 12
_MOST_OF_A_KIND: Final = 2
_FEWEST_ROWS: Final = 4
_ROW_PIXELS: Final = 320
_MOST_TITLE: Final = 180


def check(
    manifest: Path,
    out: Path | None = None,
    heads: Sequence[Head] | None = None,
    on_case: Callable[[int, int], None] | None = None,
) -> DatasetReport:
    """Check every file of a manifest; with ``out`` write ``problems.csv``, ``cases.csv`` and ``sheet.png`` there.

    Args:
        manifest: CSV of cases.
        out: folder to write to; a folder of an earlier check is replaced.
        heads: whose labels are checked, with their classes; None for all.
        on_case: called with (cases done, cases in all).

    Raises:
        InputError: where the manifest cannot be read, or the folder cannot be written.
    """
    if out and out.exists() and not _is_ours(out):
        raise InputError(out, "holds other files than those of a check", "give a new folder")
    report = check_dataset(manifest, heads, on_case=on_case)
    if out:
        _write(report, out)
    return report


def _is_ours(out: Path) -> bool:
    return out.is_dir() and {path.name for path in out.iterdir()} <= {PROBLEMS_CSV, CASES_CSV, SHEET_PNG}


def _write(report: DatasetReport, out: Path) -> None:
    with folder_written_whole(out) as part:
        write_table(part / PROBLEMS_CSV, PROBLEM_COLUMNS, problem_rows(report.problems))
        write_table(part / CASES_CSV, *case_rows(report.cases))
        picture = _sheet(report)
        if picture:
            (part / SHEET_PNG).write_bytes(picture)


def _sheet(report: DatasetReport) -> bytes | None:
    """The cases with problems, the worst first, and a few without; None where no image can be shown."""
    from crmo_seg.report.contact_sheet import contact_sheet_png

    rows: list[SheetRow] = []
    for facts, problem in _picked(report):
        if len(rows) >= (_MOST_ROWS if problem else _FEWEST_ROWS):
            break
        row = _row(facts, problem)
        rows += [row] if row else []
    return contact_sheet_png(rows, row_pixels=_ROW_PIXELS) if rows else None


def _picked(report: DatasetReport) -> Iterable[tuple[CaseFacts, Problem | None]]:
    worst: dict[str, Problem] = {}
    for problem in report.problems:
        worst.setdefault(problem.case_id, problem)
    by_id = {facts.case.case_id: facts for facts in report.cases}
    shown: Counter[str] = Counter()
    for case_id, problem in worst.items():
        shown[problem.kind] += 1
        if case_id in by_id and shown[problem.kind] <= _MOST_OF_A_KIND:
            yield by_id[case_id], problem
    yield from ((facts, None) for facts in report.cases if facts.case.case_id not in worst)


def _row(facts: CaseFacts, problem: Problem | None) -> SheetRow | None:
    """One case on the sheet; None where no image of it can be read and shown."""
    from crmo_seg.report.contact_sheet import SheetRow

    shown = [image for image in facts.images.values() if image.signal and _has_contrast(image.signal.percentiles)]
    if not shown:
        return None
    text = f"{problem.severity.value}: {problem.what}" if problem else "nothing found"
    title = f"{facts.case.case_id}   {text}"
    image = read_image(shown[0].path)
    labels = _labels_on(image, facts)
    outlined = labels.get(EDEMA) or next(iter(labels.values()), None)
    mask = outlined.with_array(outlined.array > 0) if outlined else None
    coloured = next((label for label in labels.values() if label.array.max() > 1), None)
    return SheetRow(title[:_MOST_TITLE], image, edema=mask, bones=coloured)


def _has_contrast(percentiles: Sequence[float]) -> bool:
    return percentiles[0] < percentiles[-1] and percentiles[-1] > 0


def _labels_on(image: Volume, facts: CaseFacts) -> dict[str, Volume]:
    fitting = {name: label for name, label in facts.labels.items() if label.geometry.same_grid(image.geometry)}
    return {name: read_labels(label.path) for name, label in fitting.items()}
