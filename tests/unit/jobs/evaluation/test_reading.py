"""Which files belong to an evaluation, and which are named because they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.jobs.evaluation.reading import left_out, named, predicted_heads


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_only_predictions_of_predicted_heads_are_counted_as_missing(tmp_path: Path) -> None:
    cases = [Case(name, name, images={}, labels={"edema": tmp_path, "bones": tmp_path}) for name in "abc"]
    for name in "ab":
        touch(tmp_path / name / "edema.nii.gz")
    with pytest.raises(InputError, match=r"c/edema\.nii\.gz: does not exist \(1 of 3 predictions are missing: c\)"):
        predicted_heads(tmp_path / "m.csv", cases, tmp_path)
    touch(tmp_path / "c" / "edema.nii.gz")
    assert predicted_heads(tmp_path / "m.csv", cases, tmp_path) == ("edema",)


def test_many_missing_cases_are_counted(tmp_path: Path) -> None:
    cases = [Case(f"c{number}", "p", images={}, labels={"edema": tmp_path}) for number in range(9)]
    with pytest.raises(InputError, match=r"\(9 of 9 predictions are missing: c0, c1, c2, c3, c4 and 4 more\)"):
        predicted_heads(tmp_path / "m.csv", cases, tmp_path)


def test_nothing_left_out_needs_no_note(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "edema.nii.gz")
    assert left_out([Case("a", "a", images={}, labels={"edema": tmp_path})], tmp_path, ["edema"]) == ()
    assert named([]) == ""
