"""What a user can get wrong: one line that names the file and a remedy, exit code 2, and nothing half-written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from stub_model import SHAPE, Finished, entries, make_image, save, write_image, write_model
from unit.io.conftest import write_slices

from crmo_seg.cases import Case, write_manifest
from crmo_seg.jobs import predict

SHIFTED = make_image().geometry.affine + np.array([[0, 0, 0, 6.0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
ONES = np.ones(SHAPE, np.float32)

Command = Callable[..., Finished]


def saving(array: np.ndarray, affine: np.ndarray | None = None) -> Callable[[Path], object]:
    return lambda path: save(path, array, affine)


def writing(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def save_truncated(path: Path) -> None:
    save(path, np.random.default_rng(0).normal(size=SHAPE).astype(np.float32))
    path.write_bytes(path.read_bytes()[:2000])


def save_one_nan(path: Path) -> None:
    array = ONES.copy()
    array[3, 4, 5] = np.nan
    save(path, array)


# Images

BAD_IMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("a.nii.gz", lambda _: None, "does not exist"),
    "empty": ("a.nii.gz", writing(b""), "is no NIfTI file, or damaged"),
    "text": ("a.nii.gz", writing(b"not an image\n"), "is no NIfTI file, or damaged"),
    "truncated": ("a.nii.gz", save_truncated, "is no NIfTI file, or damaged"),
    "2D": ("a.nii.gz", saving(np.ones((6, 5), np.float32)), "is 2D, shape (6, 5)"),
    "4D": ("a.nii.gz", saving(np.ones((6, 5, 4, 3), np.float32)), "holds 3 volumes"),
    "no voxel": ("a.nii", saving(np.ones((6, 0, 4), np.float32)), "has no voxel"),
    "one NaN": ("a.nii.gz", save_one_nan, "1 of 3840 voxels are NaN or infinite"),
    "all NaN": ("a.nii.gz", saving(ONES * np.nan), "3840 of 3840 voxels are NaN or infinite"),
    "huge voxels": ("a.nii.gz", saving(ONES, np.diag([2.0, 900, 2, 1])), "spacing 2 x 900 x 2 mm is outside"),
    "tiny voxels": ("a.nii.gz", saving(ONES, np.diag([2e-3, 6, 2, 1])), "spacing 0.002 x 6 x 2 mm is outside"),
    "another kind": ("a.txt", writing(b"hello"), "is neither DICOM nor NIfTI nor a manifest"),
    "a folder of nothing": ("a", Path.mkdir, "holds no NIfTI and no DICOM"),
    "a folder with a table": ("a", lambda path: [path.mkdir(), (path / "m.csv").touch()], "but a table (m.csv)"),
    "a name too long": ("a" * 300, lambda _: None, "File name too long"),
}


@pytest.mark.parametrize(("name", "write", "problem"), BAD_IMAGES.values(), ids=list(BAD_IMAGES))
def test_an_image_that_cannot_be_read_is_named(
    infer: Command, model: Path, tmp_path: Path, out: Path, name: str, write: Callable[[Path], object], problem: str
) -> None:
    write(tmp_path / name)
    infer(tmp_path / name, "-o", out, "--model", model).assert_refused(str(tmp_path / name), problem)
    assert not out.exists()


def test_of_two_series_alike_one_is_read_and_the_report_says_so(
    infer: Command, model: Path, tmp_path: Path, out: Path
) -> None:
    study = tmp_path / "study"
    study.mkdir()
    for number in (1, 2):
        uids = {"SeriesInstanceUID": f"1.2.3.{number}", "SeriesDescription": f"stir {number}"}
        write_slices(study, lambda _, uids=uids: uids, 3, f"series{number}_", True)
    infer(study, "-o", out, "--model", model, "--series", "1.2.3.7").assert_refused("has no series 1.2.3.7")
    assert not out.exists()
    assert infer(study, "-o", out, "--model", model).code == 0
    (summary,) = out.glob("*/summary.json")
    notes = [flag["text"] for flag in json.loads(summary.read_text())["quality_flags"]]
    assert any("stir" in note for note in notes), notes
    assert infer(study, "-o", out, "--model", model, "--series", "1.2.3.1", "--overwrite").code == 0


def test_a_series_of_a_nifti_file_is_refused(infer: Command, model: Path, scan: Path, out: Path) -> None:
    infer(scan, "-o", out, "--model", model, "--series", "1.2").assert_refused(str(scan), "is no DICOM")


def test_a_damaged_case_does_not_touch_the_others(infer: Command, model: Path, tmp_path: Path, out: Path) -> None:
    write_image(tmp_path / "study" / "a.nii.gz")
    save_truncated(tmp_path / "study" / "b.nii.gz")
    write_image(tmp_path / "study" / "c.nii.gz")
    finished = infer(tmp_path / "study", "-o", out, "--model", model)
    finished.assert_refused(str(tmp_path / "study" / "b.nii.gz"))
    assert sorted(path.name for path in out.iterdir()) == ["a", "c"]
    assert all("report.html" in entries(out / name) for name in "ac")
    assert finished.out.splitlines() == [line for line in finished.out.splitlines() if line.startswith(str(out))]


# Manifests

BAD_MANIFESTS = {
    "empty": ("", "has no column case_id, patient_id"),
    "no case": ("case_id,patient_id,image_stir\n", "has no case"),
    "no patient column": ("case_id,image_stir\na,scan.nii.gz\n", "has no column patient_id"),
    "no image column": ("case_id,patient_id\na,p\n", "has no column image_<sequence>"),
    "the same case twice": (
        "case_id,patient_id,image_stir\na,p,scan.nii.gz\na,q,scan.nii.gz\n",
        "case_id a stands twice",
    ),
    "a missing file": ("case_id,patient_id,image_stir\na,p,nowhere.nii.gz\n", "nowhere.nii.gz does not exist"),
    "a case that is a path": ("case_id,patient_id,image_stir\n../a,p,scan.nii.gz\n", "cannot name a folder"),
    "too long a name": (f"case_id,patient_id,image_stir\n{'a' * 300},p,scan.nii.gz\n", "File name too long"),
    "a folder as an image": ("case_id,patient_id,image_stir\na,p,.\n", "could not be read"),
    "another sequence": ("case_id,patient_id,image_t1\na,p,scan.nii.gz\n", "has no stir"),
}


@pytest.mark.parametrize(("text", "problem"), BAD_MANIFESTS.values(), ids=list(BAD_MANIFESTS))
def test_a_manifest_that_cannot_be_read_is_named(
    infer: Command, model: Path, tmp_path: Path, out: Path, text: str, problem: str
) -> None:
    write_image(tmp_path / "scan.nii.gz")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(text, encoding="utf-8")
    infer(manifest, "-o", out, "--model", model).assert_refused(problem)
    assert entries(out) in ([], [".patient_salt"])


def test_sequences_on_different_grids_are_refused(infer: Command, model: Path, tmp_path: Path, out: Path) -> None:
    images = {"stir": write_image(tmp_path / "scan.nii.gz"), "t1": save(tmp_path / "t1.nii.gz", ONES, SHIFTED)}
    write_manifest(tmp_path / "m.csv", [Case("a", "p", images=images)])
    infer(tmp_path / "m.csv", "-o", out, "--model", model).assert_refused("m.csv", "case a", "different grids")


# Models


def change_format_version(model: Path) -> None:
    contract = model / "bundle.yaml"
    contract.write_text(contract.read_text().replace("format_version: 1", "format_version: 99"))


def damage_weights(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")


BAD_MODELS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "missing": (shutil.rmtree, ("is no model bundle",)),
    "another format version": (change_format_version, ("bundle.yaml", "has the format version 99")),
    "damaged weights": (damage_weights, ("model.safetensors", "is not the file that bundle.yaml was saved with")),
    "no weights": (lambda model: (model / "model.safetensors").unlink(), ("model.safetensors", "cannot be read")),
    "no contract": (lambda model: (model / "bundle.yaml").unlink(), ("is no model bundle",)),
    "no YAML": (lambda model: (model / "bundle.yaml").write_bytes(b"\xff{"), ("bundle.yaml", "is not YAML")),
}


@pytest.mark.parametrize(("damage", "problem"), BAD_MODELS.values(), ids=list(BAD_MODELS))
def test_a_damaged_model_is_named(
    infer: Command, scan: Path, tmp_path: Path, out: Path, damage: Callable[[Path], object], problem: tuple[str, ...]
) -> None:
    damage(write_model(tmp_path / "damaged"))
    infer(scan, "-o", out, "--model", tmp_path / "damaged").assert_refused(str(tmp_path / "damaged"), *problem)
    assert not out.exists()


def test_a_missing_default_model_is_said(
    infer: Command, scan: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "WEIGHTS", tmp_path)
    infer(scan, "-o", out).assert_refused("--model", "no default model is installed")


# Settings

BAD_SETTINGS = [
    (("--device", "tpu"), "'tpu' is unknown"),
    (("--device", "cuda"), "cuda is not available here"),
    *((("--shard", shard), f"is {shard}") for shard in ("2/2", "0/0")),
    *((("--shard", shard), f"is {shard!r}") for shard in ("1", "a/b", "-1/2", "1/2/3", "")),
    *((("--visit", visit), f"is {visit!r}") for visit in ("2024-02-30", "last year", "")),
]


@pytest.mark.parametrize(("arguments", "problem"), BAD_SETTINGS, ids=["=".join(row[0]) for row in BAD_SETTINGS])
def test_a_wrong_setting_is_named(
    infer: Command,
    model: Path,
    scan: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, str],
    problem: str,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    infer(scan, "-o", out, "--model", model, *arguments).assert_refused(arguments[0], problem)
    assert not out.exists()


@pytest.mark.parametrize("option", ["--patient-id", "--visit"])
def test_one_identity_for_several_studies_is_refused(
    infer: Command, model: Path, tmp_path: Path, out: Path, option: str
) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "studies" / f"{name}.nii.gz")
    infer(tmp_path / "studies", "-o", out, "--model", model, option, "2024-02-29").assert_refused("holds 2 studies")
    assert not out.exists()


# Real processes, as a shell sees them


def start(repository: Path, script: str, *arguments: object) -> Finished:
    command = [sys.executable, str(repository / script), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def test_infer_as_a_process(repository: Path, model: Path, tmp_path: Path, out: Path) -> None:
    save_truncated(tmp_path / "a.nii.gz")
    finished = start(repository, "infer.py", tmp_path / "a.nii.gz", "-o", out, "--model", model)
    finished.assert_refused(str(tmp_path / "a.nii.gz"), "damaged", "export or copy the file again")
    assert finished.out == ""
    assert not out.exists()


def test_an_unknown_option_is_explained(repository: Path, out: Path) -> None:
    finished = start(repository, "infer.py", "a.nii.gz", "-o", out, "--modell", "x")
    assert finished.code == 2
    assert re.search(r"No such option:? --modell", finished.err)
    assert "Traceback" not in finished.err
