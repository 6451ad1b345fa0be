"""``python train.py experiment=smoke``: it learns, it repeats, and what it saves is a model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch

from crmo_seg.bundle import ModelBundle, load_bundle, save_bundle
from crmo_seg.cases import read_manifest
from crmo_seg.io.nifti import read_labels
from crmo_seg.jobs.predict import load_model, predict
from crmo_seg.network import build_network
from crmo_seg.volume import Array

Weights: TypeAlias = Mapping[str, Array]


def edema_dice(bundle: Path, manifest: Path, studies: int | None = None) -> float:
    """Of all voxels of the first studies, or of all, together."""
    model, both, either = load_model(bundle), 0, 0
    for case in read_manifest(manifest)[:studies]:
        marked = predict(case.images["stir"], model=model).masks["edema"].array
        true = read_labels(case.labels["edema"]).array > 0
        both += np.count_nonzero(marked & true)
        either += np.count_nonzero(marked) + np.count_nonzero(true)
    return 2 * both / either


def untrained(bundle: ModelBundle) -> ModelBundle:
    torch.manual_seed(0)
    state = build_network(bundle.network_class, bundle.plan).state_dict()
    return ModelBundle("untrained", bundle.plan, {name: value.numpy() for name, value in state.items()})


def test_the_trained_model_finds_lesions_on_phantoms_that_it_never_saw(
    smoke_run: Path, unseen_phantoms: Path, tmp_path: Path
) -> None:
    save_bundle(untrained(load_bundle(smoke_run / "bundle")), tmp_path / "untrained")
    before = edema_dice(tmp_path / "untrained", unseen_phantoms, studies=2)  # its thousands of specks take long
    after = edema_dice(smoke_run / "bundle", unseen_phantoms)
    assert before < 0.1
    assert after > 0.4


def test_the_run_leaves_a_bundle_checkpoints_logs_and_its_configuration(smoke_run: Path) -> None:
    present = {path.relative_to(smoke_run).as_posix() for path in smoke_run.rglob("*") if path.is_file()}
    assert {
        "bundle/model.safetensors",
        "bundle/bundle.yaml",
        "bundle/README.md",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "logs/version_0/metrics.csv",
        "config.yaml",
    } <= present


def test_the_bundle_says_where_it_comes_from_and_names_no_folder(smoke_run: Path) -> None:
    provenance = load_bundle(smoke_run / "bundle").provenance
    assert provenance is not None
    assert provenance["metrics"]["val/edema_dice"] > 0
    assert provenance["config"]["seed"] == 0
    assert str(smoke_run.parents[1]) not in (smoke_run / "bundle" / "bundle.yaml").read_text()


def short_training(seed: int, name: str, smoke_run: Path, command: Callable[..., str]) -> Weights:
    (manifest,) = smoke_run.glob("phantom/*/manifest.csv")
    workplace, folder = smoke_run.parents[1], f"outputs/repeat_{name}"
    short = ["data.sampling.patches_per_epoch=8", "trainer.max_epochs=1", "trainer.check_val_every_n_epoch=2"]
    own = [f"data.manifest={manifest}", "trainer.limit_val_batches=1", f"seed={seed}", f"output_dir={folder}"]
    command(["python", "train.py", "experiment=smoke", *own, *short], workplace)
    return load_bundle(workplace / folder / "bundle").weights


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(smoke_run: Path, command: Callable[..., str]) -> None:
    first, again, other = (
        short_training(seed, name, smoke_run, command) for seed, name in ((0, "first"), (0, "again"), (1, "other"))
    )
    assert equal(first, again)
    assert not equal(first, other)


def equal(one: Weights, other: Weights) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)
