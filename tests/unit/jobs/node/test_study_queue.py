from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from stub_model import entries

from crmo_seg.jobs.node.study_queue import STATES, Entry, State, StudyQueue

ENTRY = Entry("c1", 5.0, frozenset({"b", "a"}))


@pytest.fixture
def queue(tmp_path: Path) -> StudyQueue:
    return StudyQueue(tmp_path / "queue")


def test_an_entry_comes_back_as_it_was(queue: StudyQueue) -> None:
    assert queue.find("c1") is None
    assert not queue.holds("c1")
    queue.add(ENTRY)
    assert queue.find("c1") == ("waiting", ENTRY)
    assert queue.holds("c1")
    assert queue.entries("waiting") == [ENTRY]


def test_the_oldest_waits_in_front(queue: StudyQueue) -> None:
    for case_id, queued_s in (("b", 2.0), ("c", 1.0), ("a", 2.0)):
        queue.add(Entry(case_id, queued_s, frozenset()))
    assert [entry.case_id for entry in queue.entries("waiting")] == ["c", "a", "b"]


def test_a_study_wanders_and_is_in_one_state(queue: StudyQueue) -> None:
    queue.add(ENTRY)
    path: tuple[State, ...] = ("waiting", "running", "sending", "done")
    for old, new in pairwise(path):
        queue.move("c1", old, new)
        assert [state for state in STATES if queue.entries(state)] == [new]
    queue.add(Entry("c1", 9.0, frozenset({"z"})))
    assert [state for state in STATES if queue.entries(state)] == ["waiting"]


def test_a_failed_study_says_why(queue: StudyQueue) -> None:
    queue.add(ENTRY)
    queue.move("c1", "waiting", "running")
    error = queue.fail("c1", "running", "a.dcm: is bent; unbend it\n")
    assert error == queue.folder / "failed" / "c1" / "error.txt"
    assert error.read_text() == "a.dcm: is bent; unbend it\n"
    queue.add(ENTRY)  # another try
    assert not error.exists()


def test_what_was_running_waits_again_and_leftovers_are_swept(queue: StudyQueue) -> None:
    queue.add(ENTRY)
    queue.move("c1", "waiting", "running")
    (queue.folder / "waiting" / ".c2.part").mkdir()
    (queue.folder / "running" / "c1" / ".entry.json.0a.part").write_text("{")
    (queue.folder / "running" / "c1" / "error.txt").write_text("not yet moved")
    assert [entry.starts for entry in queue.recover()] == [1]
    assert [entry.starts for entry in queue.entries("waiting")] == [1]
    assert [name for name in entries(queue.folder) if "/" in name] == ["waiting/c1", "waiting/c1/entry.json"]
    assert queue.recover() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"case_id": "c1", "queued_s": "x", "files": []}'])
def test_an_entry_that_somebody_has_spoilt_is_none(queue: StudyQueue, text: str) -> None:
    queue.add(ENTRY)
    (queue.folder / "waiting" / "c1" / "entry.json").write_text(text)
    assert queue.entries("waiting") == []
    assert queue.find("c1") is None
