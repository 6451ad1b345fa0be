"""Tables of the home exam beside numbers counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import home_exam
import pytest
from exam.details import bones_of, speeds_of, strata_of
from exam.kept import KeptAnswer
from exam.rows import Exam, rows_of, verdicts
from exam_builders import IN_FEMUR, IN_TIBIA, LESION_ML, OUTSIDE, answered

from crmo_seg.jobs.exam import BASELINE, BASELINE_TRUE_BONES, MODEL
from crmo_seg.phantom.exam import FAMILIES


def kept(case_id: str, **corners: list[tuple[int, int]]) -> KeptAnswer:
    made = answered(case_id, **corners)
    return KeptAnswer(made.takers, made.seconds)


@pytest.fixture(scope="module")
def exam() -> Exam:
    """Of four lesions three are found, two of two in femurs; of four predictions one is false."""
    first = kept("a/0", pred=[IN_FEMUR, OUTSIDE])
    return {"a": [first], "b": [kept("b/0", pred=[IN_FEMUR, IN_TIBIA])], "c": []}


def test_a_row_a_family_and_one_for_all(exam: Exam) -> None:
    rows = rows_of(exam, MODEL)
    assert [(row.family, row.n_scans, row.n_lesions) for row in rows] == [("a", 1, 2), ("b", 1, 2), ("all", 2, 4)]
    values = {name: rows[-1].estimates[name].value for name in ("lesion_f1", "lesion_false_positives_per_scan")}
    assert values == {"lesion_f1": 0.75, "lesion_false_positives_per_scan": 0.5}
    assert rows_of(exam, BASELINE) == [], "without a head for bones nobody sat it"
    assert rows_of(exam, BASELINE_TRUE_BONES)[-1].estimates["lesion_sensitivity"].value == 0.0


def test_the_bars(exam: Exam) -> None:
    says = verdicts(rows_of(exam, MODEL)[-1])
    assert [line.rpartition(" ")[2] for line in says] == ["NO", "NO", "yes", "yes"]


def test_sites_are_those_of_the_true_bones(exam: Exam) -> None:
    by_name = {one.name: one for one in strata_of(exam) if one.dimension == "bone group"}
    assert set(by_name) == {"leg", "unknown"}
    assert (by_name["leg"].n_ref, by_name["leg"].n_found, by_name["leg"].n_false_positive) == (4, 3, 0)
    assert (by_name["unknown"].n_ref, by_name["unknown"].n_false_positive) == (0, 1)


def test_sizes(exam: Exam) -> None:
    assert 1 < LESION_ML < 5
    sizes = {one.name: (one.n_ref, one.n_found) for one in strata_of(exam) if one.dimension == "size"}
    assert sizes == {"< 0.5 ml": (0, 0), "0.5-1 ml": (0, 0), "1-5 ml": (4, 3), ">= 5 ml": (0, 0)}


def test_bones_that_no_study_has_are_left_out(exam: Exam) -> None:
    assert [(bone.name, bone.dice.n_defined, bone.dice.value) for bone in bones_of(exam)] == [
        ("femur", 2, 1.0),
        ("tibia", 2, 1.0),
    ]


def test_speed(exam: Exam) -> None:
    assert [one.as_markdown() for one in speeds_of(exam)] == [
        "| a | 1 | 2.0 | 2.0 |",
        "| b | 1 | 2.0 | 2.0 |",
        "| all | 2 | 2.0 | 2.0 |",
    ]


def test_the_page_and_the_file_hold_every_table(exam: Exam) -> None:
    tables = home_exam.tables_of(exam)
    page = "\n".join(tables.lines())
    for part in (
        "**model**",
        "**baseline, true bones**",
        "| leg | 4 | 3 | 0.75",
        "| 1-5 ml | 4 | 3 |",
        "| femur | 2 |",
    ):
        assert part in page
    assert "nan" not in page
    numbers = tables.numbers()
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert set(numbers) == {"families", "strata", "bones", "speed"}


def test_every_study_of_the_exam_is_a_task(tmp_path: Path) -> None:
    tasks = home_exam.tasks_of(FAMILIES, tmp_path)
    names = [task.case_id for own in tasks.values() for task in own]
    assert len(names) == len(set(names)) == sum(family.patients for family in FAMILIES)
    assert names[0] == f"{FAMILIES[0].name}/phantom-0000"
