"""A training that is killed, that runs out of disk, that runs long, and that sees almost no lesion."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import body_with_lesion, make_geometry
from training_runs import SHORT, largest_difference, weights_of

from crmo_seg.cases import Case, write_manifest
from crmo_seg.io.nifti import write_nifti
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms

LESION_SHARE = 0.0005
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_phantoms(
        tmp_path_factory.mktemp("phantoms"), PhantomOptions(patients=2, preset="plain", tiny=True, seed=3)
    )


def train(repository: Path, manifest: Path, out: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(repository / "train.py"), "experiment=smoke", f"data.manifest={manifest}"]
    environment = os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, f"output_dir={out}", *SHORT, *overrides],
        capture_output=True,
        text=True,
        env=environment,
        timeout=280,
        check=False,
    )


@pytest.mark.slow
def test_a_killed_training_resumes_as_if_it_had_not_been_killed(
    repository: Path, manifest: Path, tmp_path: Path
) -> None:
    options = ["trainer.max_epochs=3", "callbacks=[default,ema]"]
    assert train(repository, manifest, tmp_path / "whole", *options).returncode == 0
    kill = ["+callbacks.kill._target_=training_faults.Kill", "+callbacks.kill.epoch=2", "+callbacks.kill.step=1"]
    assert train(repository, manifest, tmp_path / "cut", *options, *kill).returncode == -9
    assert not (tmp_path / "cut" / "bundle").exists()
    resumed = train(repository, manifest, tmp_path / "cut", *options, "resume_from=last")
    assert resumed.returncode == 0, resumed.stderr
    assert largest_difference(weights_of(tmp_path / "whole" / "bundle"), weights_of(tmp_path / "cut" / "bundle")) == 0


@pytest.mark.slow
def test_a_full_disk_leaves_the_last_checkpoint_whole(repository: Path, manifest: Path, tmp_path: Path) -> None:
    full = ["+callbacks.full._target_=training_faults.FullDisk", "+callbacks.full.epoch=1"]
    full += ["+callbacks.full.largest_bytes=100000"]
    finished = train(repository, manifest, tmp_path, *full)
    assert finished.returncode == 2
    (line,) = finished.stderr.strip().splitlines()[-1:]
    assert line.startswith(f"error: {tmp_path}/checkpoints/")
    assert "could not be written" in line
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["epoch"] == 0
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["last.ckpt"]


@pytest.mark.slow
def test_memory_does_not_grow_over_epochs(repository: Path, manifest: Path, tmp_path: Path) -> None:
    measured = tmp_path / "memory.txt"
    options = ["trainer.max_epochs=8", "trainer.check_val_every_n_epoch=1", "data.sampling.patches_per_epoch=12"]
    options += ["+callbacks.memory._target_=training_faults.Memory", f"+callbacks.memory.file={measured}"]
    finished = train(repository, manifest, tmp_path / "run", *options)
    assert finished.returncode == 0, finished.stderr
    megabytes = [float(line) for line in measured.read_text().splitlines()]
    assert len(megabytes) == 8
    assert megabytes[-1] < megabytes[2] + 60, megabytes


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bodies with noise, a bright vessel through each, and one lesion as bright as it: 0.05 % of the voxels."""
    folder = tmp_path_factory.mktemp("sparse")
    geometry = make_geometry((48, 20, 64), (4.0, 6.0, 4.0))
    rng = np.random.default_rng(0)
    shares, cases = [], []
    for number in range(10):
        centre = (rng.uniform(-60, -20), rng.uniform(-30, 30), rng.uniform(-90, 90))
        image, lesion = body_with_lesion(geometry, centre, radius_mm=9.0)
        image.array[32:36, 8:12, 1:-1] = 300.0
        noisy = image.with_array((image.array + rng.normal(0, 40, image.array.shape)).astype(np.float32))
        write_nifti(folder / f"{number}_stir.nii.gz", noisy)
        write_nifti(folder / f"{number}_edema.nii.gz", lesion)
        shares.append(lesion.array.mean())
        paths = {"stir": folder / f"{number}_stir.nii.gz"}, {"edema": folder / f"{number}_edema.nii.gz"}
        cases.append(Case(f"c{number}", f"p{number}", images=paths[0], labels=paths[1]))
    assert np.mean(shares) == pytest.approx(LESION_SHARE, rel=0.2)
    write_manifest(folder / "manifest.csv", cases)
    return folder / "manifest.csv"


@pytest.mark.slow
def test_sparse_lesions_do_not_make_it_mark_nothing(repository: Path, sparse: Path, tmp_path: Path) -> None:
    """A network that calls everything background is right in 99.95 % of the voxels."""
    options = ["data.folds=5", "data.sampling.patches_per_epoch=320", "trainer.limit_val_batches=1.0"]
    finished = train(repository, sparse, tmp_path, *options, "trainer.max_epochs=1")
    assert finished.returncode == 0, finished.stderr
    with (tmp_path / "validation" / "bundle.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert [row["lesions_found"] for row in rows] == ["1", "1"], rows
    assert all(float(row["edema_dice"]) > 0.3 for row in rows), rows
