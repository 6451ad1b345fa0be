"""The table on the terminal and the rows of the CSV files."""

from __future__ import annotations

from pathlib import Path

from dataset_builders import Clinic
from rich.console import Console

from crmo_seg.data.check.report import DatasetReport, Problem, Severity, in_order
from crmo_seg.data.check.run import check_dataset
from crmo_seg.jobs.dataset.tables import case_rows, problem_rows, problem_table
from crmo_seg.plan import Head


def printed(*problems: Problem) -> str:
    console = Console(width=100, record=True, file=None, quiet=True)
    console.quiet = False
    with console.capture() as capture:
        console.print(problem_table(DatasetReport(Path("m.csv"), (), in_order(problems))))
    return capture.get()


def note(number: int) -> Problem:
    return Problem(Severity.NOTE, "identity", f"case_{number}", Path(f"images/{number}.nii"), "is [odd]", "look at it")


def test_a_row_holds_case_file_problem_and_remedy() -> None:
    (line,) = printed(note(1)).splitlines()
    assert line.split() == ["note", "case_1", "images/1.nii:", "is", "[odd];", "look", "at", "it"]


def test_of_many_alike_the_first_are_shown_and_the_others_counted() -> None:
    lines = printed(*[note(number) for number in range(30)]).splitlines()
    assert len(lines) == 5
    assert "26 more like the last (identity); -o OUT writes them all" in lines[-1]


def test_a_problem_of_the_whole_data_set_has_no_case() -> None:
    assert printed(Problem(Severity.ERROR, "empty", "", None, "is empty", "fill it")).split()[:2] == ["error", "all"]


def test_csv_rows_name_the_whole_path() -> None:
    assert problem_rows([note(1)]) == [
        {
            "severity": "note",
            "case_id": "case_1",
            "file": str(Path("images/1.nii")),
            "what": "is [odd]",
            "what_to_do": "look at it",
        }
    ]


def test_a_row_a_case(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, 2).write()
    clinic.image(1).write_text("no image")
    report = check_dataset(clinic.manifest, [Head("knee", ("femur", "tibia"))])
    columns, (first, second) = case_rows(report.cases)
    assert columns[:6] == ["case_id", "patient_id", "fold", "t1_shape", "t1_spacing_mm", "t1_orientation"]
    assert (first["t1_shape"], first["t1_spacing_mm"], first["t1_orientation"]) == ("12 x 10 x 8", "2 x 2 x 4", "RAS")
    assert (first["knee_volume_ml"], first["knee_components"]) == ("0.576", "2")  # 36 voxels of 0.016 ml
    assert (first["knee_volume_1_ml"], first["knee_volume_2_ml"]) == ("0.288", "0.288")
    assert "t1_shape" not in second
    assert second["knee_volume_ml"] == "0.592"
