"""Tables on disk: which there are, and what is left of an evaluation before."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_builders import mixed_summary

from crmo_seg.errors import InputError
from crmo_seg.jobs.evaluation.output import write_bytes, write_tables


def test_tables_of_before_are_removed_and_other_files_kept(tmp_path: Path) -> None:
    for name in ("comparison.csv", "readers.csv", "mine.txt"):
        (tmp_path / name).write_text("before")
    write_tables(tmp_path, mixed_summary())
    names = ["cases.csv", "froc.csv", "lesions.csv", "mine.txt", "strata.csv", "summary.json"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures").touch()
    with pytest.raises(InputError, match=r"figures/a\.png: could not be written"):
        write_bytes(tmp_path / "figures" / "a.png", b"")
