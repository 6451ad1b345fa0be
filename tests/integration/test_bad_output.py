"""Where results cannot be written: one line, exit code 2, and nothing half-written or lost."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from stub_model import SHAPE, Finished, entries, make_image, save, write_image, write_model

from crmo_seg.cases import Case, write_manifest
from crmo_seg.io import nifti
from crmo_seg.jobs import output

SHIFTED = make_image().geometry.affine + np.array([[0, 0, 0, 6.0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
ONES = np.ones(SHAPE, np.float32)

Command = Callable[..., Finished]


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
    finished.assert_refused(str(tmp_path / "nowhere"), "does not exist")
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
    monkeypatch.setattr(Path, "write_bytes", disk_is_full)
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
