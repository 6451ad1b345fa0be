"""Which stacks of slices lie in a folder, a zip or a list of files: headers only, nothing is left out."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crmo_seg.io.dicom.axes import LPS_TO_RAS
from crmo_seg.io.dicom.discretion import discreet
from crmo_seg.io.dicom.read.frame_stack import FrameStack
from crmo_seg.io.dicom.read.frames import Frame, Problem, frames_of
from crmo_seg.io.dicom.read.grouping import stacks_of
from crmo_seg.io.dicom.read.header import naming, read_headers
from crmo_seg.io.dicom.read.names import stack_names
from crmo_seg.io.dicom.read.stack import Slice
from crmo_seg.io.dicom.types import Stack
from crmo_seg.io.dicom.uids import frame_of_reference_of
from crmo_seg.volume import Float64Array, Geometry, GeometryError


def find_stacks(source: Path | Sequence[Path]) -> tuple[Stack, ...]:
    """Every series of every modality, split into stacks; sorted by patient, study, series number and name.

    SeriesInstanceUID and name together tell stacks apart.

    Files that are no DICOM are passed over. A stack that is no usable volume says why in ``problem``.

    Args:
        source: a folder (with its subfolders), a zip, one file or a list of files.

    Raises:
        InputError: where the source is missing or cannot be read, or a DICOM file is damaged.
    """
    frames: list[Frame] = []
    for file, header in read_headers(source):
        with discreet(), naming(file):
            frames.extend(frames_of(file, header))
    series: dict[str, list[FrameStack]] = defaultdict(list)
    for stack in stacks_of(frames):
        series[stack.first.series.series_uid].append(stack)
    return tuple(sorted((stack for group in series.values() for stack in _named(group)), key=_order))


def _named(stacks: Sequence[FrameStack]) -> list[Stack]:
    return [_stack(stack, name) for stack, name in zip(stacks, stack_names(stacks), strict=True)]


def _stack(stack: FrameStack, name: str) -> Stack:
    identity = stack.first.series
    frame_of_reference = identity.frame_of_reference_uid or frame_of_reference_of(identity.series_uid)
    geometry, problem = (None, stack.problem) if stack.problem else _geometry(stack, frame_of_reference)
    return Stack(
        study_uid=identity.study_uid,
        series_uid=identity.series_uid,
        name=name,
        patient_id=identity.patient_id,
        study_date=_iso_date(identity.study_date),
        modality=identity.modality,
        header=stack.first.header,
        geometry=geometry,
        frame_of_reference_uid=identity.frame_of_reference_uid,
        slices=tuple(tuple(frame.source for frame in repeat) for repeat in stack.repeats),
        problem=problem,
        notes=stack.notes,
    )


def _geometry(stack: FrameStack, frame_of_reference_uid: str) -> tuple[Geometry | None, Problem | None]:
    planes = [frame.plane for frame in stack.repeats[0] if frame.plane is not None]
    columns, rows = planes[0].matrix
    try:
        affine = LPS_TO_RAS @ _affine_lps(planes)
        return Geometry(affine, (columns, rows, len(planes)), frame_of_reference_uid), None
    except GeometryError as error:
        return None, (f"has headers that cannot be right: {error}", "export the series again")


def _affine_lps(planes: Sequence[Slice]) -> Float64Array:
    """Column, row, slice index -> LPS millimetres (PS3.3 C.7.6.2.1.1); planes sorted along the normal."""
    first, last = planes[0], planes[-1]
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    between_rows, between_columns = first.pixel_spacing_mm
    affine = np.eye(4)
    affine[:3, 0] = row / np.linalg.norm(row) * between_columns
    affine[:3, 1] = column / np.linalg.norm(column) * between_rows
    affine[:3, 2] = np.subtract(last.position, first.position) / (len(planes) - 1)
    affine[:3, 3] = first.position
    return affine


def _order(stack: Stack) -> tuple[str, str, str, float, str, str]:
    number = stack.header.get("SeriesNumber")
    place = number if isinstance(number, float) else float("inf")
    return stack.patient_id, stack.study_date or "", stack.study_uid, place, stack.series_uid, stack.name


def _iso_date(text: str) -> str | None:
    try:
        return datetime.date.fromisoformat(text.strip().replace(".", "-")).isoformat()  # dots: ACR-NEMA
    except ValueError:
        return None
