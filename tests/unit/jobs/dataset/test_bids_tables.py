"""Dates of visits and names of label values in the tables of BIDS."""

from __future__ import annotations

from pathlib import Path

import pytest
from bids_builders import write

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.bids_files import BidsFile, parse_file
from crmo_seg.jobs.dataset.bids_tables import classes_of, visit_of


def file_in(folder: Path, name: str) -> BidsFile:
    file = parse_file(folder / f"{name}.nii.gz")
    assert file is not None
    return file


def visit(root: Path, session: str | None = "ses-b") -> str | None:
    subject = root / "sub-1"
    folder, name = (subject / session, f"sub-1_{session}") if session else (subject, "sub-1")
    return visit_of([file_in(folder / "anat", f"{name}_T1w"), file_in(folder / "anat", f"{name}_T2w")], subject)


@pytest.mark.parametrize("time", ["2021-05-06T07:08:09", "2021-05-06T07:08:09.123456Z", "2021-05-06"])
@pytest.mark.parametrize("prefix", ["ses-", ""])
def test_the_sessions_table_dates_a_visit(tmp_path: Path, time: str, prefix: str) -> None:
    text = f"session_id\tacq_time\n{prefix}a\t2020-01-01\n{prefix}b\t{time}\n"
    write(tmp_path / "sub-1" / "sub-1_sessions.tsv", text)
    assert visit(tmp_path) == "2021-05-06"
    assert visit(tmp_path, "ses-c") is None


@pytest.mark.parametrize("session", ["ses-b", None])
def test_else_the_first_scan_does(tmp_path: Path, session: str | None) -> None:
    name = f"sub-1_{session}" if session else "sub-1"
    rows = [f"anat/{name}_T2w.nii.gz\t2021-05-07T00:10:00", f"anat/{name}_T1w.nii.gz\t2021-05-06T23:50:00"]
    rows += [f"anat/{name}_FLAIR.nii.gz\t2020-01-01T00:00:00"]
    folder = tmp_path / "sub-1" / (session or "")
    write(folder / f"{name}_scans.tsv", "\n".join(["filename\tacq_time", *rows]) + "\n")
    assert visit(tmp_path, session) == "2021-05-06"


@pytest.mark.parametrize(
    "text", ["session_id\nses-b\n", "session_id\tacq_time\nses-b\tn/a\n", "session_id\tacq_time\n"]
)
def test_a_date_may_be_missing(tmp_path: Path, text: str) -> None:
    write(tmp_path / "sub-1" / "sub-1_sessions.tsv", text)
    assert visit(tmp_path) is None


def test_what_is_no_date_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "sub-1" / "sub-1_sessions.tsv", "session_id\tacq_time\nses-b\t06.05.2021\n")
    with pytest.raises(
        InputError, match=r"sub-1_sessions\.tsv: has the acq_time '06\.05\.2021'; write it as YYYY-MM-DD"
    ):
        visit(tmp_path)
    (tmp_path / "sub-1" / "sub-1_sessions.tsv").write_bytes(b"session_id\tacq_time\n\xff\xfe\n")
    with pytest.raises(InputError, match="cannot be read as a table"):
        visit(tmp_path)


def test_the_nearest_table_names_the_values(tmp_path: Path) -> None:
    label = file_in(tmp_path / "d" / "sub-1" / "anat", "sub-1_seg-leg_dseg")
    assert classes_of(label, tmp_path) is None
    write(tmp_path / "d" / "dseg.tsv", "index\tname\tcolor\n0\tUnknown\t#0\n2\tTibia\t#1\n1\tLong Femur\t#2\n")
    assert classes_of(label, tmp_path) == ("long_femur", "tibia")
    write(tmp_path / "d" / "seg-arm_dseg.tsv", "index\tname\n1\thumerus\n")
    assert classes_of(label, tmp_path) == ("long_femur", "tibia")
    write(tmp_path / "d" / "seg-leg_dseg.tsv", "index\tname\n1\tfibula\n")
    assert classes_of(label, tmp_path) == ("fibula",)
    write(label.path.parent / "sub-1_seg-leg_dseg.tsv", "index\tname\n1\tpatella\n")
    assert classes_of(label, tmp_path) == ("patella",)


def test_tables_above_the_data_set_are_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "dseg.tsv", "index\tname\n1\tfemur\n")
    assert classes_of(file_in(tmp_path / "d" / "sub-1", "sub-1_dseg"), tmp_path / "d") is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("index\tname\n100\tfemur\n101\ttibia\n", "has the label values 100, 101; number them from 1 without a gap"),
        ("value\tname\n1\tfemur\n", "names no label values; give it the columns index and name, tab-separated"),
        ("index,name\n1,femur\n", "names no label values"),
        ("index\tname\n1\tfemur\n2\tfemur\n", "gives two values the name femur"),
        ("index\tname\n1\tfemur\n1\ttibia\n", "gives one label value two names"),
        ("index\tname\n0\tbackground\n", "has the label values none"),
    ],
)
def test_a_table_that_does_not_name_the_values_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    write(tmp_path / "dseg.tsv", rows)
    with pytest.raises(InputError, match=rf"dseg\.tsv: {message}"):
        classes_of(file_in(tmp_path / "sub-1", "sub-1_dseg"), tmp_path)
