"""Nothing half-written is left under a final name: write beside it, rename when complete."""

from __future__ import annotations

import csv
import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from crmo_seg.errors import InputError

_REMEDY: Final = "free space on the disk, or give a folder that can be written to"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_READ_ATTEMPTS: Final = 20
_READ_PAUSE_S: Final = 0.05


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path``, which takes its place when the block ends and is removed when it fails.

    Raises:
        InputError: where the disk is full or the folder cannot be written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with written_whole(path) as part:
    ...     _ = part.write_text("all of it")
    >>> path.read_text(), [other.name for other in path.parent.iterdir()]
    ('all of it', ['a.txt'])
    """
    part = _beside(path)
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if part.is_file():
            part.unlink()


def write_once(path: Path, text: str) -> str:
    """Keep a short text in a file, unless there is one already: of several processes at once the first one wins.

    Returns:
        What the file holds, which is the other's text where the other was first.

    Raises:
        InputError: where the file cannot be written, or what is there has another length.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> write_once(path, "first"), write_once(path, "other")
    ('first', 'first')
    """
    if not path.exists():
        part = _beside(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, encoding="ascii")
            _link_or_copy(part, path, text)
        except OSError as error:
            raise _unwritable(path, error) from error
        finally:
            if part.is_file():
                part.unlink()
    return _read_once(path, len(text))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a CSV table in UTF-8, complete or not at all; without rows only its header.

    Raises:
        InputError: where the disk is full or the folder cannot be written.
    """
    with written_whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def folder_written_whole(folder: Path) -> Iterator[Path]:
    """A temporary folder beside ``folder``, which replaces it when the block ends and is removed when it fails.

    Raises:
        InputError: where the disk is full or the parent cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(folder, "is a file", "move it away, or give another folder")
    part, old = _scratch_folders(folder)
    try:
        shutil.rmtree(part, ignore_errors=True)  # left by a run that was killed
        part.mkdir(parents=True)
        yield part
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)  # left by a run that was killed; nothing moves onto a full folder
            folder.replace(old)
        part.replace(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    except InputError as error:  # a file inside: the user knows it by its final name
        final = str(error.source).replace(str(part), str(folder))
        raise InputError(final, error.problem, error.remedy) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        _put_back_or_remove(old, folder)


def remove_leftovers(folder: Path) -> None:
    """Remove what a run that was killed left beside a folder while it wrote it."""
    for scratch in _scratch_folders(folder):
        shutil.rmtree(scratch, ignore_errors=True)


def user_error(error: BaseException) -> InputError | None:
    """The error as one that a user can mend; None where it is a bug, or a fault of the machine.

    An ``OSError`` without a file name is of the second kind: a library that does not load, a closed pipe.

    >>> print(user_error(PermissionError(13, "Permission denied", "knee.nii.gz")))
    knee.nii.gz: Permission denied; check the path, its rights and the disk
    """
    if isinstance(error, InputError):
        return error
    if isinstance(error, OSError) and error.filename is not None:
        reason = error.strerror or type(error).__name__
        return InputError(error.filename, reason, "check the path, its rights and the disk")
    return None


def is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind the error, so that nothing else could be written either."""
    while error is not None and not (isinstance(error, OSError) and error.errno in _FULL):
        error = error.__cause__
    return error is not None


def _scratch_folders(folder: Path) -> tuple[Path, Path]:
    """Where the new folder grows, and where the old one waits until the new one is in place."""
    return folder.with_name(f".{folder.name}.part"), folder.with_name(f".{folder.name}.old")


def _put_back_or_remove(old: Path, folder: Path) -> None:
    """The old folder is removed only where there is another; where the new one did not get its name, it stays."""
    if old.is_dir() and not folder.exists():
        with suppress(OSError):  # the error that the user is told of is that of the new folder
            old.replace(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)


def _link_or_copy(part: Path, path: Path, text: str) -> None:
    """Give a file its final name, whole at once and never over another; some disks (exFAT) have no links."""
    try:
        os.link(part, path)
    except FileExistsError:
        return
    except OSError:
        with suppress(FileExistsError), path.open("x", encoding="ascii") as file:
            file.write(text)


def _read_once(path: Path, length: int) -> str:
    """The file's text; where there are no links, another process may have made it but not written it yet."""
    for _ in range(_READ_ATTEMPTS):
        found = path.read_text(encoding="ascii", errors="replace")
        if len(found) == length:
            return found
        time.sleep(_READ_PAUSE_S)
    raise InputError(path, f"holds {len(found)} characters, not {length}", "remove it; a new one is made")


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(path, f"could not be written ({error.strerror or error})", _REMEDY)
