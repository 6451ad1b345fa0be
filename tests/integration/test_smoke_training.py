"""``python train.py experiment=smoke``: it learns, it repeats, and what it saves is a model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from crmo_seg.bundle import ModelBundle, load_bundle, save_bundle
from crmo_seg.jobs.evaluate import evaluate
from crmo_seg.jobs.predict import PredictOptions, load_model, predict_studies
from crmo_seg.network import build_network


def edema_dice(bundle: Path, manifest: Path, folder: Path) -> float:
    predict_studies(manifest, folder / "predictions", load_model(bundle), PredictOptions())
    return evaluate(manifest, folder / "predictions", folder / "evaluation").heads["edema"].classes["edema"].pooled.dice


def untrained(bundle: ModelBundle) -> ModelBundle:
    torch.manual_seed(0)
    state = build_network(bundle.network_class, bundle.plan).state_dict()
    return ModelBundle("untrained", bundle.plan, {name: value.numpy() for name, value in state.items()})


def test_the_trained_model_finds_lesions_on_phantoms_that_it_never_saw(
    smoke_run: Path, unseen_phantoms: Path, tmp_path: Path
) -> None:
    save_bundle(untrained(load_bundle(smoke_run / "bundle")), tmp_path / "untrained")
    before = edema_dice(tmp_path / "untrained", unseen_phantoms, tmp_path / "before")
    after = edema_dice(smoke_run / "bundle", unseen_phantoms, tmp_path / "after")
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


@pytest.mark.parametrize(("other_seed", "same"), [(0, True), (1, False)])
def test_the_same_seed_gives_the_same_weights(
    other_seed: int, same: bool, smoke_run: Path, workplace: Path, command: Callable[..., str]
) -> None:
    (manifest,) = smoke_run.glob("phantom/*/manifest.csv")
    short = ["data.sampling.patches_per_epoch=8", "trainer.max_epochs=1", "trainer.check_val_every_n_epoch=2"]
    common = [
        "python",
        "train.py",
        "experiment=smoke",
        f"data.manifest={manifest}",
        "trainer.limit_val_batches=1",
        *short,
    ]
    weights = []
    for name, seed in (("first", 0), ("second", other_seed)):
        folder = f"outputs/repeat_{other_seed}_{name}"
        command([*common, f"seed={seed}", f"output_dir={folder}"], workplace)
        weights.append(load_bundle(workplace / folder / "bundle").weights)
    equal = all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert equal is same
