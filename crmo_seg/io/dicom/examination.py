"""A DICOM folder or zip -> the examinations of one patient -> one volume of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.rules import Rules, read_rules
from crmo_seg.io.dicom.choose.series import Choice, choose_series, choose_stacks
from crmo_seg.io.dicom.compose.volume import compose, composed_by_scanner
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.read.pixels import read_stack
from crmo_seg.io.dicom.source import source_name
from crmo_seg.io.dicom.types import ComposedStudy, Stack


@dataclass(frozen=True)
class Examination:
    """One DICOM study, and what is analysed of it.

    Attributes:
        study_uid: StudyInstanceUID.
        patient_id: PatientID, may be empty; kept out of ``repr``.
        study_date: ISO date, or None.
        choice: the stacks to read; or why there are none.
    """

    study_uid: str
    patient_id: str = field(repr=False)
    study_date: str | None
    choice: Choice


def choose_examinations(
    source: Path | Sequence[Path], series_uid: str | None = None, rules: Rules | None = None
) -> tuple[Examination, ...]:
    """The examinations of one patient, by date, each with its choice; those without any MR are left out.

    Where one of several has nothing to choose, its `Choice` says so; where none has, this is an error.

    Args:
        source: DICOM folder (with its subfolders), zip or file; or a list of files.
        series_uid: the series to take, whatever rules say.
        rules: None for those that come with the package.

    Raises:
        InputError: where the source cannot be read, holds several patients, or nothing can be chosen.
    """
    stacks, name = find_stacks(source), source_name(source)
    if not stacks:
        raise InputError(name, "holds no DICOM image", "give a DICOM folder or zip, or a NIfTI file")
    stacks = _only_series(name, stacks, series_uid)
    _check_one_patient(name, stacks)
    found = tuple(_examination(group, series_uid, rules or read_rules()) for group in _by_study(stacks))
    problem = next((each.choice.problem for each in found if each.choice.problem), None)
    if problem is not None and all(each.choice.problem for each in found):
        raise InputError(name, *problem)
    return found


def read_choice(choice: Choice, name: str) -> ComposedStudy:
    """Read what was chosen: the series that the scanner composed, or the stations, which are joined.

    Args:
        choice: from `choose_examinations`.
        name: what errors call the examination.

    Raises:
        InputError: where nothing was chosen, or a file cannot be read.
    """
    if choice.sequence is None:
        raise InputError(name, *(choice.problem or ("holds nothing to read", "give another study")))
    volumes = [read_stack(stack) for stack in choice.sequence.read]
    notes = (*choice.notes, *(f"{note}." for stack in choice.sequence.read for note in stack.notes))
    if choice.sequence.composed is not None:
        return composed_by_scanner(volumes[0], choice.sequence.stations, notes)
    return compose(volumes, notes)


def _only_series(source: Path, stacks: Sequence[Stack], series_uid: str | None) -> tuple[Stack, ...]:
    mine = tuple(stack for stack in stacks if series_uid in (None, stack.series_uid))
    if not mine:
        count = len({stack.series_uid for stack in stacks})
        problem = f"has no series {series_uid} among its {count}"
        raise InputError(source, problem, "crmo-seg inspect lists them")
    return mine


def _check_one_patient(source: Path, stacks: Sequence[Stack]) -> None:
    patients = {stack.patient_id for stack in stacks if stack.patient_id}
    if len(patients) > 1:
        problem = f"has images of {len(patients)} patients (PatientID)"
        raise InputError(source, problem, "keep the patients apart, one folder each")


def _by_study(stacks: Sequence[Stack]) -> list[tuple[Stack, ...]]:
    groups: dict[str, list[Stack]] = defaultdict(list)
    for stack in sorted(stacks, key=lambda stack: (stack.study_date or "", stack.study_uid)):
        groups[stack.study_uid].append(stack)
    studies = [tuple(group) for group in groups.values()]
    # A study without MR, such as an X-ray of another day, is none of ours; alone it is refused with a reason.
    return [study for study in studies if any(stack.modality == "MR" for stack in study)] or studies


def _examination(stacks: Sequence[Stack], series_uid: str | None, rules: Rules) -> Examination:
    choice = choose_stacks(stacks, rules) if series_uid is None else choose_series(stacks, series_uid, rules)
    patient_id = next((stack.patient_id for stack in stacks if stack.patient_id), "")
    return Examination(stacks[0].study_uid, patient_id, stacks[0].study_date, choice)
