"""Short trainings for tests: configured as on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from crmo_seg.bundle import load_bundle
from crmo_seg.training.app import configs_dir

SHORT = (
    "trainer.max_epochs=2",
    "trainer.check_val_every_n_epoch=9",
    "trainer.limit_val_batches=1",
    "data.sampling.patches_per_epoch=4",
    "data.folds=2",
    "trainer.enable_progress_bar=false",
)
"""Overrides of the smoke experiment that leave two epochs of two steps."""


def configure(manifest: Path | None, output_dir: Path, *overrides: str) -> DictConfig:
    source = f"data.manifest={manifest or 'null'}"
    with initialize_config_dir(str(configs_dir()), version_base="1.3"):
        return compose("train", overrides=["experiment=smoke", source, f"output_dir={output_dir}", *SHORT, *overrides])


def weights_of(bundle: Path) -> dict[str, np.ndarray]:
    return dict(load_bundle(bundle).weights)


def largest_difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    assert one.keys() == other.keys()
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)
