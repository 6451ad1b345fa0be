"""Studies for the node: tiny, of many patients, with names that must not leak."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from stub_model import make_image

from crmo_seg.io.dicom.synthetic.files import write_mr_study
from crmo_seg.io.dicom.synthetic.header import study_uid
from crmo_seg.io.dicom.synthetic.study import ORIGINAL_IMAGE_TYPE, MrSequence, MrSeries, MrStudy
from crmo_seg.io.dicom.uids import case_id_of_study, derived_uid

SECRET = "Q7Z9"
CORONAL = 1
_SEED = "node"
_SEQUENCE = MrSequence(("SE", "IR"), 4500, 70, 160, 1.5, 150, 12, ("SK", "SP"))


def study_of(number: int) -> MrStudy:
    """Eight coronal slices of a patient of his own."""
    series = MrSeries(
        make_image(), CORONAL, 1, "STIR cor", ORIGINAL_IMAGE_TYPE, 5.0, _SEQUENCE, derived_uid("frame", number), "LEG"
    )
    return MrStudy(f"{SECRET}{number}", "F", 9.4, datetime.date(2024, 2, 29), (series,))


def case_of(number: int) -> str:
    """The case_id of a study."""
    return case_id_of_study(study_uid(study_of(number), _SEED))


def write_study(folder: Path, number: int = 0) -> tuple[Path, ...]:
    """A study, in a subfolder that is called like its patient; complete at once."""
    return write_mr_study(folder / f"{SECRET}{number}", study_of(number), seed_text=_SEED)


def write_flat(folder: Path, numbers: range) -> None:
    """Several studies, all their files in one folder."""
    for number in numbers:
        for index, path in enumerate(write_study(folder.parent / "made", number)):
            folder.mkdir(parents=True, exist_ok=True)
            path.replace(folder / f"{index:03d}_{SECRET}{number}")


def age(folder: Path, seconds: float) -> None:
    """Let files look as if written some time ago; their st_ctime, which no program can set, stays."""
    for path in folder.rglob("*"):
        if path.is_file():
            before = path.stat()
            os.utime(path, (before.st_atime - seconds, before.st_mtime - seconds))
