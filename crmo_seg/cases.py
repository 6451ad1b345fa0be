"""Cases and the manifest: a CSV table of who was scanned when, and where the files are. Opens no image.

Columns: ``case_id, patient_id[, visit][, fold]``, then ``image_<sequence>`` and ``label_<head>`` with paths
relative to the manifest. An empty cell is a sequence or a label that this case does not have.
"""

from __future__ import annotations

import csv
import datetime
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row of a manifest, with one file that it names, or with the folds of a patient."""

    error: InputError
    case_id: str = ""
    file: Path | None = None


def read_manifest(path: Path) -> tuple[Case, ...]:
    """Cases of a manifest, in its order; paths made absolute, files checked to exist.

    Raises:
        InputError: where the file, a column, a row or a named file is missing or wrong.
    """
    cases, problems = survey_manifest(path)
    if problems:
        raise problems[0].error
    return cases


def survey_manifest(path: Path) -> tuple[tuple[Case, ...], tuple[RowProblem, ...]]:
    """The rows that can be read, with those of their files that exist, and all that is wrong with the others.

    Raises:
        InputError: where the table itself cannot be read: no CSV, a column missing, no row.
    """
    rows, columns = _read_rows(path)
    _check_columns(path, columns)
    if not rows:
        raise InputError(path, "has no case", "add a row for each study")
    cases: list[Case] = []
    problems: list[RowProblem] = []
    for number, row in enumerate(rows, 2):
        where = f"{path}, line {number}"
        try:
            case = _parse_row(where, path.parent, row)
            problems += _missing_files(where, case)
            cases.append(replace(case, images=_existing(case.images), labels=_existing(case.labels)))
        except InputError as error:
            problems.append(RowProblem(error, (row.get("case_id") or "").strip()))
    problems += [*_repeated(path, cases), *_fold_problems(cases, source=path)]
    return tuple(cases), tuple(problems)


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
    for problem in _fold_problems(cases, source):
        raise problem.error


def split_by_patient(cases: Sequence[Case], *, fold: int, folds: int) -> Split:
    """Hold out one fold, by the manifest's ``fold`` column if it has one, else every ``folds``-th patient.

    Patients are taken in sorted order, so a split does not depend on the order of the rows. Beside cases with a fold,
    one without is held out in none.

    Raises:
        InputError: where the fold does not exist, or one side is empty.
    """
    patients = sorted({case.patient_id for case in cases})
    given = {case.patient_id: case.fold for case in cases if case.fold is not None}
    drawn = given or {patient: position % folds for position, patient in enumerate(patients)}
    held_out = {case.case_id for case in cases if drawn.get(case.patient_id) == fold}
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
        one_column = len(columns) == 1 and any(separator in columns[0] for separator in ";\t")
        remedy = "separate columns by commas" if one_column else "add it; see the manifest in the README"
        raise InputError(path, f"has no column {names} (found: {found})", remedy)


def _parse_row(where: str, folder: Path, row: Mapping[str, str | None]) -> Case:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
    if None in row:
        raise InputError(where, "has more cells than the header", "quote paths that contain a comma")
    images = _files(folder, cells, IMAGE_PREFIX)
    if not images:
        raise InputError(where, "names no image", f"fill one of the {IMAGE_PREFIX}<sequence> columns")
    try:
        return Case(
            case_id=cells["case_id"],
            patient_id=cells["patient_id"],
            visit=cells.get("visit") or None,
            fold=_parse_fold(cells.get("fold", "")),
            images=images,
            labels=_files(folder, cells, LABEL_PREFIX),
        )
    except InputError as error:
        raise InputError(where, f"{error.source}: {error.problem}", error.remedy) from None


def _files(folder: Path, cells: Mapping[str, str], prefix: str) -> Mapping[str, Path]:
    named = {name.removeprefix(prefix): cell for name, cell in cells.items() if name.startswith(prefix) and cell}
    return MappingProxyType({name: (folder / cell).absolute() for name, cell in named.items()})


def _missing_files(where: str, case: Case) -> Iterator[RowProblem]:
    for prefix, files in ((IMAGE_PREFIX, case.images), (LABEL_PREFIX, case.labels)):
        for name, file in files.items():
            if not file.exists():
                remedy = "mend the path; it is relative to the manifest"
                yield RowProblem(InputError(where, f"{prefix}{name} {file} does not exist", remedy), case.case_id, file)


def _existing(files: Mapping[str, Path]) -> Mapping[str, Path]:
    return MappingProxyType({name: file for name, file in files.items() if file.exists()})


def _parse_fold(cell: str) -> int | None:
    if not cell:
        return None
    if not cell.isdecimal():
        raise InputError("fold", f"is {cell!r}", "give a whole number from 0")
    return int(cell)


def _repeated(path: Path, cases: Iterable[Case]) -> Iterator[RowProblem]:
    for case_id, count in Counter(case.case_id for case in cases).items():
        if count > 1:
            error = InputError(path, f"case_id {case_id} stands twice", "give every row a case_id of its own")
            yield RowProblem(error, case_id)


def _fold_problems(cases: Iterable[Case], source: object) -> Iterator[RowProblem]:
    folds: dict[str, dict[int | None, str]] = defaultdict(dict)
    for case in cases:
        folds[case.patient_id].setdefault(case.fold, case.case_id)
    for patient_id, numbers in folds.items():
        if len(numbers) > 1:
            text = ", ".join(sorted(str(number) for number in numbers))
            problem = f"patient {patient_id} is in several folds ({text})"
            yield RowProblem(InputError(source, problem, "give all visits one fold"), list(numbers.values())[1])


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
