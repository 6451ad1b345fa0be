"""What a correction belongs to: a row of a manifest, or a prediction folder, as a case with its images."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.io.study import Study, open_study
from crmo_seg.jobs.output import IMAGE_FILE, SUMMARY_FILE
from crmo_seg.keys import STIR


@dataclass(frozen=True)
class Correctable:
    """A case to be given another label.

    Attributes:
        case: with its images; of a row that is there already, with its labels too.
        previous: the mask that was corrected, where there is one.
        model_sha256: of the model that made it, where a prediction was corrected.
    """

    case: Case
    previous: Path | None
    model_sha256: str | None = None


def find_correctable(
    subject: str, cases: Sequence[Case], head: str, *, patient_id: str | None = None, sequence: str | None = None
) -> Correctable:
    """The case that a user names by its case_id in a manifest, or by the folder of its prediction.

    Args:
        subject: a case_id, or ``OUT/<case_id>``.
        cases: rows of the manifest to add to.
        head: whose mask was corrected.
        patient_id: of a prediction, where the manifest knows the patient by another name than the prediction.
        sequence: name of a predicted image that no manifest names; else the only one of ``cases``, else ``stir``.

    Raises:
        InputError: where it is neither, where the image of a prediction is not where it was or has changed, or
            where nobody says who the patient is.
    """
    by_id = {case.case_id: case for case in cases}
    if subject in by_id:
        return _of_row(subject, by_id[subject], head, patient_id)
    folder = Path(subject)
    if not (folder / SUMMARY_FILE).is_file():
        known = f"; the manifest has {', '.join(sorted(by_id)[:5])}" if by_id else ""
        remedy = f"give a case_id, or a folder that crmo-seg predict wrote (with {SUMMARY_FILE})"
        raise InputError(subject, f"is neither a case of the manifest nor a prediction{known}", remedy)
    return _of_prediction(folder, by_id, head, patient_id, sequence or _only_sequence(cases))


def _of_row(subject: str, case: Case, head: str, patient_id: str | None) -> Correctable:
    if patient_id not in (None, case.patient_id):
        problem = f"is {patient_id}, but case {subject} belongs to patient {case.patient_id}"
        raise InputError("--patient-id", problem, "leave it out; the manifest decides")
    return Correctable(case, case.labels.get(head))


def _of_prediction(
    folder: Path, by_id: Mapping[str, Case], head: str, patient_id: str | None, sequence: str
) -> Correctable:
    summary = _read_summary(folder / SUMMARY_FILE)
    case_id = str(summary["case_id"])
    mask = folder / f"{head}.nii.gz"
    previous = mask if mask.is_file() else None
    if case_id in by_id:
        row = _of_row(case_id, by_id[case_id], head, patient_id)
        return replace(row, previous=previous or row.previous, model_sha256=_model(summary))
    study = _study(folder, summary)
    patient = patient_id or (study.patient_id if study else None) or summary.get("patient_key")
    if not patient:
        raise InputError(folder, "does not say who the patient is", "give --patient-id; visits of a patient share it")
    images = _images(folder, study, sequence)
    case = Case(case_id, str(patient), summary.get("visit"), _fold(by_id.values(), str(patient)), images)
    return Correctable(case, previous, _model(summary))


def _read_summary(path: Path) -> Mapping[str, Any]:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", "predict the study again") from None
    missing = [name for name in ("case_id", "input", "hashes") if not isinstance(summary, dict) or name not in summary]
    if missing:
        raise InputError(path, f"has no {missing[0]}", "predict the study again")
    return MappingProxyType(summary)


def _model(summary: Mapping[str, Any]) -> str | None:
    value = summary["hashes"].get("model_sha256")
    return None if value is None else str(value)


def _study(folder: Path, summary: Mapping[str, Any]) -> Study | None:
    """The NIfTI files that were predicted on, unchanged; None where the folder keeps its own image, as of DICOM."""
    if (folder / IMAGE_FILE).is_file():
        return None
    source = folder.parent / str(summary["input"])
    if not source.exists():
        remedy = "put it back, or add the case to the manifest by hand"
        raise InputError(folder, f"was predicted from {source}, which is not there", remedy)
    for study in open_study(source):
        if study.case_id == summary["case_id"]:
            if study.input_sha256() != summary["hashes"].get("input_sha256"):
                raise InputError(source, "has changed since it was predicted", "predict it again, then correct that")
            return study
    raise InputError(source, f"holds no case {summary['case_id']} any more", "predict the study again")


def _images(folder: Path, study: Study | None, sequence: str) -> Mapping[str, Path]:
    if study is None:
        return MappingProxyType({sequence: (folder / IMAGE_FILE).absolute()})
    files = {name: file.absolute() for name, file in study.sequences.items() if isinstance(file, Path)}
    if not files:
        raise InputError(folder, f"is of DICOM and has no {IMAGE_FILE}", "predict the study again with --overwrite")
    return MappingProxyType(files if study.named else {sequence: next(iter(files.values()))})


def _fold(cases: Iterable[Case], patient_id: str) -> int | None:
    """The fold of the patient's other visits."""
    return next((case.fold for case in cases if case.patient_id == patient_id), None)


def _only_sequence(cases: Sequence[Case]) -> str:
    names = {name for case in cases for name in case.images}
    return names.pop() if len(names) == 1 else STIR
