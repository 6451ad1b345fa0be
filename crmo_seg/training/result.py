"""What a training leaves: the best weights, validated once more, as a bundle."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from crmo_seg import __version__
from crmo_seg.bundle import ModelBundle, load_bundle
from crmo_seg.data.ranges import PROVENANCE_KEY, training_ranges
from crmo_seg.data.sample import FOREGROUND, IMAGE
from crmo_seg.inference.self_check import window_around
from crmo_seg.inference.windows import Float32Array
from crmo_seg.plan import Plan
from crmo_seg.plan.networks import network_package
from crmo_seg.training.callbacks import OperatingPointSearch
from crmo_seg.training.datamodule import SegmentationData
from crmo_seg.training.module import SegmentationModule
from crmo_seg.training.operating_point import OperatingPoint

_OF_THIS_MACHINE = ("output_dir", "callbacks", "logger", "resume_from")


def best_bundle(
    config: DictConfig, module: SegmentationModule, trainer: pl.Trainer, data: SegmentationData
) -> ModelBundle:
    """The best weights, and the operating point that suits them; every rank takes part.

    The best are those of the checkpoint with the best monitored value, or the last ones, where these were not validated
    yet (a time limit ends a training anywhere) and turn out as good. ``module.scores`` are those of the bundle then.

    Args:
        config: of the run.
        module: after training.
        trainer: whose callbacks have an ``OperatingPointSearch``.
        data: with the validation cases.
    """
    best = _best_checkpoint(trainer)
    metrics = _last_validation(trainer) if module.validated_step == trainer.global_step else None
    if metrics is None:
        metrics = _validated(module, trainer, data)
    if best is not None and not _is_as_good(metrics, best):
        module.load_state_dict(torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"])
        metrics = _validated(module, trainer, data)
    ranges = training_ranges(data.split.train, module.plan.sequences)
    provenance = _provenance(config, metrics, _search(trainer).best()) | {PROVENANCE_KEY: ranges.to_dict()}
    return _bundle(config, module, _search(trainer).best(), provenance)


def check_window(data: SegmentationData, plan: Plan) -> Float32Array | None:
    """A window of a validation case about foreground of the first head; None where no case has any."""
    for sample in data.val_samples:
        voxels = list(sample[FOREGROUND].get(plan.heads[0].name, {}).values())
        if voxels:
            return window_around(sample[IMAGE], np.concatenate(voxels), plan.patch)
    return None


def plain(config: DictConfig) -> dict[str, Any]:
    """A configuration as plain dictionaries and lists, references resolved."""
    container: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    return container


def _best_checkpoint(trainer: pl.Trainer) -> ModelCheckpoint | None:
    """The first callback that keeps checkpoints, if it has kept one."""
    checkpoint = trainer.checkpoint_callback
    return checkpoint if isinstance(checkpoint, ModelCheckpoint) and checkpoint.best_model_path else None


def _is_as_good(metrics: Mapping[str, float], best: ModelCheckpoint) -> bool:
    value, score = metrics.get(str(best.monitor)), best.best_model_score
    if value is None or score is None:
        return False
    return value >= float(score) if best.mode == "max" else value <= float(score)


def _search(trainer: pl.Trainer) -> OperatingPointSearch:
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    return next(callback for callback in callbacks if isinstance(callback, OperatingPointSearch))


def _last_validation(trainer: pl.Trainer) -> dict[str, float]:
    return {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}


def _validated(module: SegmentationModule, trainer: pl.Trainer, data: SegmentationData) -> dict[str, float]:
    (logged,) = trainer.validate(module, data, verbose=False)
    return {name: float(value) for name, value in logged.items()}


def _bundle(
    config: DictConfig, module: SegmentationModule, point: OperatingPoint, provenance: Mapping[str, Any]
) -> ModelBundle:
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in module.network.state_dict().items()}
    return ModelBundle(
        name=config.name,
        plan=module.plan,
        weights=weights,
        threshold=point.threshold,
        minimum_lesion_ml=point.minimum_lesion_ml,
        minimum_peak_probability=point.minimum_peak_probability,
        provenance=provenance,
        network_class=config.network.network_class,
    )


def _provenance(config: DictConfig, metrics: Mapping[str, float], point: OperatingPoint) -> dict[str, Any]:
    """What the model was trained with; folders of this machine stay out of it.

    ``metrics`` are those of threshold 0.5, as in the logs; ``chosen`` those of the bundle's, on the cases that it was
    chosen on.
    """
    settings = plain(config)
    for name in _OF_THIS_MACHINE:
        del settings[name]
    del settings["data"]["cache"]
    if settings["data"]["manifest"]:
        settings["data"]["manifest"] = Path(settings["data"]["manifest"]).name
    if settings["init_from"]:
        settings["init_from"] = load_bundle(Path(settings["init_from"])).sha256
    versions = {"crmo_seg": __version__, "torch": str(torch.__version__), "python": platform.python_version()}
    versions |= network_package(config.network.network_class)
    chosen = {} if point.counts is None else {"chosen": _chosen(point)}
    return {"versions": versions, "metrics": dict(metrics), **chosen, "config": settings}


def _chosen(point: OperatingPoint) -> dict[str, float]:
    counts = point.counts
    if counts is None:
        return {}
    return {"lesion_f1": counts.f1, "lesion_sensitivity": counts.sensitivity, "lesions": counts.n_ref,
            "false_positives": counts.n_false_positive}  # fmt: skip
