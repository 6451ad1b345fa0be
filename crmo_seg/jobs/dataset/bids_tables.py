"""Tables of BIDS: dates of visits, and names of label values.

BIDS 1.10.0 (doi:10.1038/sdata.2016.44), "Data summary files: Scans file, Sessions file" and "Derivatives: Imaging
data types: Common image-derived labels".
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.bids_files import BidsFile, applies_to
from crmo_seg.jobs.dataset.foreign import BACKGROUND, class_names

_NOT_AVAILABLE: Final = ("", "n/a")
_TIME: Final = "acq_time"


def read_table(path: Path) -> list[Mapping[str, str]]:
    """Rows of a tab-separated table.

    Raises:
        InputError: where it is no text.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            return [{key.strip(): (value or "").strip() for key, value in row.items() if key} for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"cannot be read as a table ({error})", "save it tab-separated, in UTF-8") from None


def visit_of(images: Iterable[BidsFile], subject: Path) -> str | None:
    """The ISO date of a session: that of ``sub-*_sessions.tsv``, else the earliest in ``*_scans.tsv``.

    Args:
        images: of one subject and session.
        subject: the folder of the subject.

    Raises:
        InputError: where a time in a table is no date.
    """
    images = tuple(images)
    dates = _session_dates(subject, images[0].entities.get("ses")) or _scan_dates(images)
    return min(dates).isoformat() if dates else None


def classes_of(label: BidsFile, root: Path) -> tuple[str, ...] | None:
    """Names of the values 1, 2, ... of a discrete segmentation, from the nearest table that applies to it.

    Args:
        label: the segmentation.
        root: the folder above which no table is looked for.

    Raises:
        InputError: where the table has no names, or its values have gaps.
    """
    table = _lookup_table(label, root)
    return None if table is None else _classes(table)


def _session_dates(subject: Path, session: str | None) -> list[datetime.date]:
    table = subject / f"{subject.name}_sessions.tsv"
    if session is None or not table.is_file():
        return []
    rows = (row for row in read_table(table) if row.get("session_id", "").removeprefix("ses-") == session)
    return _dates(table, rows)


def _scan_dates(images: tuple[BidsFile, ...]) -> list[datetime.date]:
    folder = images[0].path.parent.parent
    table = folder / f"{images[0].case_id}_scans.tsv"
    if not table.is_file():
        return []
    named = {image.path.relative_to(folder).as_posix() for image in images}
    return _dates(table, (row for row in read_table(table) if row.get("filename") in named))


def _dates(table: Path, rows: Iterable[Mapping[str, str]]) -> list[datetime.date]:
    return [_date(table, text) for row in rows if (text := row.get(_TIME, "")) not in _NOT_AVAILABLE]


def _date(table: Path, text: str) -> datetime.date:
    try:
        return datetime.datetime.fromisoformat(text).date()
    except ValueError:
        raise InputError(table, f"has the {_TIME} {text!r}", "write it as YYYY-MM-DDThh:mm:ss") from None


def _lookup_table(label: BidsFile, root: Path) -> Path | None:
    """The inheritance principle: the nearest folder first; within it the name with the most entities."""
    for folder in (label.path.parent, *label.path.parent.parents):
        tables = [path for path in folder.glob(f"*{label.suffix}.tsv") if applies_to(path, label)]
        if tables:
            return max(sorted(tables), key=lambda path: path.name.count("-"))
        if folder == root:
            break
    return None


def _classes(table: Path) -> tuple[str, ...]:
    values: dict[str, int] = {}
    for row in read_table(table):
        index, name = row.get("index", ""), row.get("name", "")
        if not index.isdecimal() or not name:
            raise InputError(table, "names no label values", "give it the columns index and name, tab-separated")
        if name in values:
            raise InputError(table, f"gives two values the name {name}", "give them different names")
        if int(index):  # 0 is the background, whatever it is called
            values[name] = int(index)
    return class_names(table, {BACKGROUND: 0} | values)
