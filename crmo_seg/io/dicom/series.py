"""Which DICOM series lie in a folder or a zip: reads headers only, and nothing but images of MR and CT.

Everything else (DICOMDIR, reports, text) is passed over.
"""

from __future__ import annotations

import datetime
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.source import DicomFile, all_files, looks_like_dicom, open_files, source_name

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FEWEST_SLICES: Final = 2

# DICOM PS3.6 table A-1: MR, Enhanced MR, Legacy Converted Enhanced MR, and the same for CT. Secondary captures,
# segmentations, reports and spectra are no slices.
_SLICE_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("4", "4.1", "4.4", "2", "2.1", "2.2"))
_NEEDED = ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "Rows", "Columns")
_TAGS = (*_NEEDED, "SeriesDescription", "Modality", "PatientID", "StudyDate", "NumberOfFrames")


@dataclass(frozen=True)
class SeriesSummary:
    """What the headers of one series say.

    Attributes:
        series_uid: SeriesInstanceUID.
        study_uid: StudyInstanceUID.
        description: SeriesDescription, may be empty.
        modality: ``MR``, ``CT``.
        slice_count: images, the frames of multi-frame files counted each.
        columns: image matrix, first array axis.
        rows: image matrix, second array axis.
        study_date: ISO date, or None.
        files: where the series lies, sorted.
        patient_ids: all PatientIDs in the series; kept out of ``repr`` so that no log shows them.
    """

    series_uid: str
    study_uid: str
    description: str
    modality: str
    slice_count: int
    columns: int
    rows: int
    study_date: str | None
    files: tuple[DicomFile, ...] = field(repr=False)
    patient_ids: frozenset[str] = field(repr=False)

    def __str__(self) -> str:
        name = self.description or "no description"
        return f"{self.series_uid} ({name}, {self.modality}, {self.slice_count} images {self.columns} x {self.rows})"


def list_series(source: Path | Sequence[Path]) -> tuple[SeriesSummary, ...]:
    """All MR and CT series of a folder (with its subfolders), a zip, one file or a list of files, sorted by UID.

    Raises:
        InputError: where the source is missing, cannot be read, or is a damaged or encrypted zip.
    """
    series: dict[str, list[tuple[DicomFile, Dataset]]] = defaultdict(list)
    with warnings.catch_warnings(action="ignore"):  # values that bend the standard are everyday
        for file, header in _headers(all_files(source)):
            series[str(header.SeriesInstanceUID)].append((file, header))
        return tuple(_summary(series[uid]) for uid in sorted(series))


def find_series(source: Path | Sequence[Path], series_uid: str | None = None) -> SeriesSummary:
    """The series with this UID, or the only one that has slices enough for a volume.

    Raises:
        InputError: where there is no such series, or several and no UID, or it mixes patients.
    """
    name = source_name(source)
    found = list_series(source)
    if not found:
        raise InputError(name, "holds no DICOM image of MR or CT", "give a DICOM folder or zip, or a NIfTI file")
    chosen = [item for item in found if item.series_uid == series_uid]
    if series_uid is None:
        chosen = [item for item in found if item.slice_count >= FEWEST_SLICES] or list(found)
    if len(chosen) != 1:
        problem = f"holds {len(chosen)} series" if series_uid is None else f"has no series {series_uid}"
        text = ", ".join(str(item) for item in (chosen or found))
        raise InputError(name, problem, f"choose one with --series UID: {text}")
    _check_one_patient(name, chosen[0])
    return chosen[0]


def read_datasets(files: Iterable[DicomFile]) -> list[Dataset]:
    """Whole data sets, pixels included, in the order of the files.

    Raises:
        InputError: where a file cannot be read.
    """
    with warnings.catch_warnings(action="ignore"):
        return [_read(file, stream, header_only=False) for file, stream in open_files(files)]


def _headers(files: Iterable[DicomFile]) -> Iterator[tuple[DicomFile, Dataset]]:
    for file, stream in open_files(files):
        if not looks_like_dicom(file, stream):
            continue
        header = _read(file, stream, header_only=True)
        if _is_slice(file, header):
            yield file, header


def _is_slice(file: DicomFile, header: Dataset) -> bool:
    # A damaged slice must not be passed over: the volume would end early, and nobody would know.
    sop_class = str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID", ""))
    is_slice = sop_class in _SLICE_CLASSES
    missing = [keyword for keyword in _NEEDED if not header.get(keyword)]
    if (is_slice and missing) or (header.preamble is not None and not sop_class):
        raise InputError(file, f"is damaged DICOM (no {missing[0]})", "export or copy the series again")
    return is_slice


def _read(file: DicomFile, stream: IO[bytes], *, header_only: bool) -> Dataset:
    import pydicom

    tags = list(_TAGS) if header_only else None
    with _naming(file):
        return pydicom.dcmread(stream, force=True, stop_before_pixels=header_only, specific_tags=tags)


@contextmanager
def _naming(file: DicomFile) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # pydicom lets errors of any type through when a file is damaged
        text = " ".join(str(error).split())
        raise InputError(file, f"is damaged DICOM ({text})", "export or copy the series again") from error


def _summary(members: Sequence[tuple[DicomFile, Dataset]]) -> SeriesSummary:
    first = members[0][1]
    with _naming(members[0][0]):
        return SeriesSummary(
            series_uid=str(first.SeriesInstanceUID),
            study_uid=str(first.StudyInstanceUID),
            description=" ".join(str(first.get("SeriesDescription") or "").split()),
            modality=str(first.get("Modality") or "no modality"),
            slice_count=sum(int(header.get("NumberOfFrames") or 1) for _, header in members),
            columns=int(first.Columns),
            rows=int(first.Rows),
            study_date=_iso_date(str(first.get("StudyDate") or "")),
            files=tuple(file for file, _ in members),
            patient_ids=frozenset(str(header.PatientID) for _, header in members if header.get("PatientID")),
        )


def _iso_date(text: str) -> str | None:
    try:
        return datetime.date.fromisoformat(text.strip().replace(".", "-")).isoformat()  # dots: ACR-NEMA
    except ValueError:
        return None


def _check_one_patient(name: Path, series: SeriesSummary) -> None:
    if len(series.patient_ids) > 1:
        problem = f"series {series.series_uid} has images of {len(series.patient_ids)} patients (PatientID)"
        raise InputError(name, problem, "keep the patients apart, one folder each")
