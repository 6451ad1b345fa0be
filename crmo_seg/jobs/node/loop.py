"""The node itself: look at the folder, queue what is complete, work on one study, send results, look again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from crmo_seg.errors import InputError
from crmo_seg.files import remove_leftovers, user_error, written_whole
from crmo_seg.jobs.node.arrivals import Arrival, SeenFile, arrivals_of, unreadable_of
from crmo_seg.jobs.node.delivery import deliver
from crmo_seg.jobs.node.settings import NodeSettings
from crmo_seg.jobs.node.study_queue import ERROR_FILE, Entry, StudyQueue
from crmo_seg.jobs.node.work import Workshop, words_of

Turn: TypeAlias = Literal["worked", "arriving", "idle"]

UNREADABLE_FILE: Final = "unreadable.txt"


@dataclass(frozen=True)
class Outcome:
    """What a node has left behind when it stops.

    Attributes:
        finished: studies that were predicted, or found finished.
        failed: studies that were given up.
        unsent: finished studies whose results nobody took.
        unreadable: damaged files of no known study.
    """

    finished: int = 0
    failed: int = 0
    unsent: int = 0
    unreadable: int = 0


@dataclass
class Node:
    """A folder that is watched, and what has become of its studies.

    Attributes:
        settings: how it waits and sends.
        workshop: what studies are predicted with.
        queue: states on disk.
        log: is told in one line what happens; never of patients or paths.
        outcome: of this run.
    """

    settings: NodeSettings
    workshop: Workshop
    queue: StudyQueue
    log: Callable[[str], None]
    outcome: Outcome = field(default_factory=Outcome)
    _settled: dict[str, frozenset[str]] = field(default_factory=dict)
    _passed_over: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    _unreadable: tuple[Path, ...] = ()
    _send_after_s: float = 0.0

    def recover(self) -> None:
        """Take up again what was being worked on when the node was killed."""
        for entry in self.queue.recover():
            remove_leftovers(self.workshop.out / entry.case_id)
            self.log(f"case {entry.case_id}: taken up again, as the node was stopped while it worked on it")

    def turn(self, files: Sequence[SeenFile], now_s: float) -> Turn:
        """Queue what is complete, send what waits for it, and work on at most one study.

        Args:
            files: of the folder, as they are now.
            now_s: seconds since 1970.

        Returns:
            Whether a study was worked on, or else whether one is still arriving.

        Raises:
            InputError: where the disk is full.
        """
        arrivals = {arrival.case_id: arrival for arrival in arrivals_of(files)}
        self._report_unreadable(unreadable_of(files, now_s, self.settings.quiet_s))
        for arrival in arrivals.values():
            self._consider(arrival, now_s)
        self._send(now_s)
        entry = self._next(arrivals, now_s)
        if entry is not None:
            self._work(entry, arrivals[entry.case_id])
            return "worked"
        growing = len(unreadable_of(files, now_s, quiet_s=0.0)) > len(self._unreadable)
        return "arriving" if growing or any(self._is_arriving(each, now_s) for each in arrivals.values()) else "idle"

    def has_to_send(self, now_s: float) -> bool:
        """Whether results wait that have not just been refused."""
        return now_s >= self._send_after_s and bool(self.queue.entries("sending"))

    def _is_arriving(self, arrival: Arrival, now_s: float) -> bool:
        return bool(arrival.files) and not arrival.is_complete(now_s, self.settings.quiet_s)

    def _consider(self, arrival: Arrival, now_s: float) -> None:
        """Queue a study that is complete and new, or has got more files; what has only lost files is not done anew."""
        case_id = arrival.case_id
        if not arrival.is_complete(now_s, self.settings.quiet_s):
            return
        if not arrival.files:
            if case_id not in self._passed_over:
                self.log(f"case {case_id}: no slices among its {arrival.others} files, left alone")
            self._passed_over.add(case_id)
            return
        if arrival.digests <= self._settled.get(case_id, frozenset()) and self.queue.holds(case_id):
            return
        found = self.queue.find(case_id)
        if found is None or (found[0] != "waiting" and not arrival.digests <= found[1].files):
            self.queue.add(Entry(case_id, now_s, arrival.digests))
            self.log(f"case {case_id}: {len(arrival.files)} files, waiting{', as it got more files' if found else ''}")
        elif found[0] != "waiting":
            self._settled[case_id] = found[1].files

    def _next(self, arrivals: Mapping[str, Arrival], now_s: float) -> Entry | None:
        """The oldest study that waits and has not begun to grow again meanwhile."""
        for entry in self.queue.entries("waiting"):
            arrival = arrivals.get(entry.case_id)
            if arrival is not None and arrival.files and arrival.is_complete(now_s, self.settings.quiet_s):
                return replace(entry, files=arrival.digests)
        return None

    def _work(self, entry: Entry, arrival: Arrival) -> None:
        case_id, begun_s = entry.case_id, time.perf_counter()
        self.queue.update("waiting", entry)
        self.queue.move(case_id, "waiting", "running")
        if entry.starts >= self.settings.most_starts:
            text = (
                f"The node was stopped {entry.starts} times while it worked on this study, perhaps for want of memory."
            )
            self._give_up(case_id, f"{text}\n")
            return
        self.log(f"case {case_id}: begun")
        try:
            result = self.workshop.work_on(arrival)
        except BaseException:  # asked to end, or the disk is full: not the study's fault
            self.queue.move(case_id, "running", "waiting")
            raise
        if result.error is not None:
            self._give_up(case_id, words_of(result.error))
            return
        self.queue.move(case_id, "running", "sending" if self.settings.results_to.is_somewhere else "done")
        self.outcome = replace(self.outcome, finished=self.outcome.finished + 1)
        spent = "finished before" if result.totals is None else f"finished in {time.perf_counter() - begun_s:.1f} s"
        self.log(f"case {case_id}: {spent}")

    def _give_up(self, case_id: str, text: str) -> None:
        self.queue.fail(case_id, "running", text)
        self.outcome = replace(self.outcome, failed=self.outcome.failed + 1)
        self.log(f"case {case_id}: failed, see queue/failed/{case_id}/{ERROR_FILE}")

    def _send(self, now_s: float) -> None:
        """Send what waits for it; after the first refusal the others wait too, as the archive may be away."""
        if now_s < self._send_after_s:
            return
        # Those that were refused before come last, so that a single one cannot hold up the others.
        for entry in sorted(self.queue.entries("sending"), key=lambda entry: entry.case_id in self._refused):
            try:
                count = deliver(self.workshop.out / entry.case_id, self.settings.results_to)
            except (InputError, OSError) as error:
                self._refused.add(entry.case_id)
                self._send_after_s = now_s + self.settings.send_again_s
                reason = getattr(user_error(error), "problem", type(error).__name__)
                self.log(f"case {entry.case_id}: not sent ({reason}), tried again later")
                return
            self._refused.discard(entry.case_id)
            self.queue.move(entry.case_id, "sending", "done")
            self.log(f"case {entry.case_id}: {count} files sent")

    def _report_unreadable(self, paths: tuple[Path, ...]) -> None:
        if paths == self._unreadable:
            return
        self._unreadable = paths
        self.outcome = replace(self.outcome, unreadable=len(paths))
        with written_whole(self.queue.folder / UNREADABLE_FILE) as part:
            part.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8", errors="surrogateescape")
        self.log(f"damaged DICOM files of no known study: {len(paths)}, see queue/{UNREADABLE_FILE}")
