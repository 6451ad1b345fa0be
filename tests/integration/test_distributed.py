"""Two processes on one machine train what one process trains with the joint batch (gloo, CPU)."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from distributed_step import LOSSES, Step, gradients, one_rank
from torch import multiprocessing
from training_runs import SHORT, largest_difference, weights_of

from crmo_seg.cases import read_manifest, write_manifest
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms

TOLERANCE = 1e-5

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("loss", LOSSES)
def test_two_ranks_have_the_loss_and_the_gradients_of_the_joint_batch(loss: str, tmp_path: Path) -> None:
    step = Step(loss)
    joint_loss, joint_gradients = gradients(step, step, slice(0, 4))
    multiprocessing.spawn(one_rank, (loss, str(tmp_path)), nprocs=2)
    for number in range(2):
        rank_loss, rank_gradients = torch.load(tmp_path / f"{number}.pt")
        assert rank_loss == pytest.approx(joint_loss, abs=TOLERANCE)
        for mine, joint in zip(rank_gradients, joint_gradients, strict=True):
            assert torch.allclose(mine, joint, rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six patients, of whom the first has no bones and the validation cases do not divide evenly."""
    path = make_phantoms(
        tmp_path_factory.mktemp("phantoms"), PhantomOptions(patients=6, preset="plain", tiny=True, seed=3)
    )
    cases = read_manifest(path)
    partly = [replace(cases[0], labels={"edema": cases[0].labels["edema"]}), *cases[1:]]
    folded = [replace(case, fold=int(number > 2)) for number, case in enumerate(partly)]
    write_manifest(path, folded)
    return path


def train(command: Callable[..., str], workplace: Path, manifest: Path, name: str, *overrides: str) -> Path:
    out = f"outputs/{name}"
    short = [*SHORT, "data.heads=[edema,bones]", "data.sampling.batch_size=4", "data.sampling.patches_per_epoch=12"]
    short += ["trainer.limit_val_batches=1.0", "trainer.check_val_every_n_epoch=1", "data.fold=1", *overrides]
    command(
        ["python", "train.py", "experiment=smoke", f"data.manifest={manifest}", f"output_dir={out}", *short], workplace
    )
    return workplace / out


def logged(folder: Path, name: str) -> list[float]:
    (table,) = folder.glob("logs/*/metrics.csv")
    with table.open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row.get(name)]


def test_a_training_of_two_processes_is_that_of_one(
    manifest: Path, workplace: Path, command: Callable[..., str]
) -> None:
    """SGD: its steps are the gradients; AdamW would blow up the last digits of small ones."""
    sgd = "optimizer=sgd_poly"
    one = train(command, workplace, manifest, "one", sgd)
    two = train(command, workplace, manifest, "two", sgd, "trainer.devices=2", "trainer.strategy=ddp")
    assert largest_difference(weights_of(one / "bundle"), weights_of(two / "bundle")) < TOLERANCE
    for name in ("train/loss", "val/edema_dice", "val/lesion_f1", "val/bones_dice"):
        assert logged(two, name) == pytest.approx(logged(one, name), abs=TOLERANCE), name
    tables = [folder / "validation" / "bundle.csv" for folder in (one, two)]
    assert [len(table.read_text().splitlines()) for table in tables] == [4, 4], "each case once"
    written = [
        sorted(path.relative_to(folder) for path in folder.rglob("*") if "worst" not in str(path))
        for folder in (one, two)
    ]
    assert written[0] == written[1], "only the first process writes"
