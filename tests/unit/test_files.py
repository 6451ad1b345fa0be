import errno
import multiprocessing
from pathlib import Path

import pytest

from crmo_seg import files
from crmo_seg.errors import InputError
from crmo_seg.files import (
    folder_written_whole,
    is_disk_full,
    remove_leftovers,
    user_error,
    write_once,
    written_whole,
)

FULL = OSError(errno.ENOSPC, "No space left on device")


def write_half(path: Path, error: Exception) -> None:
    with written_whole(path) as part:
        part.write_text("half")
        raise error


def write_half_a_folder(folder: Path, error: Exception) -> None:
    with folder_written_whole(folder) as part:
        (part / "new.txt").write_text("half")
        raise error


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(InputError, match=r"a.txt: could not be written \(No space left on device\); free space"):
        write_half(path, FULL)
    assert path.read_text() == "old"
    assert [other.name for other in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_inside_passes_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_half(tmp_path / "a.txt", ZeroDivisionError())
    assert not list(tmp_path.iterdir())


def test_a_folder_replaces_an_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for name in ("old.txt", "new.txt"):
        with folder_written_whole(folder) as part:
            (part / name).write_text("x")
    assert [path.name for path in folder.iterdir()] == ["new.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with folder_written_whole(folder) as part:
        (part / "old.txt").write_text("x")
    with pytest.raises(InputError, match="model: could not be written"):
        write_half_a_folder(folder, FULL)
    assert [path.name for path in folder.iterdir()] == ["old.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_old_folder_stays_where_the_new_one_cannot_get_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    with folder_written_whole(folder) as part:
        (part / "old.txt").write_text("x")
    rename = Path.replace

    def held(path: Path, target: Path) -> Path:  # as on Windows, where a scanner holds a file that is new
        if path.name.endswith(".part"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(InputError, match="model: could not be written"), folder_written_whole(folder):
        pass
    assert [path.name for path in folder.iterdir()] == ["old.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_old_folder_of_a_killed_run_does_not_stop_the_next(tmp_path: Path) -> None:
    folder, left = tmp_path / "model", tmp_path / ".model.old"
    for one in (folder, left):
        one.mkdir()
        (one / "old.txt").write_text("x")
    with folder_written_whole(folder) as part:
        (part / "new.txt").write_text("x")
    assert [path.name for path in folder.iterdir()] == ["new.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_old_folder_of_a_run_killed_between_two_names_is_put_back(tmp_path: Path) -> None:
    left = tmp_path / ".model.old"
    left.mkdir()
    (left / "old.txt").write_text("x")
    with pytest.raises(ZeroDivisionError):
        write_half_a_folder(tmp_path / "model", ZeroDivisionError())
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["old.txt"]


def test_a_missing_folder_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be written"):
        write_half(tmp_path / "no" / "a.txt", FULL)


# Texts that are written once


@pytest.mark.parametrize("links", [True, False])
def test_the_first_text_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr(files.os, "link", no_links)
    path = tmp_path / "new" / "a.txt"
    assert [write_once(path, text) for text in ("one", "two")] == ["one", "one"]
    assert [other.name for other in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("links", [True, False])
def test_a_text_that_comes_second_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """The other process was quicker between the look and the writing."""
    path = tmp_path / "a.txt"

    def link(_: object, final: Path) -> None:
        final.write_text("two")
        raise FileExistsError if links else OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(files.os, "link", link)
    assert write_once(path, "one") == "two"
    assert [other.name for other in tmp_path.iterdir()] == ["a.txt"]


def test_a_text_of_another_length_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_READ_PAUSE_S", 0.0)
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(InputError, match=r"a.txt: holds 0 characters, not 3; remove it"):
        write_once(tmp_path / "a.txt", "one")


def test_processes_that_begin_at_once_agree(tmp_path: Path) -> None:
    texts = [f"{number:032d}" for number in range(40)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for path in (tmp_path / f"{number}.txt" for number in range(10)):
            found = pool.starmap(write_once, [(path, text) for text in texts], chunksize=1)
            assert len(set(found)) == 1
            assert found[0] == path.read_text()
    assert len(list(tmp_path.iterdir())) == 10


# What is left, and what is whose fault


def test_leftovers_of_a_folder_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".a.part", ".a.old", ".b.part", "a"):
        (tmp_path / name / "inside").mkdir(parents=True)
    remove_leftovers(tmp_path / "a")
    assert {path.name for path in tmp_path.iterdir()} == {".b.part", "a"}


def test_errors_that_a_user_can_mend() -> None:
    own = InputError("a", "is wrong", "mend it")
    assert user_error(own) is own
    assert str(user_error(FileNotFoundError(2, "No such file", "a.nii"))).startswith("a.nii: No such file; check")
    assert [user_error(error) for error in (OSError("libfoo"), ValueError("x"), KeyboardInterrupt())] == [None] * 3


def test_a_full_disk_is_known_through_the_errors_made_of_it(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        write_half(tmp_path / "a.txt", FULL)
    assert is_disk_full(raised.value)
    assert is_disk_full(FULL)
    assert not is_disk_full(PermissionError(errno.EACCES, "Permission denied"))
    assert not is_disk_full(InputError("a", "is wrong", "mend it"))
