"""The tables of an evaluation on disk, each complete or not at all; what an evaluation before left is removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from crmo_seg.evaluation.cohort import CohortSummary
from crmo_seg.files import written_whole
from crmo_seg.jobs.evaluation.summary import summary_to_json
from crmo_seg.jobs.evaluation.tables import (
    LESION_COLUMNS,
    case_row,
    change_rows,
    comparison_rows,
    froc_rows,
    lesion_rows,
    reader_rows,
    stratum_rows,
    table_text,
)

_FILES: Final = (
    "cases.csv", "lesions.csv", "strata.csv", "froc.csv", "comparison.csv", "comparison_cases.csv", "readers.csv",
    "summary.json",
)  # fmt: skip


def write_tables(out: Path, summary: CohortSummary) -> None:
    """Write the tables of a summary into a folder, made where it does not exist.

    Raises:
        InputError: where the folder cannot be written.
    """
    texts = _texts(summary)
    for name, text in texts.items():
        write_bytes(out / name, text.encode())
    for name in _FILES:
        if name not in texts:  # of an evaluation before, which these tables do not belong to
            (out / name).unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, complete or not at all, and its folder where there is none.

    Raises:
        InputError: where it cannot be written.
    """
    with written_whole(path) as part:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)


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
    if summary.readers:
        texts["readers.csv"] = table_text(reader_rows(summary.readers))
    texts["summary.json"] = json.dumps(summary_to_json(summary), indent=2, allow_nan=False) + "\n"
    return texts
