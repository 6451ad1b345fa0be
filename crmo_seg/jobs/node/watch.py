"""The watched folder: each file is opened once, and again only when it has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read.belonging import belonging_of
from crmo_seg.io.dicom.source import is_hidden
from crmo_seg.jobs.node.arrivals import SeenFile


@dataclass
class Watch:
    """What is known of a folder's files.

    Attributes:
        folder: with its subfolders; hidden files are left out, which is how some receivers name unfinished ones.
        seen: by path, as of the last look.
    """

    folder: Path
    seen: dict[Path, SeenFile] = field(default_factory=dict)

    def look(self, now_s: float) -> tuple[SeenFile, ...]:
        """All files as they are now.

        Args:
            now_s: seconds since 1970, which file times are compared with.

        Raises:
            InputError: where the folder cannot be read.
        """
        states = dict(_states(self.folder))
        self.seen = {path: found for path, state in states.items() if (found := self._seen(path, state, now_s))}
        return tuple(self.seen.values())

    def _seen(self, path: Path, state: os.stat_result, now_s: float) -> SeenFile | None:
        known = self.seen.get(path)
        if known is not None and (known.size_bytes, known.modified_ns) == (state.st_size, state.st_mtime_ns):
            return known
        try:
            belonging = belonging_of(path)
        except (OSError, InputError):  # gone again, or locked by its writer: the next look will tell
            return None
        # A file may be copied with the time of its original (st_mtime), but not with its st_ctime. Where the disk's
        # clock is ahead, only looking on tells whether the file grows. A file that changed before our eyes did so now.
        changed = now_s if known is not None else min(now_s, max(state.st_mtime, state.st_ctime))
        return SeenFile(path, state.st_size, state.st_mtime_ns, changed, belonging)


def _states(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    def stop(error: OSError) -> None:
        if isinstance(error, FileNotFoundError) and Path(error.filename) != folder:
            return  # a subfolder that was just taken away
        raise InputError(folder, f"cannot be read ({error.strerror})", "check the folder, its disk and its rights")

    for place, _, names in os.walk(folder, onerror=stop):
        for name in names:
            path = Path(place) / name
            if is_hidden(path.relative_to(folder)):
                continue
            try:
                state = path.stat()
            except OSError:
                continue  # gone between the listing and now
            yield path, state
