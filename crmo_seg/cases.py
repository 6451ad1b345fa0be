"""Cases and the manifest: a CSV table of who was scanned when, and where the files are. Opens no image.

Columns: ``case_id, patient_id[, visit][, fold]``, then ``image_<sequence>`` and ``label_<head>`` with paths
relative to the manifest. An empty cell is a sequence or a label that this case does not have.
"""

from __future__ import annotations

import csv
import datetime
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from crmo_seg.errors import InputError
from crmo_seg.files import write_table

IMAGE_PREFIX = "image_"
LABEL_PREFIX = "label_"
_REQUIRED = ("case_id", "patient_id")
_CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Case:
    """One study of one patient.

    Attributes:
        case_id: unique in a manifest; names the output folder, so letters, digits, ``.``, ``_`` and ``-`` only.
        patient_id: groups the visits of a patient, so that no patient is on both sides of a split.
        visit: ISO date, or None.
        fold: the fold in which this case is held out, or None.
        images: sequence -> file.
        labels: head -> file.
    """

    case_id: str
    patient_id: str
    visit: str | None = None
    fold: int | None = None
    images: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    labels: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not _CASE_ID.fullmatch(self.case_id):
            remedy = "use letters, digits, '.', '_' and '-', beginning with a letter or a digit"
            raise InputError(f"case_id {self.case_id!r}", "cannot name a folder", remedy)
        if not self.patient_id:
            raise InputError(f"case {self.case_id}", "has no patient_id", "give one; visits of a patient share it")
        if self.visit is not None:
            _check_date(self.visit, f"case {self.case_id}")


@dataclass(frozen=True)
class Split:
    """Cases to learn from and cases to validate on; no patient is in both."""

    train: tuple[Case, ...]
    val: tuple[Case, ...]


def read_manifest(path: Path) -> tuple[Case, ...]:
    """Cases of a manifest, in its order; paths made absolute, files checked to exist.

    Raises:
        InputError: where the file, a column, a row or a named file is missing or wrong.
    """
    rows, columns = _read_rows(path)
    _check_columns(path, columns)
    cases = tuple(_parse_row(path, number, row) for number, row in enumerate(rows, 2))
    if not cases:
        raise InputError(path, "has no case", "add a row for each study")
    _check_unique(path, cases)
    check_folds(cases, source=path)
    return cases


def write_manifest(path: Path, cases: Sequence[Case]) -> None:
    """Write cases as CSV with paths relative to the manifest, complete or not at all."""
    sequences = sorted({name for case in cases for name in case.images})
    heads = sorted({name for case in cases for name in case.labels})
    columns = [*_REQUIRED]
    columns += ["visit"] if any(case.visit for case in cases) else []
    columns += ["fold"] if any(case.fold is not None for case in cases) else []
    columns += [f"{IMAGE_PREFIX}{name}" for name in sequences] + [f"{LABEL_PREFIX}{name}" for name in heads]
    rows = (_format_row(case, path.parent) for case in cases)
    write_table(path, columns, ({name: row.get(name, "") for name in columns} for row in rows))


def check_folds(cases: Iterable[Case], source: object) -> None:
    """Refuse folds in which a patient is on both sides.

    Raises:
        InputError: where two cases of a patient are in different folds.
    """
    folds: dict[str, set[int | None]] = defaultdict(set)
    for case in cases:
        folds[case.patient_id].add(case.fold)
    for patient_id, numbers in folds.items():
        if len(numbers) > 1:
            text = ", ".join(sorted(str(number) for number in numbers))
            raise InputError(source, f"patient {patient_id} is in several folds ({text})", "give all visits one fold")


def split_by_patient(cases: Sequence[Case], *, fold: int, folds: int) -> Split:
    """Hold out one fold, by the manifest's ``fold`` column if it has one, else every ``folds``-th patient.

    Patients are taken in sorted order, so a split does not depend on the order of the rows.

    Raises:
        InputError: where the fold does not exist, or one side is empty.
    """
    patients = sorted({case.patient_id for case in cases})
    drawn = {patient: position % folds for position, patient in enumerate(patients)}
    held_out = {case.case_id for case in cases if (drawn[case.patient_id] if case.fold is None else case.fold) == fold}
    train = tuple(case for case in cases if case.case_id not in held_out)
    val = tuple(case for case in cases if case.case_id in held_out)
    if not train or not val:
        problem = f"fold {fold} of {folds} has {len(train)} training and {len(val)} validation cases"
        raise InputError("split", problem, f"give more patients ({len(patients)} now) or another fold")
    return Split(train, val)


def _read_rows(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            return list(reader), list(reader.fieldnames or [])
    except FileNotFoundError:
        raise InputError(path, "does not exist", "give the path of a manifest (CSV)") from None
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise InputError(path, f"is not a CSV table in UTF-8 ({error})", "save the manifest as CSV, UTF-8") from None


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = [name for name in _REQUIRED if name not in columns]
    if missing or not any(name.startswith(IMAGE_PREFIX) for name in columns):
        names = ", ".join(missing or [f"{IMAGE_PREFIX}<sequence>"])
        found = ", ".join(columns) or "none"
        raise InputError(path, f"has no column {names} (found: {found})", "add it; see the manifest in the README")


def _parse_row(path: Path, number: int, row: Mapping[str, str | None]) -> Case:
    where = f"{path}, line {number}"
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
    if None in row:
        raise InputError(where, "has more cells than the header", "quote paths that contain a comma")
    images = _files(where, path.parent, cells, IMAGE_PREFIX)
    if not images:
        raise InputError(where, "names no image", f"fill one of the {IMAGE_PREFIX}<sequence> columns")
    try:
        return Case(
            case_id=cells["case_id"],
            patient_id=cells["patient_id"],
            visit=cells.get("visit") or None,
            fold=_parse_fold(cells.get("fold", "")),
            images=images,
            labels=_files(where, path.parent, cells, LABEL_PREFIX),
        )
    except InputError as error:
        raise InputError(where, f"{error.source}: {error.problem}", error.remedy) from None


def _files(where: str, folder: Path, cells: Mapping[str, str], prefix: str) -> Mapping[str, Path]:
    named = {name.removeprefix(prefix): cell for name, cell in cells.items() if name.startswith(prefix) and cell}
    files = {name: (folder / cell).absolute() for name, cell in named.items()}
    for name, file in files.items():
        if not file.exists():
            raise InputError(
                where,
                f"{prefix}{name} {file} does not exist",
                "mend the path; it is relative to the manifest",
            )
    return MappingProxyType(files)


def _parse_fold(cell: str) -> int | None:
    if not cell:
        return None
    if not cell.isdecimal():
        raise InputError("fold", f"is {cell!r}", "give a whole number from 0")
    return int(cell)


def _check_unique(path: Path, cases: Sequence[Case]) -> None:
    seen: set[str] = set()
    for case in cases:
        if case.case_id in seen:
            raise InputError(path, f"case_id {case.case_id} stands twice", "give every row a case_id of its own")
        seen.add(case.case_id)


def _check_date(text: str, source: str) -> None:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise InputError(source, f"visit {text!r} is not a date", "write it as YYYY-MM-DD") from None


def _format_row(case: Case, folder: Path) -> dict[str, object]:
    row: dict[str, object] = {"case_id": case.case_id, "patient_id": case.patient_id}
    row |= {"visit": case.visit or "", "fold": "" if case.fold is None else case.fold}
    row |= {f"{IMAGE_PREFIX}{name}": _relative(file, folder) for name, file in case.images.items()}
    return row | {f"{LABEL_PREFIX}{name}": _relative(file, folder) for name, file in case.labels.items()}


def _relative(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder.absolute())).as_posix()
