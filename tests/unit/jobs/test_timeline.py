"""``timeline``: prediction folders of several visits in; tables, summary and page out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from followup_builders import changed, table_rows, write_visit
from timeline_builders import FATES, FOUR_VISITS
from typer.testing import CliRunner

from crmo_seg.cli.main import app
from crmo_seg.errors import InputError
from crmo_seg.jobs.timeline import timeline

DATES = ("2021-03-01", "2021-10-15", "2022-06-01", "2023-09-20")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    out = tmp_path_factory.mktemp("visits")
    return tuple(
        write_visit(out, f"visit{number}", child, {"patient_key": "p1", "visit": date})
        for number, (child, date) in enumerate(zip(FOUR_VISITS, DATES, strict=True), 1)
    )


@pytest.fixture(scope="module")
def followed(folders: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("followed") / "course"
    timeline([folders[2], folders[0], folders[3], folders[1]], out)
    return out


def test_the_courses_in_the_table(followed: Path, folders: tuple[Path, ...]) -> None:
    assert {path.name for path in followed.iterdir()} == {
        "timeline.csv", "burden.csv", "timeline.json", "timeline.html"
    }  # fmt: skip
    table = table_rows(followed / "timeline.csv")
    fates: dict[str, list[str]] = {}
    for row in table:
        fates.setdefault(row["course_id"], []).append(row["status"])
    assert sorted(map(tuple, fates.values())) == sorted(FATES.values())
    assert [row["date"] for row in table[:4]] == list(DATES)
    for visit, folder in enumerate(folders, 1):  # every lesion of every visit once
        ids = " ".join(row["lesion_ids"] for row in table if row["visit"] == str(visit)).split()
        assert sorted(ids) == sorted(row["lesion_id"] for row in table_rows(folder / "lesions.csv"))


def test_what_cannot_be_judged_has_no_volume_and_what_is_gone_has_none_left(followed: Path) -> None:
    volumes = {(row["status"], row["volume_ml"]) for row in table_rows(followed / "timeline.csv")}
    assert {volume for status, volume in volumes if status == "not_in_view"} == {""}
    assert {float(volume) for status, volume in volumes if status in ("gone", "not_yet")} == {0.0}


def test_the_burden(followed: Path) -> None:
    burden = table_rows(followed / "burden.csv")
    assert [row["n_lesions"] for row in burden] == ["3", "2", "2", "2"]
    assert [row["n_not_assessable"] for row in burden] == ["0", "0", "2", "0"]
    assert (burden[2]["came_back"], burden[3]["new"], burden[3]["gone"]) == ("1", "1", "2")
    courses = table_rows(followed / "timeline.csv")
    for row in burden:
        own = sum(float(one["volume_ml"] or 0) for one in courses if one["visit"] == row["visit"])
        assert own == pytest.approx(float(row["total_volume_ml"]), abs=1e-3)


def test_the_summary(followed: Path) -> None:
    summary = json.loads((followed / "timeline.json").read_text())
    assert [visit["visit"] for visit in summary["visits"]] == list(DATES)
    assert [flag["code"] for flag in summary["quality_flags"]] == ["sorted_by_date"]
    pairs = [(pair["earlier_visit"], pair["later_visit"]) for pair in summary["pairs"]]
    assert pairs[:3] == [(1, 2), (2, 3), (3, 4)]
    assert all(pair["aligned"] for pair in summary["pairs"])
    assert "lesions_not_in_view" in [flag["code"] for flag in summary["pairs"][1]["quality_flags"]]
    assert len(summary["courses"]) == 4
    assert all(len(course["visits"]) == 4 for course in summary["courses"])
    assert summary["schema_version"] == 1


def test_the_page_has_no_script_and_says_all_statuses(followed: Path) -> None:
    page = (followed / "timeline.html").read_text(encoding="utf-8")
    assert "<script" not in page
    for text in ("Research use only", "came back", "gone", "not in the picture", "left femur", *DATES):
        assert text in page, text
    assert len(re.findall(r'<td class="cell ', page)) == 16


def test_a_timeline_is_only_replaced_with_overwrite_and_nothing_else_ever(
    folders: tuple[Path, ...], followed: Path
) -> None:
    with pytest.raises(InputError, match="holds a timeline; give --overwrite"):
        timeline(folders[:2], followed)
    with pytest.raises(InputError, match="would be replaced; give a new folder for the timeline"):
        timeline(folders[:2], folders[0], overwrite=True)


def test_what_is_no_series_of_visits_is_refused_and_nothing_written(folders: tuple[Path, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="visit1: is 1 visit"):
        timeline(folders[:1], tmp_path / "a")
    with pytest.raises(InputError, match="visit1: is given twice"):
        timeline([folders[0], folders[1], folders[0]], tmp_path / "a")
    stranger = changed(folders[1], tmp_path / "stranger", patient_key="p2")
    with pytest.raises(InputError, match="stranger: is of patient p2.*--same-patient"):
        timeline([folders[0], stranger], tmp_path / "a")
    (stranger / "lesions.csv").unlink()
    with pytest.raises(InputError, match=r"stranger.lesions\.csv: does not exist"):
        timeline([folders[0], stranger], tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_visits_that_cannot_be_aligned_are_named(folders: tuple[Path, ...], tmp_path: Path) -> None:
    bare = changed(folders[2], tmp_path / "bare")
    (bare / "bones.nii.gz").unlink()
    with pytest.raises(InputError, match="visit1 and .*bare: have no marks of bones"):
        timeline([folders[0], bare], tmp_path / "a")


def test_the_command_says_what_is_there_now_and_what_to_doubt(folders: tuple[Path, ...], tmp_path: Path) -> None:
    undated = changed(folders[1], tmp_path / "undated", visit=None)
    words = ["timeline", str(folders[0]), str(undated), "-o", str(tmp_path / "a")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "3 courses over 2 visits" in done.output
    assert "1 gone" in done.output
    assert "warning: The visits stand in the order of the command" in done.output
    assert "warning: visits 1 and 2: The date of a visit is not known" in done.output
