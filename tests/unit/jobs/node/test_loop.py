"""The node's decisions, with a workshop that only pretends to work, and a clock in the hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read.belonging import Belonging
from crmo_seg.io.dicom.uids import case_id_of_study
from crmo_seg.jobs.node.arrivals import Arrival, SeenFile
from crmo_seg.jobs.node.loop import Node
from crmo_seg.jobs.node.settings import Destination, NodeSettings
from crmo_seg.jobs.node.study_queue import STATES, StudyQueue
from crmo_seg.jobs.node.work import Workshop
from crmo_seg.jobs.study_job import CaseResult

CASE = case_id_of_study("1")


@dataclass
class Pretence:
    """Works on whatever it is given, or fails as it is told."""

    out: Path
    worked: list[tuple[str, int]] = field(default_factory=list)
    error: BaseException | None = None

    def work_on(self, arrival: Arrival) -> CaseResult:
        if self.error is not None and not isinstance(self.error, Exception):
            raise self.error
        self.worked.append((arrival.case_id, len(arrival.files)))
        dicom = self.out / arrival.case_id / "dicom"
        dicom.mkdir(parents=True, exist_ok=True)
        (dicom / "edema_sr.dcm").write_bytes(b"DICM")
        return CaseResult(self.out / arrival.case_id, {}, self.error)


@dataclass
class Bench:
    node: Node
    workshop: Pretence
    lines: list[str]

    @property
    def states(self) -> dict[str, str]:
        return {entry.case_id: state for state in STATES for entry in self.node.queue.entries(state)}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Bench]:
    def make(**settings: object) -> Bench:
        workshop, lines = Pretence(tmp_path / "out"), []
        chosen = replace(NodeSettings(quiet_s=60.0), **settings)
        queue = StudyQueue(tmp_path / "out" / "queue")
        queue.folder.mkdir(parents=True, exist_ok=True)
        return Bench(Node(chosen, cast(Workshop, workshop), queue, lines.append), workshop, lines)

    return make


def seen(name: str, study: str | None = "1", since_s: float = 0.0, *, is_slice: bool = True) -> SeenFile:
    return SeenFile(Path(name), 1, 0, since_s, Belonging(study, is_slice))


def test_a_study_is_worked_on_once_when_it_is_complete(make: Callable[..., Bench]) -> None:
    bench, files = make(), [seen("a"), seen("b", since_s=10)]
    assert [bench.node.turn(files, now) for now in (0, 69, 70, 75, 1000)] == ["arriving", "arriving", "worked"] + [
        "idle"
    ] * 2
    assert bench.workshop.worked == [(CASE, 2)]
    assert bench.states == {CASE: "done"}
    assert bench.node.outcome.finished == 1


def test_a_study_with_more_files_is_done_anew_and_one_with_fewer_is_not(make: Callable[..., Bench]) -> None:
    bench, files = make(), [seen("a"), seen("b")]
    bench.node.turn(files, 100)
    assert bench.node.turn(files[:1], 200) == "idle"
    assert bench.node.turn([], 300) == "idle"
    bench.node.turn([*files, seen("c", since_s=400)], 410)
    assert bench.workshop.worked == [(CASE, 2)]
    bench.node.turn([*files, seen("c", since_s=400)], 460)
    assert bench.workshop.worked == [(CASE, 2), (CASE, 3)]
    assert bench.lines[-3] == f"case {CASE}: 3 files, waiting, as it got more files"


def test_another_node_later_knows_what_is_done(make: Callable[..., Bench]) -> None:
    make().node.turn([seen("a")], 100)
    later = make()
    assert later.node.turn([seen("a")], 200) == "idle"
    assert later.workshop.worked == []


def test_a_failed_study_is_put_aside_and_tried_again_when_its_entry_is_deleted(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.workshop.error = InputError("a.dcm", "is bent", "unbend it")
    assert bench.node.turn([seen("a")], 100) == "worked"
    assert bench.states == {CASE: "failed"}
    failed = bench.node.queue.folder / "failed" / CASE
    assert (failed / "error.txt").read_text() == "a.dcm: is bent; unbend it\n"
    assert bench.lines[-1] == f"case {CASE}: failed, see queue/failed/{CASE}/error.txt"
    assert bench.node.turn([seen("a")], 200) == "idle"
    for path in failed.iterdir():
        path.unlink()
    failed.rmdir()
    bench.workshop.error = None
    assert bench.node.turn([seen("a")], 300) == "worked"
    assert bench.states == {CASE: "done"}


def test_a_bug_is_put_aside_with_its_traceback(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.workshop.error = ZeroDivisionError("a bug")
    bench.node.turn([seen("a")], 100)
    text = (bench.node.queue.folder / "failed" / CASE / "error.txt").read_text()
    assert text.startswith("A bug stopped this study")
    assert "ZeroDivisionError: a bug" in text


def test_what_stops_the_node_is_not_the_fault_of_the_study(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.workshop.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.node.turn([seen("a")], 100)
    assert bench.states == {CASE: "waiting"}
    (entry,) = bench.node.queue.entries("waiting")
    assert entry.starts == 0


def test_a_study_that_the_node_does_not_survive_is_given_up(make: Callable[..., Bench]) -> None:
    bench = make(most_starts=2)
    bench.workshop.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.node.turn([seen("a")], 100)
    for _ in range(2):
        bench.node.queue.move(CASE, "waiting", "running")  # as a kill leaves it
        bench.node.recover()
    bench.workshop.error = None
    assert bench.node.turn([seen("a")], 200) == "worked"
    assert (bench.workshop.worked, bench.states) == ([], {CASE: "failed"})
    assert "was stopped 2 times" in (bench.node.queue.folder / "failed" / CASE / "error.txt").read_text()


def test_a_waiting_study_that_grows_again_waits_longer(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.node.turn([seen("a", "2"), seen("b", "1")], 100)  # one of them; the other waits
    (waiting,) = bench.node.queue.entries("waiting")
    grown = [seen("a", "2"), seen("b", "1"), seen("c", "1", 150), seen("d", "2", 150)]
    assert bench.node.turn(grown, 160) == "arriving"
    bench.node.turn(grown, 300)
    bench.node.turn(grown, 301)
    assert (waiting.case_id, 2) in bench.workshop.worked
    assert len(bench.workshop.worked) == 3


def test_results_are_sent_and_sent_again_until_they_are_taken(make: Callable[..., Bench], tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("in the way")
    bench = make(results_to=Destination(folder=tmp_path / "archive"), send_again_s=30.0)
    bench.node.turn([seen("a")], 100)
    assert bench.node.has_to_send(100)
    bench.node.turn([seen("a")], 101)
    assert bench.states == {CASE: "sending"}
    assert bench.lines[-1] == f"case {CASE}: not sent (could not be made (File exists)), tried again later"
    (tmp_path / "archive").unlink()
    assert not bench.node.has_to_send(130)
    bench.node.turn([seen("a")], 130)
    assert bench.states == {CASE: "sending"}
    bench.node.turn([seen("a")], 131)
    assert bench.states == {CASE: "done"}
    assert [path.name for path in (tmp_path / "archive").iterdir()] == [f"{CASE}_edema_sr.dcm"]


def test_one_result_that_nobody_takes_does_not_hold_up_the_others(
    make: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make(results_to=Destination(folder=tmp_path / "archive"), send_again_s=30.0)

    def deliver(case: Path, _: Destination) -> int:
        if case.name == CASE:
            raise InputError("pacs", "refuses an object", "look there")
        return 4

    monkeypatch.setattr("crmo_seg.jobs.node.loop.deliver", deliver)
    files = [seen("a", "1"), seen("b", "2", 1)]
    for now in (100, 101, 102, 200, 300):
        bench.node.turn(files, now)
    assert bench.states == {CASE: "sending", case_id_of_study("2"): "done"}


def test_pictures_alone_are_left_alone_and_said_so_once(make: Callable[..., Bench]) -> None:
    bench = make()
    files = [seen("a", is_slice=False)]
    assert [bench.node.turn(files, now) for now in (100, 200)] == ["idle", "idle"]
    assert bench.lines == [f"case {CASE}: no slices among its 1 files, left alone"]


def test_damaged_files_are_listed_in_a_file_and_counted_in_the_log(make: Callable[..., Bench]) -> None:
    bench = make()
    damaged = [seen("Secret.dcm", None, 50)]
    assert [bench.node.turn(damaged, now) for now in (100, 110, 200)] == ["arriving", "idle", "idle"]
    assert bench.node.outcome.unreadable == 1
    assert (bench.node.queue.folder / "unreadable.txt").read_text() == "Secret.dcm\n"
    assert bench.lines == ["damaged DICOM files of no known study: 1, see queue/unreadable.txt"]
