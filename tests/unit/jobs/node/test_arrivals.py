from __future__ import annotations

from pathlib import Path

from crmo_seg.io.dicom.read.belonging import Belonging
from crmo_seg.io.dicom.uids import case_id_of_study
from crmo_seg.jobs.node.arrivals import SeenFile, arrivals_of, unreadable_of


def seen(name: str, study: str | None, since_s: float, *, is_slice: bool = True, size: int = 1) -> SeenFile:
    return SeenFile(Path(name), size, 0, since_s, Belonging(study, is_slice))


def test_files_are_sorted_by_study_wherever_they_lie() -> None:
    files = [seen("a", "1", 30), seen("x/b", "2", 10), seen("c", "1", 20), SeenFile(Path("readme"), 1, 0, 0, None)]
    second, first = arrivals_of(files)
    assert (first.case_id, second.case_id) == (case_id_of_study("1"), case_id_of_study("2"))
    assert first.paths == (Path("a"), Path("c"))
    assert (first.unchanged_since_s, second.unchanged_since_s) == (30, 10)  # the one that waits longest is first
    assert [first.is_complete(now, 60) for now in (89.9, 90.0)] == [False, True]


def test_results_that_come_back_hold_up_nothing_and_are_nothing_new() -> None:
    images = [seen("a", "1", 10)]
    (before,) = arrivals_of(images)
    (after,) = arrivals_of([*images, seen("seg", "1", 500, is_slice=False)])
    assert after.digests == before.digests
    assert after.unchanged_since_s == 10
    assert after.others == 1


def test_a_study_without_slices_is_an_arrival_without_files() -> None:
    (report,) = arrivals_of([seen("sr", "1", 5, is_slice=False)])
    assert (report.files, report.others, report.unchanged_since_s) == ((), 1, 5)


def test_a_changed_file_has_another_digest() -> None:
    assert seen("a", "1", 0).digest == seen("a", "1", 99).digest
    assert len({seen("a", "1", 0).digest, seen("b", "1", 0).digest, seen("a", "1", 0, size=2).digest}) == 3


def test_damaged_files_are_named_when_nobody_writes_them_any_more() -> None:
    files = [seen("b", None, 10), seen("a", None, 10), seen("growing", None, 80), seen("good", "1", 0)]
    assert unreadable_of(files, 100, 60) == (Path("a"), Path("b"))


def test_nothing_that_is_printed_names_a_file() -> None:
    assert "Secret" not in repr(arrivals_of([seen("Secret", "1.2.Secret", 0)]))
