"""``crmo-seg inspect``: what lies in a folder or zip of DICOM, what predict would read of it and why, as a table.

Nothing here names a patient: they are numbered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.headers import plane_of
from crmo_seg.io.dicom.choose.rules import Rules
from crmo_seg.io.dicom.choose.series import Verdict, choice_by_series
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.read.header import number_of, text_of
from crmo_seg.io.dicom.read.pixels import read_stack
from crmo_seg.io.dicom.types import Stack
from crmo_seg.io.nifti_4d import write_repeats

Item = TypeVar("Item")

NOTHING: Final = "\N{EN DASH}"
_LONGEST_NAME: Final = 80


@dataclass(frozen=True)
class InspectedStudy:
    """One examination, without what names its patient.

    Attributes:
        title: ``patient 1, 2024-02-29``.
        folder: name for files, ``patient-1_2024-02-29``.
        stacks: sorted by series number.
        verdicts: what predict makes of each, in their order.
    """

    title: str
    folder: str
    stacks: tuple[Stack, ...]
    verdicts: tuple[Verdict, ...]


def inspect_source(source: Path, rules: Rules | None = None) -> tuple[InspectedStudy, ...]:
    """All examinations of any number of patients and of any modality, from headers alone.

    Args:
        source: DICOM folder (with its subfolders), zip or file.
        rules: which series predict would read; None for those that come with the package.

    Raises:
        InputError: where the source is missing, holds no DICOM, or a DICOM file is damaged.
    """
    stacks = find_stacks(source)
    if not stacks:
        raise InputError(source, "holds no DICOM", "give a DICOM folder or zip")
    verdicts = choice_by_series(stacks, rules)
    patients = {patient: number for number, patient in enumerate(_unique(s.patient_id for s in stacks), start=1)}
    studies = _unique((stack.patient_id, stack.study_uid) for stack in stacks)
    groups = [tuple(s for s in stacks if (s.patient_id, s.study_uid) == study) for study in studies]
    titles = _titles([f"patient {patients[group[0].patient_id]}, {_date(group)}" for group in groups])
    return tuple(
        InspectedStudy(title, re.sub(r"[ ,]+", "_", title.replace("patient ", "patient-")), group, _of(verdicts, group))
        for title, group in zip(titles, groups, strict=True)
    )


def table_row(stack: Stack) -> dict[str, str]:
    """Cells of one stack, by column."""
    header, grid = stack.header, stack.geometry
    times = [number_of(header, keyword) for keyword in ("RepetitionTime", "EchoTime", "InversionTime")]
    spacing = " x ".join(f"{mm:.3g}" for mm in grid.spacing_mm) if grid else NOTHING
    return {
        "series": text_of(header, "SeriesNumber") or NOTHING,
        "description": " ".join(filter(None, (text_of(header, "SeriesDescription"), stack.name))) or NOTHING,
        "type": stack.modality,
        "plane": plane_of(stack) if grid else NOTHING,
        "matrix": f"{grid.shape[0]} x {grid.shape[1]}" if grid else NOTHING,
        "slices": _count(stack),
        "spacing mm": spacing,
        "TR / TE / TI ms": " / ".join(NOTHING if time is None else f"{time:.4g}" for time in times),
    }


def write_usable(
    studies: Sequence[InspectedStudy], folder: Path, tick: Callable[[int, int], None] = lambda done, total: None
) -> tuple[tuple[Path, ...], tuple[InputError, ...]]:
    """Write every usable stack as float32 NIfTI; with a subfolder for each examination where there are several.

    Args:
        studies: of `inspect_source`.
        folder: made where it is missing.
        tick: called with how many are done and how many there are.

    Returns:
        The files written, and what kept others from being written.

    Raises:
        InputError: where a file cannot be written.
    """
    wanted = list(_file_names(studies, folder))
    written, errors = [], []
    for done, (path, stack) in enumerate(wanted, start=1):
        try:
            volumes = read_stack(stack).volumes
        except InputError as error:
            errors.append(error)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_repeats(path, volumes)
            written.append(path)
        tick(done, len(wanted))
    return tuple(written), tuple(errors)


def _file_names(studies: Sequence[InspectedStudy], folder: Path) -> Iterator[tuple[Path, Stack]]:
    taken: set[Path] = set()
    for study in studies:
        place = folder / study.folder if len(studies) > 1 else folder
        for stack in study.stacks:
            if stack.geometry is None:
                continue
            path, count = place / f"{_file_stem(stack)}.nii.gz", 1
            while path in taken:
                path, count = place / f"{_file_stem(stack)}_{count + 1}.nii.gz", count + 1
            taken.add(path)
            yield path, stack


def _file_stem(stack: Stack) -> str:
    number = number_of(stack.header, "SeriesNumber")
    words = ("" if number is None else f"{number:04.0f}", text_of(stack.header, "SeriesDescription"), stack.name)
    text = re.sub(r"[^A-Za-z0-9-]+", "_", "_".join(filter(None, words))).strip("_-")
    return text[:_LONGEST_NAME] or "series"


def _count(stack: Stack) -> str:
    repeats, slices = len(stack.slices), len(stack.slices[0])
    return f"{slices}, {repeats} times" if repeats > 1 else f"{slices}"


def _of(verdicts: Mapping[tuple[str, str], Verdict], stacks: Sequence[Stack]) -> tuple[Verdict, ...]:
    return tuple(verdicts[stack.series_uid, stack.name] for stack in stacks)


def _titles(texts: Sequence[str]) -> list[str]:
    """All different: examinations of one patient on one day are numbered."""
    return [
        f"{text}, examination {texts[: place + 1].count(text)}" if texts.count(text) > 1 else text
        for place, text in enumerate(texts)
    ]


def _date(stacks: Iterable[Stack]) -> str:
    return next((stack.study_date for stack in stacks if stack.study_date), "no date")


def _unique(items: Iterable[Item]) -> list[Item]:
    return list(dict.fromkeys(items))
