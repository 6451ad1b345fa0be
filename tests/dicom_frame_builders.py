"""Planes made by hand, without files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crmo_seg.io.dicom.read.frames import Frame, Problem, SeriesIdentity
from crmo_seg.io.dicom.read.stack import Slice
from crmo_seg.io.dicom.source import DicomFile
from crmo_seg.io.dicom.types import SliceSource

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def identity(**changes: str | None) -> SeriesIdentity:
    values: dict[str, str | None] = {
        "study_uid": "1.2",
        "series_uid": "1.2.1",
        "series_number": "4",
        "patient_id": "child",
        "study_date": "20240229",
        "modality": "MR",
        "frame_of_reference_uid": "1.2.9",
    }
    return SeriesIdentity(**{**values, **changes})  # type: ignore[arg-type]


def frame(
    position: Sequence[float],
    orientation: tuple[float, ...] = AXIAL,
    *,
    uid: str = "",
    series: SeriesIdentity | None = None,
    problem: Problem | None = None,
    **header: Any,  # noqa: ANN401
) -> Frame:
    uid = uid or f"1.{abs(hash((tuple(position), orientation, tuple(header.items()))))}"
    source = SliceSource(DicomFile(Path(f"{uid}.dcm")), None, "1.2.840.10008.5.1.4.1.1.4", uid)
    plane = Slice(tuple(map(float, position)), orientation, (1.0, 1.0), (64, 48))
    return Frame(source, series or identity(), header, plane, problem)
