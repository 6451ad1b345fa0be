"""To which study a single file belongs, before it is known whether the study has arrived."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmo_seg.io.dicom.discretion import discreet
from crmo_seg.io.dicom.read.header import SLICE_CLASSES
from crmo_seg.io.dicom.source import DicomFile, looks_like_dicom

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_IDENTITY: Final = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_DICOMDIR: Final = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class Belonging:
    """What one DICOM file is part of.

    Attributes:
        study_uid: StudyInstanceUID; None where the file is damaged. Kept out of ``repr``.
        is_slice: whether it may be a slice of a volume; results of this program, reports and pictures are none.
    """

    study_uid: str | None = field(repr=False)
    is_slice: bool


def belonging_of(path: Path) -> Belonging | None:
    """What a file is part of; None where it is no DICOM, or one that is no part of a study.

    A file that is still being written may be damaged now and whole a moment later.

    Raises:
        OSError: where the file cannot be read, or is gone.
    """
    import pydicom

    with path.open("rb") as stream, discreet():
        if not looks_like_dicom(DicomFile(path), stream):
            return None
        try:
            header = pydicom.dcmread(stream, force=True, stop_before_pixels=True, specific_tags=list(_IDENTITY))
            texts = {keyword: str(header.get(keyword) or "") for keyword in _IDENTITY}
            is_other = header.preamble is None or _is_directory(header)
        except Exception:  # pydicom lets errors of any type through when a file is damaged
            return Belonging(None, False)
    if not texts["SOPInstanceUID"]:
        return None if is_other else Belonging(None, False)
    # Where the next element is missing, the file may end in the middle of this one, and name another study.
    study_uid = texts["StudyInstanceUID"] if texts["SeriesInstanceUID"] else None
    return Belonging(study_uid or None, texts["SOPClassUID"] in SLICE_CLASSES)


def _is_directory(header: FileDataset) -> bool:
    return str(header.file_meta.get("MediaStorageSOPClassUID", "")) == _DICOMDIR
