"""Bytes of DICOM files, one after the other, from a folder, a list of files or a zip archive.

File names and endings are not looked at: DICOM files often have neither.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO

from crmo_seg.errors import InputError

_PREAMBLE_LENGTH = 128
_FIRST_GROUPS = (0x0002, 0x0008)  # file meta, or the data set itself where a file has neither preamble nor meta
_LARGEST_MEMBER_BYTES = 4 * 2**30  # a zip member that claims more is a bomb, not a slice
_UNREADABLE = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, order=True)
class DicomFile:
    """One DICOM file, on disk or inside a zip archive (then ``member`` is its name there)."""

    path: Path
    member: str = ""

    def __str__(self) -> str:
        return f"{self.path}, {self.member}" if self.member else str(self.path)


def all_files(source: Path | Sequence[Path]) -> list[DicomFile]:
    """All files of a folder (with its subfolders), a zip or a list, sorted; hidden ones left out.

    Raises:
        InputError: where the source is missing, or is a damaged zip.
    """
    if not isinstance(source, Path):
        return sorted(DicomFile(path) for path in source)
    if not source.exists():
        raise InputError(source, "does not exist", "give a DICOM folder or zip")
    if source.is_dir():
        inside = (path for path in source.rglob("*") if not is_hidden(path.relative_to(source)))
        return sorted(DicomFile(path) for path in inside if path.is_file())
    return _members(source) if zipfile.is_zipfile(source) else [DicomFile(source)]


def open_files(files: Iterable[DicomFile]) -> Iterator[tuple[DicomFile, IO[bytes]]]:
    """Open one file after the other, each for its turn only; an archive is opened once.

    Raises:
        InputError: where a file or archive cannot be read.
    """
    for path, group in groupby(files, key=lambda file: file.path):
        members = tuple(group)
        try:
            yield from _open_members(path, members) if members[0].member else _open_plain(members)
        except _UNREADABLE as error:
            raise _unreadable(path, error) from error


def is_dicom_file(path: Path) -> bool:
    """Whether a file begins as a DICOM file does, with or without preamble.

    Raises:
        InputError: where the file cannot be read.
    """
    return any(looks_like_dicom(file, stream) for file, stream in open_files([DicomFile(path)]))


def looks_like_dicom(file: DicomFile, stream: IO[bytes]) -> bool:
    """Whether an open file begins as DICOM does (PS3.10 7.1), preamble or not; rewinds it.

    Raises:
        InputError: where it cannot be read.
    """
    try:
        head = stream.read(_PREAMBLE_LENGTH + 4)
        stream.seek(0)
    except _UNREADABLE as error:
        raise _unreadable(file, error) from error
    return head[_PREAMBLE_LENGTH:] == b"DICM" or int.from_bytes(head[:2], "little") in _FIRST_GROUPS


def source_name(source: Path | Sequence[Path]) -> Path:
    """What an error message calls the source: itself, or the folder of its first file."""
    if isinstance(source, Path):
        return source
    return source[0].parent if source else Path("no files")


def is_hidden(path: Path | str) -> bool:
    """Whether a part of a relative path is hidden, or belongs to the copies that macOS leaves in archives.

    >>> is_hidden("study/._0001.dcm"), is_hidden("__MACOSX/0001.dcm"), is_hidden("study/0001.dcm")
    (True, True, False)
    """
    parts = (part for part in Path(path).parts if part not in (".", ".."))
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _members(path: Path) -> list[DicomFile]:
    # Members are read where they are and never unpacked, so a name such as ../../x does no harm.
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if not item.is_dir() and not is_hidden(item.filename)]
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    for item in members:
        if item.file_size > _LARGEST_MEMBER_BYTES:
            raise InputError(
                path, f"{item.filename} unpacks to {item.file_size} bytes", "unpack it and give the folder"
            )
    return sorted(DicomFile(path, item.filename) for item in members)


def _open_plain(files: Iterable[DicomFile]) -> Iterator[tuple[DicomFile, IO[bytes]]]:
    for file in files:
        with file.path.open("rb") as stream:
            yield file, stream


def _open_members(path: Path, files: Iterable[DicomFile]) -> Iterator[tuple[DicomFile, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for file in files:
            with archive.open(file.member) as stream:
                yield file, stream


def _unreadable(source: object, error: Exception) -> InputError:
    return InputError(source, f"could not be read ({error})", "copy or export it again, without a password")
