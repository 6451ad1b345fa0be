"""Nothing half-written is left under a final name: write beside it, rename when complete."""

from __future__ import annotations

import csv
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from crmo_seg.errors import InputError

_REMEDY = "free space on the disk, or give a folder that can be written to"


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
    part, old = folder.with_name(f".{folder.name}.part"), folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(part, ignore_errors=True)  # left by a run that was killed
        part.mkdir(parents=True)
        yield part
        if folder.exists():
            folder.replace(old)
        part.replace(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    except InputError as error:  # a file inside: the user knows it by its final name
        final = str(error.source).replace(str(part), str(folder))
        raise InputError(final, error.problem, error.remedy) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(path, f"could not be written ({error.strerror or error})", _REMEDY)
