"""``crmo-seg dataset import``: a data set of another layout becomes a manifest; no image is copied or opened."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crmo_seg.cases import Case, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.foreign import ForeignCase, ForeignDataset
from crmo_seg.jobs.dataset.msd import read_msd
from crmo_seg.jobs.dataset.names import format_head, head_name_of, hydra_heads, identifier
from crmo_seg.jobs.dataset.nnunet import read_nnunet
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.plan import Head

LAYOUTS: Final[Mapping[str, Callable[..., ForeignDataset]]] = MappingProxyType({"nnunet": read_nnunet, "msd": read_msd})
"""Layout -> its reader."""


@dataclass(frozen=True)
class ImportOptions:
    """What the user says about a data set; None is taken from the data set.

    Attributes:
        head: name of the column ``label_<head>``; None is the name of the data set.
        classes: names of the label values 1, 2, ...
        patients: CSV with columns ``case_id, patient_id``, where a patient has several cases.
        test: import the test cases instead of the training cases.
    """

    head: str | None = None
    classes: tuple[str, ...] | None = None
    patients: Path | None = None
    test: bool = False


@dataclass(frozen=True)
class Imported:
    """What was written, and what to type next.

    Attributes:
        manifest: the CSV.
        cases: its rows.
        sequences: of the images, in order.
        heads: of the labels, in order; none where there are only images.
        notes: what the user should know of, a line each.
    """

    manifest: Path
    cases: tuple[Case, ...]
    sequences: tuple[str, ...]
    heads: tuple[Head, ...]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """What was found and the commands that follow, for the terminal; a shell takes them as they are."""
        patients = len({case.patient_id for case in self.cases})
        columns = [*(f"image_{name}" for name in self.sequences), *(_label_column(head) for head in self.heads)]
        return [
            f"{len(self.cases)} cases of {patients} patients in {self.manifest}: {', '.join(columns)}",
            *self.notes,
            "next:",
            *(f"  {command}" for command in self._next_commands()),
        ]

    def _next_commands(self) -> list[str]:
        manifest = shlex.quote(str(self.manifest))
        chosen = "".join(f" --head {shlex.quote(format_head(head))}" for head in self.heads)
        check = f"crmo-seg dataset check {manifest}{chosen}"
        if not self.heads:
            return [check, f"crmo-seg predict {manifest} -o outputs/predictions"]
        everywhere = [name for name in self.sequences if all(name in case.images for case in self.cases)]
        sequences = shlex.quote(f"data.sequences=[{', '.join(everywhere or self.sequences)}]")
        heads = shlex.quote(f"data.heads={hydra_heads(self.heads)}")
        output = f"output_dir=outputs/{self.heads[0].name}"
        return [check, f"crmo-seg train data.manifest={manifest} {sequences} {heads} {output}"]


def _label_column(head: Head) -> str:
    return f"label_{head.name} ({', '.join(f'{value} {name}' for value, name in enumerate(head.classes, 1))})"


def import_dataset(layout: str, source: Path, manifest: Path, options: ImportOptions | None = None) -> Imported:
    """Write the manifest of a data set.

    Args:
        layout: a key of ``LAYOUTS``.
        source: the folder that holds ``dataset.json``.
        manifest: the CSV to write; a manifest that is there is replaced.
        options: what the data set does not say.

    Raises:
        InputError: where the data set is incomplete, or cannot be written as a manifest.
    """
    options = options or ImportOptions()
    found = LAYOUTS[layout](source, test=options.test)
    head = _head(source, found, options)
    patients = _read_patients(options.patients, found.cases) if options.patients else {}
    cases = tuple(_case(case, found.sequences, head, patients) for case in found.cases)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    write_manifest(manifest, cases)
    return Imported(manifest, cases, found.sequences, (head,))


def _head(source: Path, found: ForeignDataset, options: ImportOptions) -> Head:
    name = identifier(options.head, "--head") if options.head else head_name_of(source)
    classes = found.classes
    if options.classes:
        if len(options.classes) != len(found.classes):
            problem = f"names {len(options.classes)} classes, the data set has {len(found.classes)}"
            raise InputError("--labels", problem, f"name one for each of {', '.join(found.classes)}")
        classes = tuple(identifier(text, "--labels") for text in options.classes)
    return named_head(name, classes)


def named_head(name: str, classes: tuple[str, ...]) -> Head:
    """A head of a data set; that of edema has one class, whatever the data set calls it.

    Raises:
        InputError: where the name is one of this package, and the classes are not.
    """
    if name == BONES:
        raise InputError("--head", f"is {BONES}, whose files hold the bone labels of this package", "give another name")
    if name == EDEMA and len(classes) > 1:
        raise InputError("--head", f"is {EDEMA}, which has one class, not {len(classes)}", "give another name")
    return Head(name, (EDEMA,) if name == EDEMA else classes)


def _case(found: ForeignCase, sequences: tuple[str, ...], head: Head, patients: Mapping[str, str]) -> Case:
    return Case(
        case_id=found.case_id,
        patient_id=patients.get(found.case_id, found.case_id),
        images=MappingProxyType(dict(zip(sequences, (path.absolute() for path in found.images), strict=True))),
        labels=MappingProxyType({head.name: found.label.absolute()} if found.label else {}),
    )


def _read_patients(path: Path, cases: tuple[ForeignCase, ...]) -> Mapping[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"cannot be read as CSV ({error})", "give a CSV with case_id and patient_id") from None
    patients = {row.get("case_id", "").strip(): row.get("patient_id", "").strip() for row in rows}
    missing = [case.case_id for case in cases if not patients.get(case.case_id)]
    if missing:
        problem = f"has no patient_id for case {missing[0]} ({len(missing)} of {len(cases)} cases)"
        raise InputError(path, problem, "give columns case_id and patient_id, and a row for each case")
    return patients
