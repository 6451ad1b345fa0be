"""The queue on disk: a folder for each study, which wanders by renaming from state to state.

A kill leaves each study in one state. Nothing here names a patient, but for ``error.txt``, which may name files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from crmo_seg.files import folder_written_whole, written_whole

State: TypeAlias = Literal["waiting", "running", "sending", "done", "failed"]

STATES: Final[tuple[State, ...]] = get_args(State)
ENTRY_FILE: Final = "entry.json"
ERROR_FILE: Final = "error.txt"


@dataclass(frozen=True)
class Entry:
    """What the queue knows of one study.

    Attributes:
        case_id: names the study, its results and its folder in the queue.
        queued_s: when it came to the queue, in seconds since 1970.
        files: digests of its slices as they were when it came.
        starts: how often work on it has begun and was cut off.
    """

    case_id: str
    queued_s: float
    files: frozenset[str]
    starts: int = 0

    def to_text(self) -> str:
        """As JSON."""
        return json.dumps({**asdict(self), "files": sorted(self.files)}, indent=1) + "\n"

    @classmethod
    def from_dict(cls, found: Mapping[str, object]) -> Entry:
        """The entry that was written so.

        Raises:
            KeyError, TypeError, ValueError: where it is none.
        """
        files = found["files"]
        if not isinstance(files, list):
            raise TypeError("files is no list")
        case_id, queued_s, starts = str(found["case_id"]), float(str(found["queued_s"])), int(str(found["starts"]))
        return cls(case_id, queued_s, frozenset(map(str, files)), starts)


@dataclass(frozen=True)
class StudyQueue:
    """The states as folders of a folder.

    Only one process may change it at a time; see ``lock``.
    """

    folder: Path

    def entries(self, state: State) -> list[Entry]:
        """All studies in a state, the oldest first."""
        place = self.folder / state
        names = [path.name for path in place.iterdir() if not path.name.startswith(".")] if place.is_dir() else []
        found = (self._entry(state, name) for name in names)
        return sorted((entry for entry in found if entry), key=lambda entry: (entry.queued_s, entry.case_id))

    def find(self, case_id: str) -> tuple[State, Entry] | None:
        """Where a study is; None where the queue does not know it."""
        for state in STATES:
            entry = self._entry(state, case_id)
            if entry is not None:
                return state, entry
        return None

    def add(self, entry: Entry) -> None:
        """Let a study wait; what the queue knew of it before is forgotten.

        Raises:
            InputError: where the disk is full or cannot be written.
        """
        for state in STATES:
            shutil.rmtree(self._place(state, entry.case_id), ignore_errors=True)
        with folder_written_whole(self._place("waiting", entry.case_id)) as part:
            (part / ENTRY_FILE).write_text(entry.to_text(), encoding="utf-8")

    def holds(self, case_id: str) -> bool:
        """Whether it knows a study."""
        return any((self._place(state, case_id) / ENTRY_FILE).is_file() for state in STATES)

    def update(self, state: State, entry: Entry) -> None:
        """Write an entry anew, where it is.

        Raises:
            InputError: where the disk is full or cannot be written.
        """
        with written_whole(self._place(state, entry.case_id) / ENTRY_FILE) as part:
            part.write_text(entry.to_text(), encoding="utf-8")

    def move(self, case_id: str, old: State, new: State) -> None:
        """From one state to another, at once.

        Raises:
            OSError: where the disk cannot be written.
        """
        target = self._place(new, case_id)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._place(old, case_id).replace(target)

    def fail(self, case_id: str, old: State, text: str) -> Path:
        """Give a study up.

        Args:
            case_id: of the study.
            old: where it is.
            text: why, and what to do.

        Returns:
            The file that says so.

        Raises:
            InputError: where the disk is full or cannot be written.
        """
        with written_whole(self._place(old, case_id) / ERROR_FILE) as part:
            part.write_text(text, encoding="utf-8")
        self.move(case_id, old, "failed")
        return self._place("failed", case_id) / ERROR_FILE

    def recover(self) -> list[Entry]:
        """Let studies wait again that were being worked on when the node was killed, and sweep what it left.

        Returns:
            These studies, with one start more.

        Raises:
            InputError, OSError: where the disk cannot be written.
        """
        for state in STATES:
            _remove_hidden((self.folder / state).glob(".*"))
            _remove_hidden((self.folder / state).glob("*/.*"))
        cut_off = [replace(entry, starts=entry.starts + 1) for entry in self.entries("running")]
        for entry in cut_off:
            self.update("running", entry)
            (self._place("running", entry.case_id) / ERROR_FILE).unlink(missing_ok=True)
            self.move(entry.case_id, "running", "waiting")
        return cut_off

    def _place(self, state: State, case_id: str) -> Path:
        return self.folder / state / case_id

    def _entry(self, state: State, case_id: str) -> Entry | None:
        try:
            found = json.loads((self._place(state, case_id) / ENTRY_FILE).read_text(encoding="utf-8"))
            return Entry.from_dict(found)
        except (OSError, KeyError, TypeError, ValueError):  # none, or one that somebody has edited
            return None


def _remove_hidden(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
