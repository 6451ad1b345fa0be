from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from node_builders import age, write_study

from crmo_seg.errors import InputError
from crmo_seg.jobs.node import watch as watch_module
from crmo_seg.jobs.node.arrivals import arrivals_of
from crmo_seg.jobs.node.watch import Watch


def test_a_file_is_opened_once_and_again_only_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(watch_module, "belonging_of", lambda path: opened.append(path.name))
    (tmp_path / "a").write_bytes(b"1")
    watch, now = Watch(tmp_path), time.time()
    (first,) = watch.look(now)
    (again,) = watch.look(now + 5)
    assert again is first
    (tmp_path / "a").write_bytes(b"12")
    (grown,) = watch.look(now + 10)
    assert opened == ["a", "a"]
    assert (grown.size_bytes, grown.unchanged_since_s) == (2, now + 10)
    (tmp_path / "a").unlink()
    assert watch.look(now + 15) == ()


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".part").mkdir()
    for name in (".a", ".part/b", "c"):
        (tmp_path / name).write_bytes(b"1")
    assert [file.path.name for file in Watch(tmp_path).look(0)] == ["c"]


def test_a_copy_that_keeps_the_time_of_its_original_is_new_all_the_same(tmp_path: Path) -> None:
    write_study(tmp_path)
    age(tmp_path, 10_000)
    now = time.time()
    (arrival,) = arrivals_of(Watch(tmp_path).look(now))
    assert not arrival.is_complete(now, 60)
    assert arrival.is_complete(now + 60, 60)


def test_a_disk_whose_clock_is_ahead_does_not_hold_up_a_study(tmp_path: Path) -> None:
    write_study(tmp_path)
    age(tmp_path, -10_000)
    now = time.time()
    (arrival,) = arrivals_of(Watch(tmp_path).look(now))
    assert arrival.unchanged_since_s == now


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone: cannot be read \(No such file or directory\)"):
        Watch(tmp_path / "gone").look(0)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom rights keep out")
def test_a_file_that_cannot_be_read_yet_waits(tmp_path: Path) -> None:
    (path, *_) = write_study(tmp_path)
    path.chmod(0)
    assert path not in {file.path for file in Watch(tmp_path).look(0)}
