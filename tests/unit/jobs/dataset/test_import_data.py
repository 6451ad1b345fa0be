"""Import: what the manifest says, and what the user is told to type."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from dataset_builders import write_msd, write_nnunet

from crmo_seg.cases import read_manifest
from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.import_data import ImportOptions, import_dataset
from crmo_seg.plan import EDEMA_HEAD, Head


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_nnunet(tmp_path / "Dataset012_Knee")


def test_a_raw_data_set_becomes_a_manifest_beside_its_files(raw: Path, tmp_path: Path) -> None:
    before = sorted(path for path in raw.rglob("*"))
    imported = import_dataset("nnunet", raw, tmp_path / "new" / "manifest.csv")
    assert imported.heads == (Head("knee", ("femur", "tibia")),)
    assert sorted(path for path in raw.rglob("*")) == before
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["manifest.csv"]
    cases = read_manifest(tmp_path / "new" / "manifest.csv")
    assert (cases[0].case_id, cases[0].patient_id) == ("knee_000", "knee_000")
    assert {name: path.resolve() for name, path in cases[1].images.items()} == {
        "t1": raw / "imagesTr" / "knee_001_0000.nii.gz",
        "t2_fs": raw / "imagesTr" / "knee_001_0001.nii.gz",
    }
    assert cases[1].labels["knee"].resolve() == raw / "labelsTr" / "knee_001.nii.gz"
    assert str(tmp_path) not in (tmp_path / "new" / "manifest.csv").read_text()


def test_both_layouts_give_the_same_manifest(tmp_path: Path) -> None:
    write_nnunet(tmp_path / "Dataset001_Knee", channels=("MRI",))
    write_msd(tmp_path / "Task01_Knee")
    here = import_dataset("nnunet", tmp_path / "Dataset001_Knee", tmp_path / "a.csv")
    there = import_dataset("msd", tmp_path / "Task01_Knee", tmp_path / "b.csv")
    assert (here.heads, here.sequences) == (there.heads, there.sequences)
    assert [case.case_id for case in here.cases] == [case.case_id for case in there.cases]


def test_the_next_commands_are_taken_by_a_shell_as_they_are(raw: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "my data.csv"
    first, _, check, train = import_dataset("nnunet", raw, manifest).lines()
    assert first.startswith(
        f"3 cases of 3 patients in {manifest}: image_t1, image_t2_fs, label_knee (1 femur, 2 tibia)"
    )
    assert shlex.split(check) == ["crmo-seg", "dataset", "check", str(manifest), "--head", "knee=femur,tibia"]
    assert shlex.split(train)[2:] == [
        f"data.manifest={manifest}",
        "data.sequences=[t1, t2_fs]",
        "data.heads=[{knee: [femur, tibia]}]",
        "output_dir=outputs/knee",
    ]


def test_patients_of_a_table_group_the_cases(raw: Path, tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("patient_id,case_id,age\nA,knee_000,9\nB,knee_001,8\nA,knee_002,10\nC,other,1\n")
    imported = import_dataset("nnunet", raw, tmp_path / "m.csv", ImportOptions(patients=table))
    assert [case.patient_id for case in imported.cases] == ["A", "B", "A"]
    assert "3 cases of 2 patients" in imported.lines()[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case_id,patient_id\nknee_000,A\n", r"has no patient_id for case knee_001 \(2 of 3 cases\)"),
        ("case,patient\nknee_000,A\n", "has no patient_id for case knee_000"),
        (None, r"patients\.csv: cannot be read as CSV"),
    ],
)
def test_a_table_that_lacks_patients_is_refused(raw: Path, tmp_path: Path, text: str | None, message: str) -> None:
    if text:
        (tmp_path / "patients.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        import_dataset("nnunet", raw, tmp_path / "m.csv", ImportOptions(patients=tmp_path / "patients.csv"))
    assert not (tmp_path / "m.csv").exists()


def test_head_and_classes_can_be_named(raw: Path, tmp_path: Path) -> None:
    imported = import_dataset("nnunet", raw, tmp_path / "m.csv", ImportOptions("My Knee", ("Upper", "Lower")))
    assert imported.heads == (Head("my_knee", ("upper", "lower")),)


def test_one_class_can_be_edema(tmp_path: Path) -> None:
    raw = write_nnunet(tmp_path / "raw", labels={"background": 0, "Lesion": 1})
    imported = import_dataset("nnunet", raw, tmp_path / "m.csv", ImportOptions("edema"))
    assert imported.heads == (EDEMA_HEAD,)
    assert "'data.heads=[edema]'" in imported.lines()[-1] or "data.heads=[edema]" in imported.lines()[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions("edema"), "--head: is edema, which has one class, not 2"),
        (ImportOptions("bones"), "--head: is bones, whose files hold the bone labels of this package"),
        (
            ImportOptions(classes=("a",)),
            "--labels: names 1 classes, the data set has 2; name one for each of femur, tibia",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused(raw: Path, tmp_path: Path, options: ImportOptions, message: str) -> None:
    with pytest.raises(InputError, match=message):
        import_dataset("nnunet", raw, tmp_path / "m.csv", options)


def test_a_case_that_cannot_name_a_folder_is_refused(raw: Path, tmp_path: Path) -> None:
    for path in [*raw.rglob("knee_001*")]:
        path.rename(path.with_name(path.name.replace("knee_001", "knee 1")))
    with pytest.raises(InputError, match="case_id 'knee 1': cannot name a folder"):
        import_dataset("nnunet", raw, tmp_path / "m.csv")
