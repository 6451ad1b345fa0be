"""Which studies lie in the watched folder, and whether they are complete. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from crmo_seg.io.dicom.read.belonging import Belonging
from crmo_seg.io.dicom.uids import case_id_of_study

_DIGITS: Final = 12


@dataclass(frozen=True)
class SeenFile:
    """A file as it was when the folder was looked at.

    Attributes:
        path: where it lies.
        size_bytes: its size.
        modified_ns: when it was written last, by its own disk.
        unchanged_since_s: since when it has been so, in seconds of the node's clock.
        belonging: what it is part of; None where it is no DICOM.
    """

    path: Path = field(repr=False)
    size_bytes: int
    modified_ns: int
    unchanged_since_s: float
    belonging: Belonging | None

    @cached_property
    def digest(self) -> str:
        """Tells this state of this file apart from others, and says nothing about the patient.

        >>> SeenFile(Path("a"), 1, 2, 0.0, None).digest == SeenFile(Path("a"), 1, 3, 0.0, None).digest
        False
        """
        text = f"{self.size_bytes} {self.modified_ns} {self.path}"
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class Arrival:
    """What has come of one study so far.

    Attributes:
        case_id: of the study.
        files: its slices.
        others: how many of its files are no slices: reports, pictures, results of this program.
        unchanged_since_s: since when no file is new or has grown, in seconds of the node's clock.
    """

    case_id: str
    files: tuple[SeenFile, ...]
    others: int
    unchanged_since_s: float

    @property
    def digests(self) -> frozenset[str]:
        """Of its slices as they are now."""
        return frozenset(file.digest for file in self.files)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Of its slices, sorted."""
        return tuple(sorted(file.path for file in self.files))

    def is_complete(self, now_s: float, quiet_s: float) -> bool:
        """Whether nothing has changed for ``quiet_s``.

        >>> Arrival("c", (), 0, unchanged_since_s=100.0).is_complete(150.0, quiet_s=60.0)
        False
        """
        return now_s - self.unchanged_since_s >= quiet_s


def arrivals_of(files: Iterable[SeenFile]) -> tuple[Arrival, ...]:
    """The studies, the one that has been waiting longest first; files of no known study are left out."""
    studies: dict[str, list[SeenFile]] = defaultdict(list)
    for file in files:
        if file.belonging is not None and file.belonging.study_uid is not None:
            studies[file.belonging.study_uid].append(file)
    found = (_arrival(case_id_of_study(study_uid), group) for study_uid, group in studies.items())
    return tuple(sorted(found, key=lambda arrival: (arrival.unchanged_since_s, arrival.case_id)))


def unreadable_of(files: Iterable[SeenFile], now_s: float, quiet_s: float) -> tuple[Path, ...]:
    """DICOM files so damaged that nobody knows their study, and that nobody is writing any more."""
    damaged = (file for file in files if file.belonging is not None and file.belonging.study_uid is None)
    return tuple(sorted(file.path for file in damaged if now_s - file.unchanged_since_s >= quiet_s))


def _arrival(case_id: str, group: Iterable[SeenFile]) -> Arrival:
    files = tuple(group)
    slices = tuple(file for file in files if file.belonging is not None and file.belonging.is_slice)
    # A report that comes back must not hold up the images.
    latest = max(file.unchanged_since_s for file in slices or files)
    return Arrival(case_id, slices, len(files) - len(slices), latest)
