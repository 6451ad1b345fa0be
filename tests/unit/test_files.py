import errno
from pathlib import Path

import pytest

from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole, written_whole

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


def test_a_missing_folder_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be written"):
        write_half(tmp_path / "no" / "a.txt", FULL)
