"""``crmo-seg dataset`` as a user types it: import, check, export, on made data and on real data."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bids_builders import write_bids
from dataset_builders import AFFINE, Clinic, write_msd, write_nnunet
from stub_model import Finished

from crmo_seg.cases import read_manifest

Command = Callable[..., Finished]


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path / "clinic", 20).write()


def break_a_tenth(clinic: Clinic) -> None:
    """Two of twenty cases, each in its own way."""
    clinic.image(4).write_bytes(clinic.image(4).read_bytes()[:500])
    clinic.move(clinic.label(11), AFFINE @ np.diag([-1.0, 1, 1, 1]))


@pytest.mark.parametrize(("layout", "write"), [("nnunet", write_nnunet), ("msd", write_msd), ("bids", write_bids)])
def test_import_then_what_it_says_to_type(crmo_seg: Command, tmp_path: Path, layout: str, write: Command) -> None:
    write(tmp_path / "Task07_Knee")
    imported = crmo_seg("dataset", "import", layout, tmp_path / "Task07_Knee", "-o", tmp_path / "m.csv")
    assert (imported.code, imported.err) == (0, "")
    (check,) = [line for line in imported.out.splitlines() if "dataset check" in line]
    checked = crmo_seg(*shlex.split(check)[1:])
    assert (checked.code, checked.err) == (0, "")
    assert "3 cases: 0 errors, 2 warnings, 0 notes" in checked.out  # the made labels are the same in every case


def test_a_whole_data_set_passes(crmo_seg: Command, clinic: Clinic) -> None:
    checked = crmo_seg("dataset", "check", clinic.manifest, "--head", "knee=femur,tibia")
    assert checked == Finished(0, "20 cases: nothing found\n", "")


def test_broken_cases_are_named_and_the_command_fails(crmo_seg: Command, clinic: Clinic, out: Path) -> None:
    break_a_tenth(clinic)
    checked = crmo_seg("dataset", "check", clinic.manifest, "-o", out, "--head", "knee=femur,tibia")
    assert checked.code == 2
    words = " ".join(checked.out.split())
    assert "error c4 images/c4.nii.gz: is no NIfTI file, or damaged" in words
    assert "error c11 labels/c11.nii.gz: lies on another grid than the image of case c11" in words
    assert f"20 cases: 2 errors, 0 warnings, 0 notes; 2 cases cannot be trained on\ntables and pictures in {out}" in (
        checked.out
    )
    assert {path.name for path in out.iterdir()} == {"problems.csv", "cases.csv", "sheet.png"}


def test_quiet_says_it_by_the_exit_code(crmo_seg: Command, clinic: Clinic) -> None:
    assert crmo_seg("dataset", "check", clinic.manifest, "-q") == Finished(0, "", "")
    break_a_tenth(clinic)
    assert crmo_seg("dataset", "check", clinic.manifest, "-q") == Finished(2, "", "")


def test_export_names_the_commands_of_nnunet(crmo_seg: Command, clinic: Clinic, tmp_path: Path) -> None:
    words = ("--head", "knee=femur,tibia", "--dataset-id", "7", "--name", "knee")
    exported = crmo_seg("dataset", "export", "nnunet", clinic.manifest, tmp_path / "raw", *words)
    folder = tmp_path / "raw" / "Dataset007_knee"
    assert (exported.code, exported.err) == (0, "")
    assert exported.out.startswith(f"20 cases in {folder}: 40 files linked, 0 written\n")
    assert "nnUNetv2_plan_and_preprocess -d 7 --verify_dataset_integrity" in exported.out
    assert len(json.loads((folder / "splits_final.json").read_text())) == 5
    again = crmo_seg("dataset", "export", "nnunet", clinic.manifest, tmp_path / "raw", *words)
    again.assert_refused("Dataset007_knee: exists")


def test_what_is_typed_wrong_is_said_in_one_line(crmo_seg: Command, clinic: Clinic, tmp_path: Path) -> None:
    crmo_seg("dataset", "check", tmp_path / "none.csv").assert_refused("none.csv: does not exist")
    crmo_seg("dataset", "check", clinic.manifest, "--head", "knee").assert_refused("write knee=FIRST,SECOND")
    crmo_seg("dataset", "import", "msd", tmp_path, "-o", tmp_path / "m.csv").assert_refused("holds no dataset.json")
    crmo_seg("dataset", "import", "bids", tmp_path, "-o", tmp_path / "m.csv").assert_refused("holds no folder sub-*")
    assert crmo_seg("dataset", "import", "xnat", tmp_path, "-o", tmp_path / "m.csv").code == 2


@pytest.mark.parametrize(
    ("layout", "words", "message"),
    [
        ("bids", ("--test",), "--test: is no option of import bids"),
        ("bids", ("--patients", "p.csv"), "--patients: is no option of import bids"),
        ("nnunet", ("--sequence", "t1=T1w"), "--sequence: is no option of import nnunet"),
        ("msd", ("--derivatives", "d"), "--derivatives: is no option of import msd"),
        ("msd", ("--head", "a", "--head", "b"), "--head twice: is no option of import msd"),
    ],
)
def test_options_of_another_layout_are_refused(
    crmo_seg: Command, tmp_path: Path, layout: str, words: tuple[str, ...], message: str
) -> None:
    crmo_seg("dataset", "import", layout, tmp_path, "-o", tmp_path / "m.csv", *words).assert_refused(message)


@pytest.mark.real_data
def test_the_hippocampus_data_set_is_whole(crmo_seg: Command, shared_data: Path, tmp_path: Path) -> None:
    source, manifest = shared_data / "msd_task04_hippocampus", tmp_path / "manifest.csv"
    imported = crmo_seg("dataset", "import", "nnunet", source, "-o", manifest)
    assert "200 cases of 200 patients" in imported.out
    assert "'data.heads=[{hippocampus: [anterior, posterior]}]'" in imported.out
    assert len(read_manifest(manifest)) == 200
    checked = crmo_seg("dataset", "check", manifest, "--head", "hippocampus=anterior,posterior")
    assert checked.code == 0
    assert "200 cases: 0 errors, 0 warnings" in checked.out
