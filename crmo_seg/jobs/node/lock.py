"""One node for a folder: a lock that the system gives back when the process ends, however it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from crmo_seg.errors import InputError

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Inside the block, no other process is in such a block with this file.

    Raises:
        InputError: where another one is, or the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise InputError(
            path, f"could not be written ({error.strerror})", "give a folder that can be written"
        ) from error
    with file:
        try:
            _lock(file)
        except OSError as error:
            raise InputError(path.parent, "is in the hands of another node", "stop that one, or give others") from error
        yield
