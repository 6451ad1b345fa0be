"""What a user can get wrong: one line that names the file and a remedy, exit code 2, and nothing half-written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from stub_model import SHAPE, Finished, make_image, write_image, write_model
from unit.io.conftest import write_slices

from crmo_seg.cases import Case, write_manifest
from crmo_seg.io import nifti
from crmo_seg.jobs import output, predict

AFFINE = make_image().geometry.affine
SHIFTED = AFFINE + np.array([[0, 0, 0, 6.0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
ONES = np.ones(SHAPE, np.float32)

Command = Callable[..., Finished]


def save(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


def saving(array: np.ndarray, affine: np.ndarray = AFFINE) -> Callable[[Path], object]:
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


def entries(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) if folder.exists() else []


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


def test_several_series_are_listed_to_choose_from(infer: Command, model: Path, tmp_path: Path, out: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    for number in (1, 2):
        uids = {"SeriesInstanceUID": f"1.2.3.{number}", "SeriesDescription": f"stir {number}"}
        write_slices(study, lambda _, uids=uids: uids, 3, f"series{number}_", True)
    infer(study, "-o", out, "--model", model).assert_refused(
        str(study), "holds 2 series", "choose one with --series UID", "1.2.3.1 (stir 1", "1.2.3.2 (stir 2"
    )
    infer(study, "-o", out, "--model", model, "--series", "1.2.3.7").assert_refused("has no series 1.2.3.7")
    assert not out.exists()
    assert infer(study, "-o", out, "--model", model, "--series", "1.2.3.2").code == 0


def test_a_series_of_a_nifti_file_is_refused(infer: Command, model: Path, scan: Path, out: Path) -> None:
    infer(scan, "-o", out, "--model", model, "--series", "1.2").assert_refused(str(scan), "is no DICOM")


def test_a_damaged_case_does_not_touch_the_others(infer: Command, model: Path, tmp_path: Path, out: Path) -> None:
    write_image(tmp_path / "study" / "a.nii.gz")
    save_truncated(tmp_path / "study" / "b.nii.gz")
    finished = infer(tmp_path / "study", "-o", out, "--model", model)
    finished.assert_refused(str(tmp_path / "study" / "b.nii.gz"))
    assert [path.name for path in out.iterdir()] == ["a"]
    assert "report.html" in entries(out / "a")


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


# The output folder


def test_an_output_folder_that_is_a_file_is_refused(
    infer: Command, model: Path, scan: Path, tmp_path: Path, out: Path
) -> None:
    out.write_text("mine")
    infer(scan, "-o", out, "--model", model).assert_refused(str(out), "is a file")
    write_manifest(tmp_path / "m.csv", [Case("a", "p", images={"stir": scan})])
    for study in (scan, tmp_path / "m.csv"):
        infer(study, "-o", out / "below", "--model", model).assert_refused(str(out / "below"), "Not a directory")
    assert out.read_text() == "mine"


def test_a_file_in_the_place_of_a_case_is_kept(infer: Command, model: Path, scan: Path, out: Path) -> None:
    out.mkdir()
    (out / "scan").write_text("mine")
    infer(scan, "-o", out, "--model", model).assert_refused(str(out / "scan"), "give --overwrite")
    infer(scan, "-o", out, "--model", model, "--overwrite").assert_refused(str(out / "scan"))
    assert entries(out) == ["scan"]
    assert (out / "scan").read_text() == "mine"


def test_a_case_of_another_model_is_kept_unless_overwritten(
    infer: Command, model: Path, scan: Path, tmp_path: Path, out: Path
) -> None:
    assert infer(scan, "-o", out, "--model", model).code == 0
    before = (out / "scan" / "summary.json").read_bytes()
    other = write_model(tmp_path / "other", seed=1)
    infer(scan, "-o", out, "--model", other).assert_refused(str(out / "scan"), "another model", "give --overwrite")
    assert (out / "scan" / "summary.json").read_bytes() == before
    assert infer(scan, "-o", out, "--model", other, "--overwrite").code == 0
    assert (out / "scan" / "summary.json").read_bytes() != before
    assert entries(out).count("scan") == len(list(out.iterdir())) == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"hashes": 3}', "{"])
def test_a_folder_that_is_no_finished_case_is_kept(
    infer: Command, model: Path, scan: Path, out: Path, content: str
) -> None:
    (out / "scan").mkdir(parents=True)
    (out / "scan" / "summary.json").write_text(content)
    infer(scan, "-o", out, "--model", model).assert_refused(str(out / "scan"), "give --overwrite")
    assert (out / "scan" / "summary.json").read_text() == content


# A full disk


def disk_is_full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["write_lesions_csv", "write_report", "_write_volumes", "nifti"])
@pytest.mark.parametrize("finished_before", [False, True])
def test_a_full_disk_leaves_nothing_half_written(
    infer: Command,
    model: Path,
    scan: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    finished_before: bool,
) -> None:
    if finished_before:
        assert infer(scan, "-o", out, "--model", model).code == 0
    before = {name: (out / name).stat().st_mtime_ns for name in entries(out)}
    where, name = (nifti, "_write_part") if step == "nifti" else (output, step)
    monkeypatch.setattr(where, name, disk_is_full)
    finished = infer(scan, "-o", out, "--model", model, "--overwrite")
    finished.assert_refused(str(out), "No space left on device", "free space")
    assert {name: (out / name).stat().st_mtime_ns for name in entries(out)} == before


def test_a_bug_leaves_nothing_half_written(
    infer: Command, model: Path, scan: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "write_report", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        infer(scan, "-o", out, "--model", model)
    assert entries(out) == []


def test_what_a_killed_run_left_is_cleared(infer: Command, model: Path, scan: Path, out: Path) -> None:
    (out / ".scan.part").mkdir(parents=True)
    (out / ".scan.part" / "junk").touch()
    assert infer(scan, "-o", out, "--model", model).code == 0
    assert [path.name for path in out.iterdir()] == ["scan"]
    assert "scan/junk" not in entries(out)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """64 KiB that are really full when they are full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name == "nt" or os.geteuid() or not shutil.which("mount"):
        pytest.skip("mounting a small disk takes root and mount")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_while_writing(infer: Command, model: Path, scan: Path, small_disk: Path) -> None:
    finished = infer(scan, "-o", small_disk / "out", "--model", model, "--probability")
    finished.assert_refused(str(small_disk / "out"), "No space left on device", "free space")
    assert entries(small_disk) == ["out"]


def test_a_disk_that_is_full_before(infer: Command, model: Path, tmp_path: Path, small_disk: Path) -> None:
    write_manifest(tmp_path / "m.csv", [Case("a", "p", images={"stir": write_image(tmp_path / "scan.nii.gz")})])
    (small_disk / "full").write_bytes(bytes(64 * 1024))
    infer(tmp_path / "m.csv", "-o", small_disk, "--model", model).assert_refused(
        str(small_disk), "No space left on device", "free space"
    )
    assert entries(small_disk) == ["full"]


# evaluate and phantom


@pytest.fixture
def references(tmp_path: Path) -> Path:
    """A manifest of one case with a label."""
    label = save(tmp_path / "labels" / "a.nii.gz", (ONES > 0).astype(np.uint8))
    images = {"stir": write_image(tmp_path / "scan.nii.gz")}
    write_manifest(tmp_path / "m.csv", [Case("a", "p", images=images, labels={"edema": label})])
    return tmp_path / "m.csv"


def test_a_prediction_on_another_grid_is_named(crmo_seg: Command, references: Path, tmp_path: Path, out: Path) -> None:
    pred = save(tmp_path / "pred" / "a" / "edema.nii.gz", (ONES > 0).astype(np.uint8), SHIFTED)
    crmo_seg("evaluate", references, tmp_path / "pred", "-o", out).assert_refused(
        str(pred), "is on another grid than", "a.nii.gz", "predict on the image that was annotated"
    )
    assert not out.exists()


def test_missing_predictions_are_named(crmo_seg: Command, references: Path, tmp_path: Path, out: Path) -> None:
    finished = crmo_seg("evaluate", references, tmp_path / "nowhere", "-o", out)
    finished.assert_refused(str(tmp_path / "nowhere" / "a" / "edema.nii.gz"), "does not exist")
    crmo_seg("evaluate", tmp_path / "no.csv", tmp_path, "-o", out).assert_refused("no.csv", "does not exist")
    assert not out.exists()


def test_an_evaluation_that_cannot_be_written(
    crmo_seg: Command, references: Path, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "pred" / "a" / "edema.nii.gz", (ONES > 0).astype(np.uint8))
    (tmp_path / "file").write_text("mine")
    evaluation = ("evaluate", references, tmp_path / "pred", "-o")
    crmo_seg(*evaluation, tmp_path / "file").assert_refused(str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "mine"
    monkeypatch.setattr(Path, "write_text", disk_is_full)
    crmo_seg(*evaluation, out).assert_refused(str(out / "cases.csv"), "No space left on device")
    assert entries(out) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--patients", "0"), "--patients: is 0"),
        (("--seed", "-1"), "--seed: is -1"),
        (("--preset", "nothing"), "nothing"),
    ],
)
def test_a_wrong_phantom_setting_is_named(
    crmo_seg: Command, out: Path, arguments: tuple[str, str], problem: str
) -> None:
    crmo_seg("phantom", out, *arguments).assert_refused(problem)
    assert not out.exists()


def test_a_phantom_is_not_written_over_another(crmo_seg: Command, out: Path) -> None:
    assert crmo_seg("phantom", out, "--patients", "1", "--tiny").code == 0
    before = entries(out)
    crmo_seg("phantom", out, "--patients", "1", "--tiny").assert_refused(str(out / "manifest.csv"), "exists already")
    assert entries(out) == before
    crmo_seg("phantom", out / "manifest.csv", "--tiny").assert_refused(str(out / "manifest.csv"), "is a file")


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
