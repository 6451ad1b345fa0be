"""Statistics without voxels: tables on disk and for the terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.cohort import STATISTICS_FILE, write_statistics
from crmo_seg.phantom.comparison import HEADINGS
from crmo_seg.phantom.dataset import PhantomOptions
from crmo_seg.phantom.settings import read_preset
from crmo_seg.phantom.visit import plan_visits

PATIENTS = 6


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("cohort") / "new"
    return out, write_statistics(out, PhantomOptions(patients=PATIENTS, visits=2, seed=1))


def preset(folder: Path, text: str) -> str:
    (folder / "my.yaml").write_text(text, encoding="utf-8")
    return str(folder / "my.yaml")


def test_three_tables_for_several_visits(told: tuple[Path, str]) -> None:
    out, text = told
    titles = [
        f"Lesions of {PATIENTS} children",
        f"Look-alikes of {PATIENTS} children",
        "From the first visit to the second",
    ]
    assert [line for line in text.splitlines() if line in titles] == titles
    markdown = (out / STATISTICS_FILE).read_text(encoding="utf-8")
    assert [line[3:] for line in markdown.splitlines() if line.startswith("## ")] == titles
    assert {path.name for path in out.iterdir()} == {STATISTICS_FILE}


def test_the_file_has_a_row_for_each_line_of_the_terminal(told: tuple[Path, str]) -> None:
    out, text = told
    markdown = (out / STATISTICS_FILE).read_text(encoding="utf-8")
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in markdown.splitlines() if "|" in row]
    rows = [row for row in cells if row[0] not in (HEADINGS[0], "---")]
    assert len(rows) > 20
    lines = text.splitlines()
    for row in rows:
        assert any(line.startswith(row[0]) and row[1] in line and row[6] in line for line in lines), row
    assert {len(row) for row in cells} == {len(HEADINGS) + 1}
    assert all(row[-1] for row in rows)


def test_children_and_lesions_are_those_of_the_plans(tmp_path: Path) -> None:
    """Counted by hand from the same seed."""
    settings = read_preset("whole_body")
    counts = [len(plan_visits(settings, 3, index)[0].lesions) for index in range(4)]
    text = write_statistics(tmp_path / "out", PhantomOptions(patients=4, seed=3))
    cells = {line[:50].split("   ")[0]: line.split() for line in text.splitlines()}
    healthy, lower_limb = cells["children without edema"], cells["lesions in the lower limb"]
    assert healthy[3:6] == [f"{100 * counts.count(0) / 4:.1f}", "%", "4"]
    assert lower_limb[7] == str(sum(counts))


def test_a_single_visit_has_no_table_of_fates(tmp_path: Path) -> None:
    text = write_statistics(tmp_path, PhantomOptions(patients=1))
    assert "From the first visit" not in text


@pytest.mark.parametrize("visits", [1, 2])
def test_healthy_children_leave_the_lesions_uncounted(tmp_path: Path, visits: int) -> None:
    text = preset(tmp_path, "edema: {lesion_free: 1.0}")
    table = write_statistics(tmp_path / "out", PhantomOptions(patients=2, visits=visits, preset=text))
    assert "Lesions of 2 children" in table
    assert re.search(r"children without edema +100\.0 %", table)
    assert re.search(r"sites per ill child, median +nan", table)


def test_children_are_counted_one_by_one(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_statistics(tmp_path, PhantomOptions(patients=3), lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    files = []
    for name in ("one", "other"):
        write_statistics(tmp_path / name, PhantomOptions(patients=2, seed=4))
        files.append((tmp_path / name / STATISTICS_FILE).read_bytes())
    assert files[0] == files[1]


def test_what_cannot_be_written_is_refused_before_anything_is_planned(tmp_path: Path) -> None:
    (tmp_path / STATISTICS_FILE).write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    many = PhantomOptions(patients=10**6)
    with pytest.raises(InputError, match=r"statistics\.md: exists already; give another folder, or delete this one"):
        write_statistics(tmp_path, many)
    assert (tmp_path / STATISTICS_FILE).read_text(encoding="utf-8") == "mine"
    with pytest.raises(InputError, match="file: is a file; give a folder"):
        write_statistics(tmp_path / "file", many)
    with pytest.raises(InputError, match="preset 'plain': has no statistics; take another preset"):
        write_statistics(tmp_path / "new", PhantomOptions(preset="plain", patients=10**6))
    assert not (tmp_path / "new").exists()
