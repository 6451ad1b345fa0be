"""``compare``: two prediction folders in; tables, summary and page out; pairs that are none are refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from followup_builders import StickChild, changed, table_rows, write_visit
from typer.testing import CliRunner

from crmo_seg.cli.main import app
from crmo_seg.errors import InputError
from crmo_seg.jobs.compare import compare
from crmo_seg.jobs.comparison.reading import read_visit

KNEE = ("femur_left", (-70.0, 0.0, -225.0), 14.0)
OTHER_KNEE = ("femur_right", (70.0, 0.0, -225.0), 12.0)
BEFORE = StickChild(lesions=(KNEE,))
NOW = StickChild(shift_mm=(6.0, 0.0, 9.0), lesions=(KNEE, OTHER_KNEE))
FACTS = {"patient_key": "p1", "visit": "2024-01-10"}
LATER = {"patient_key": "p1", "visit": "2024-07-10"}


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("visits")
    write_visit(out, "first", BEFORE, FACTS)
    write_visit(out, "second", NOW, LATER)
    return out


@pytest.fixture(scope="module")
def compared(visits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("compared") / "change"
    compare(visits / "first", visits / "second", out)
    return out


def test_the_files_and_what_they_say(compared: Path) -> None:
    assert {path.name for path in compared.iterdir()} == {
        "changes.csv", "sites.csv", "comparison.json", "report.html"
    }  # fmt: skip
    stable, new = table_rows(compared / "changes.csv")
    assert (stable["change"], stable["relation"], stable["bone"], stable["side"]) == (
        "stable", "one_to_one", "femur", "left",
    )  # fmt: skip
    assert float(stable["stable_from_ratio"]) < float(stable["volume_ratio"]) < float(stable["stable_to_ratio"])
    assert (new["change"], new["side"], new["before_ids"], new["volume_before_ml"]) == ("new", "right", "", "")
    sites = table_rows(compared / "sites.csv")
    assert {(site["bone"], site["side"], site["new"], site["stable"]) for site in sites} == {
        ("femur", "left", "0", "1"), ("femur", "right", "1", "0")
    }  # fmt: skip


def test_vertebral_heights_that_both_visits_have(visits: Path, tmp_path: Path) -> None:
    first, second = (
        changed(visits / name, tmp_path / name, vertebrae=[{"level": "T8", "mean_mm": mm, "resolution_mm": 1.0}])
        for name, mm in (("first", 15.0), ("second", 11.0))
    )
    compare(first, second, tmp_path / "out")
    (row,) = table_rows(tmp_path / "out" / "vertebrae.csv")
    assert (row["level"], row["mean_mm_before"], row["mean_mm_now"]) == ("T8", "15.0", "11.0")
    assert "15.0 → 11.0" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_summary(compared: Path) -> None:
    summary = json.loads((compared / "comparison.json").read_text())
    assert summary["counts"]["new"] == summary["counts"]["stable"] == 1
    assert summary["years_between"] == pytest.approx(0.498, abs=1e-3)
    assert summary["alignment"]["femur_left"]["reliable"] is True
    assert summary["quality_flags"] == []
    assert "crmo_seg" in summary["versions"]


def test_a_comparison_is_only_replaced_with_overwrite_and_nothing_else_ever(visits: Path, compared: Path) -> None:
    pair = visits / "first", visits / "second"
    with pytest.raises(InputError, match="holds a comparison; give --overwrite"):
        compare(*pair, compared)
    with pytest.raises(InputError, match="holds other files, and would be replaced"):
        compare(*pair, visits, overwrite=True)
    with pytest.raises(InputError, match="is a file"):
        compare(*pair, visits / "first" / "lesions.csv")


def test_other_patients_are_refused_unless_the_user_knows_better(visits: Path, tmp_path: Path) -> None:
    here = changed(visits / "second", visits / "stranger", patient_key="p2")
    with pytest.raises(InputError, match=r"is of patient p2, .*first of patient p1; give two visits of one patient$"):
        compare(visits / "first", here, tmp_path / "a")
    elsewhere = changed(visits / "second", tmp_path / "stranger", patient_key="p2")
    with pytest.raises(InputError, match="keys of one patient differ between output folders.*--same-patient"):
        compare(visits / "first", elsewhere, tmp_path / "a")
    compare(visits / "first", elsewhere, tmp_path / "a", same_patient=True)
    flags = json.loads((tmp_path / "a" / "comparison.json").read_text())["quality_flags"]
    assert [flag["code"] for flag in flags] == ["other_patient_key"]


def test_reversed_dates_and_one_folder_twice_are_refused(visits: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is of 2024-01-10, before 2024-07-10 of .*; give the earlier visit first"):
        compare(visits / "second", visits / "first", tmp_path / "a")
    with pytest.raises(InputError, match="is given twice"):
        compare(visits / "first", visits / "first", tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("file", "content", "match"),
    [
        ("summary.json", None, "is no prediction: it has no summary.json; give the folder of one case"),
        ("summary.json", "{", "is no JSON"),
        ("summary.json", "[]", "holds no table"),
        ("summary.json", '{"visit": "spring"}', "has the visit 'spring'; write it as YYYY-MM-DD"),
        ("lesions.csv", None, "lesions.csv: does not exist"),
        ("lesions.csv", "lesion_id,volume_ml\n1,x\n", "has a cell that cannot be read"),
        ("lesions.nii.gz", None, "there are no lesions; predict with a model that marks edema"),
    ],
)
def test_damaged_folders(visits: Path, tmp_path: Path, file: str, content: str | None, match: str) -> None:
    folder = changed(visits / "first", tmp_path / "damaged")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(InputError, match=match):
        read_visit(folder)


def test_files_that_contradict_each_other(visits: Path, tmp_path: Path) -> None:
    folder = changed(visits / "second", tmp_path / "one")
    shutil.copy(visits / "first" / "lesions.csv", folder)
    with pytest.raises(InputError, match=r"lesions.nii.gz has 2 lesions and lesions.csv 1, not the same ones"):
        read_visit(folder)
    other_grid = write_visit(tmp_path, "other", replace(BEFORE, lowest_mm=-300.0), FACTS)
    shutil.copy(other_grid / "bones.nii.gz", folder)
    shutil.copy(visits / "second" / "lesions.csv", folder)
    with pytest.raises(InputError, match="lies on another grid than lesions.nii.gz"):
        read_visit(folder)


def test_the_command_says_what_changed_and_what_to_doubt(visits: Path, tmp_path: Path) -> None:
    stranger = changed(visits / "second", tmp_path / "stranger", patient_key="p2")
    words = ["compare", str(visits / "first"), str(stranger), "-o", str(tmp_path / "a"), "--same-patient"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "1 new" in done.output
    assert "1 stable" in done.output
    assert "warning: The visits have different patient keys" in done.output


def test_no_bones_and_two_grids(visits: Path, tmp_path: Path) -> None:
    folder = changed(visits / "second", tmp_path / "bare")
    (folder / "bones.nii.gz").unlink()
    with pytest.raises(InputError, match="have no marks of bones to be aligned by, and lie on two grids; predict both"):
        compare(write_visit(tmp_path, "other", replace(BEFORE, lowest_mm=-300.0), FACTS), folder, tmp_path / "a")
