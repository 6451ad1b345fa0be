"""Manifests: what is read, what is refused and how the message reads, and splits by patient."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.cases import Case, check_folds, read_manifest, split_by_patient, survey_manifest, write_manifest
from crmo_seg.errors import InputError


def write_table(folder: Path, text: str, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    path = folder / "manifest.csv"
    path.write_text(text, encoding="utf-8")
    return path


def make_cases(patients: list[str], fold: int | None = None) -> list[Case]:
    return [Case(f"case{number}", patient, fold=fold) for number, patient in enumerate(patients)]


def test_a_table_is_read_with_paths_made_absolute(tmp_path: Path) -> None:
    text = "case_id,patient_id,visit,fold,image_stir,image_t1,label_edema\na,P,2024-05-01,2,i/a.nii,,l/a.nii\n"
    (case,) = read_manifest(write_table(tmp_path, text, "i/a.nii", "l/a.nii"))
    assert (case.case_id, case.patient_id, case.visit, case.fold) == ("a", "P", "2024-05-01", 2)
    assert dict(case.images) == {"stir": tmp_path / "i" / "a.nii"}
    assert dict(case.labels) == {"edema": tmp_path / "l" / "a.nii"}


def test_empty_cells_and_absent_columns_are_none(tmp_path: Path) -> None:
    text = "case_id,patient_id,visit,image_stir,label_edema\na,P,,a.nii,\n"
    (case,) = read_manifest(write_table(tmp_path, text, "a.nii"))
    assert (case.visit, case.fold, dict(case.labels)) == (None, None, {})


def test_a_table_from_a_spreadsheet_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = write_table(tmp_path, "\ufeffcase_id,patient_id,image_stir\na,P,a.nii\n", "a.nii")
    assert read_manifest(path)[0].case_id == "a"


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    files = [folder / "a.nii", folder / "deep" / "b.nii", tmp_path / "elsewhere.nii"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    cases = (
        Case("a", "P", "2024-05-01", 0, {"stir": files[0]}, {"edema": files[1]}),
        Case("b", "Q", None, None, {"stir": files[0], "t1": files[2]}, {"bones": files[1]}),
    )
    write_manifest(folder / "manifest.csv", cases)
    again = read_manifest(folder / "manifest.csv")
    for here, there in zip(cases, again, strict=True):
        same = ("case_id", "patient_id", "visit", "fold")
        assert [getattr(here, name) for name in same] == [getattr(there, name) for name in same]
        assert {name: file.resolve() for name, file in there.images.items()} == here.images
        assert {name: file.resolve() for name, file in there.labels.items()} == here.labels
    text = (folder / "manifest.csv").read_text()
    assert "../elsewhere.nii" in text
    assert str(tmp_path) not in text
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case_id,image_stir\na,a.nii\n", r"manifest.csv: has no column patient_id \(found: case_id, image_stir\)"),
        ("case_id,patient_id\na,P\n", "has no column image_<sequence>"),
        (
            "case_id;patient_id;image_stir\na;P;a.nii\n",
            "has no column case_id, patient_id .*; separate columns by commas",
        ),
        ("case_id\tpatient_id\timage_stir\na\tP\ta.nii\n", "; separate columns by commas"),
        ("", "has no column"),
        ("case_id,patient_id,image_stir\n", "manifest.csv: has no case"),
        ("case_id,patient_id,image_stir\na,P,\n", "line 2: names no image"),
        ("case_id,patient_id,image_stir\na,P,b.nii\n", "line 2: image_stir .*b.nii does not exist; .*relative"),
        ("case_id,patient_id,image_stir\na,P,a.nii\na,Q,a.nii\n", "case_id a stands twice"),
        ("case_id,patient_id,image_stir\n../a,P,a.nii\n", "line 2: case_id '../a'.*cannot name a folder"),
        ("case_id,patient_id,image_stir\na,,a.nii\n", "line 2: .*no patient_id"),
        ("case_id,patient_id,image_stir\na,P,a.nii,b.nii\n", "line 2: has more cells than the header"),
        ("case_id,patient_id,visit,image_stir\na,P,1.5.2024,a.nii\n", "visit '1.5.2024' is not a date.*YYYY-MM-DD"),
        ("case_id,patient_id,fold,image_stir\na,P,-1,a.nii\n", "fold: is '-1'; give a whole number"),
        ("case_id,patient_id,fold,image_stir\na,P,0,a.nii\nb,P,1,a.nii\n", r"patient P is in several folds \(0, 1\)"),
        ("case_id,patient_id,fold,image_stir\na,P,0,a.nii\nb,P,,a.nii\n", "patient P is in several folds"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write_table(tmp_path, text, "a.nii")
    with pytest.raises(InputError, match=message) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)


def test_a_row_that_is_too_short_has_empty_cells(tmp_path: Path) -> None:
    path = write_table(tmp_path, "case_id,patient_id,image_stir,label_edema\na,P,a.nii\n", "a.nii")
    assert dict(read_manifest(path)[0].labels) == {}


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: does not exist"):
        read_manifest(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_bytes(b"case_id\xff\xfe")
    with pytest.raises(InputError, match=r"bad\.csv: is not a CSV table in UTF-8"):
        read_manifest(tmp_path / "bad.csv")
    with pytest.raises(InputError, match="is not a CSV table"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("case_id", ["", ".", "..", "a/b", "a\\b", " a", "-a", "ä", "a\n"])
def test_a_case_id_that_cannot_name_a_folder_is_refused(case_id: str) -> None:
    with pytest.raises(InputError, match="cannot name a folder"):
        Case(case_id, "P")


@given(
    patients=st.lists(st.sampled_from("ABCDEFGH"), min_size=2, max_size=20).filter(lambda p: len(set(p)) >= 2),
    folds=st.integers(2, 5),
)
def test_no_patient_is_on_both_sides_and_every_case_is_held_out_once(patients: list[str], folds: int) -> None:
    cases = make_cases(patients)
    folds = min(folds, len(set(patients)))
    splits = [split_by_patient(cases, fold=fold, folds=folds) for fold in range(folds)]
    for split in splits:
        assert not {case.patient_id for case in split.train} & {case.patient_id for case in split.val}
        assert len(split.train) + len(split.val) == len(cases)
    assert sorted(case.case_id for split in splits for case in split.val) == sorted(case.case_id for case in cases)


def test_a_split_does_not_depend_on_the_order_of_rows() -> None:
    cases = make_cases(["C", "A", "B", "A"])
    here = split_by_patient(cases, fold=0, folds=2)
    there = split_by_patient(cases[::-1], fold=0, folds=2)
    assert {case.case_id for case in here.val} == {case.case_id for case in there.val}


def test_the_fold_column_goes_before_a_drawn_fold() -> None:
    cases = [*make_cases(["A", "B"], fold=1), Case("z", "C", fold=0)]
    assert [case.case_id for case in split_by_patient(cases, fold=0, folds=2).val] == ["z"]


def test_beside_a_fold_column_a_patient_without_a_fold_is_trained_on_in_every_fold() -> None:
    cases = [*make_cases(["A"], fold=0), Case("b", "B", fold=1), Case("c", "C", fold=2), Case("new", "D")]
    for fold in range(3):
        split = split_by_patient(cases, fold=fold, folds=3)
        assert len(split.val) == 1
        assert "new" in {case.case_id for case in split.train}


@pytest.mark.parametrize(("patients", "fold"), [(["A", "A"], 0), (["A", "B"], 5)])
def test_an_empty_side_is_refused(patients: list[str], fold: int) -> None:
    with pytest.raises(InputError, match=r"split: fold \d of 2 has \d training and \d validation cases"):
        split_by_patient(make_cases(patients), fold=fold, folds=2)


def test_check_folds_names_its_source() -> None:
    with pytest.raises(InputError, match="^here: patient P"):
        check_folds([Case("a", "P", fold=0), Case("b", "P", fold=1)], source="here")


def test_a_survey_names_every_problem_and_keeps_what_can_be_read(tmp_path: Path) -> None:
    text = "case_id,patient_id,fold,image_stir,image_t1,label_edema\n"
    text += "a,P,0,a.nii,gone.nii,a.nii\nb,P,1,a.nii,,nowhere.nii\nc,,0,a.nii,,\na,Q,0,a.nii,,\nd,R,x,a.nii,,\n"
    cases, problems = survey_manifest(write_table(tmp_path, text, "a.nii"))
    assert [case.case_id for case in cases] == ["a", "b", "a"]
    assert [(sorted(case.images), sorted(case.labels)) for case in cases[:2]] == [
        (["stir"], ["edema"]),
        (["stir"], []),
    ]
    found = [(problem.case_id, problem.file and problem.file.name) for problem in problems]
    assert found == [("a", "gone.nii"), ("b", "nowhere.nii"), ("c", None), ("d", None), ("a", None), ("b", None)]
    texts = [str(problem.error) for problem in problems]
    expected = ("line 2: image_t1", "line 3: label_edema", "no patient_id", "fold: is 'x'", "stands twice", "several")
    assert [part for part, text in zip(expected, texts, strict=True) if part not in text] == []
