"""``fit``: a resolved configuration in, a model bundle out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import lightning.pytorch as pl
import torch
from hydra.utils import instantiate
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from crmo_seg.bundle import ModelBundle, save_bundle
from crmo_seg.cases import Case, read_manifest, split_by_patient
from crmo_seg.data.check.report import refuse_broken
from crmo_seg.data.check.run import check_dataset
from crmo_seg.errors import InputError
from crmo_seg.inference.openvino_wanted import export_where_possible
from crmo_seg.inference.torch_backend import autocast_dtype
from crmo_seg.inference.windows import Float32Array
from crmo_seg.network import build_network
from crmo_seg.phantom.dataset import MANIFEST_FILE, PhantomOptions, make_phantoms
from crmo_seg.plan import Plan, write_plan
from crmo_seg.plan.files import PLAN_FILE
from crmo_seg.plan.networks import network_package
from crmo_seg.training.callbacks import OperatingPointSearch, write_scores
from crmo_seg.training.checkpoints import checkpoint_to_resume
from crmo_seg.training.compiling import compiled
from crmo_seg.training.datamodule import Sampling, SegmentationData
from crmo_seg.training.fine_tuning import start_from
from crmo_seg.training.folds import head_of_load, with_folds
from crmo_seg.training.loggers import make_logger, refuse_missing_package
from crmo_seg.training.module import SegmentationModule
from crmo_seg.training.planning import ChosenPlan, choose_plan, device_type, fixed_plan, goes_on, heads_of, is_planned
from crmo_seg.training.result import best_bundle, check_window, plain

_PRECISIONS = {None: "32-true", torch.bfloat16: "bf16-mixed", torch.float16: "16-mixed"}


def fit(config: DictConfig) -> Path:
    """Train as configured and save the best weights as a bundle.

    Of several processes each runs this; the first one writes.

    Returns:
        The folder of the bundle, ``output_dir/bundle``.

    Raises:
        InputError: where the data or the settings cannot be trained on.
    """
    _quieten_lightning()
    refuse_missing_package(config)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    output_dir = Path(config.output_dir)
    config = config.copy()
    config.monitor = config.monitor or f"val/{heads_of(config)[0].name}_dice"
    checkpoint = checkpoint_to_resume(config.resume_from, output_dir)
    network_package(config.network.network_class)  # a network that no package adds shows before phantoms are made
    if not is_planned(config):
        fixed_plan(config)  # so does a number that does not fit
    cases = _cases(config)
    chosen = choose_plan(config, cases)
    data = _data(config, chosen, cases)
    data.setup()  # what is wrong with the data shows before anything is written
    module = _module(config, chosen.plan)
    _write_settings(config, chosen, output_dir)
    trainer = _trainer(config)
    _announce(data, module)
    trainer.fit(module, data, ckpt_path=checkpoint)
    bundle = best_bundle(config, module, trainer, data)
    if trainer.is_global_zero:
        _save(bundle, output_dir / "bundle", check_window(data, module.plan))
        write_scores(output_dir / "validation" / "bundle.csv", module.scores)
    return output_dir / "bundle"


def _save(bundle: ModelBundle, folder: Path, window: Float32Array | None) -> None:
    """The bundle, and its networks for OpenVINO where that is installed."""
    save_bundle(bundle, folder)
    export_where_possible(bundle, folder, window)


def _quieten_lightning() -> None:
    """Lightning's start-up messages and its own deprecations tell a user nothing that they could act on."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")  # that is what resuming means
    warnings.filterwarnings("ignore", message=".*recommended to use `self.log.*sync_dist.*")  # ranks log the same


@rank_zero_only
def _write_settings(config: DictConfig, chosen: ChosenPlan, output_dir: Path) -> None:
    output_dir.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, output_dir / "config.yaml", resolve=True)
    if chosen.planned is not None and not goes_on(config):
        write_plan(output_dir / PLAN_FILE, chosen.planned)


@rank_zero_only
def _tell(text: str) -> None:
    print(text)


@rank_zero_only
def _announce(data: SegmentationData, module: SegmentationModule) -> None:
    """What is about to be trained, in two lines."""
    parameters = sum(parameter.numel() for parameter in module.network.parameters())
    heads = ", ".join(head.name for head in module.plan.heads)
    print(f"{len(data.split.train)} cases to learn from, {len(data.split.val)} to validate on; heads: {heads}")
    print(f"{type(module.network).__name__} with {parameters:,} parameters, patch {module.plan.patch}")


def _data(config: DictConfig, chosen: ChosenPlan, cases: Sequence[Case]) -> SegmentationData:
    plan = chosen.plan
    sampling = Sampling(**(plain(config.data.sampling) | {"batch_size": chosen.batch_size}))
    augmentation = instantiate(config.augmentation, heads=[head.name for head in plan.heads], _convert_="all")
    split = split_by_patient(cases, fold=config.data.fold, folds=config.data.folds)
    return SegmentationData(split, plan, sampling, augmentation, cache=Path(config.data.cache), seed=config.seed)


def _cases(config: DictConfig) -> tuple[Case, ...]:
    """All cases of the manifest with their folds; it is checked first, so that all that is broken is told at once."""
    manifest = config.data.manifest
    if manifest is None and config.data.phantom is None:
        raise InputError("data.manifest", "is not set", "add data.manifest=FILE, a CSV with a row for each study")
    path = _phantoms(config) if manifest is None else Path(manifest)
    heads = heads_of(config)
    refuse_broken(check_dataset(path, heads, sequences=tuple(config.data.sequences), voxels=False))
    cases = read_manifest(path)
    return with_folds(cases, head_of_load(cases, heads[0].name), config.data.folds)


def _phantoms(config: DictConfig) -> Path:
    """Phantoms are the data where no manifest is given; those made with the same settings are used again."""
    settings = plain(config.data.phantom)
    name = "_".join(f"{key}-{value}" for key, value in sorted(settings.items()))
    folder = Path(config.output_dir) / "phantom" / name
    manifest = folder / MANIFEST_FILE
    return manifest if manifest.exists() else make_phantoms(folder, PhantomOptions(**settings))


def _module(config: DictConfig, plan: Plan) -> SegmentationModule:
    losses = {head.name: instantiate(config.loss, _convert_="all") for head in plan.heads}
    network = build_network(config.network.network_class, plan)
    if config.init_from is not None:
        _tell(f"{config.init_from}: {start_from(network, plan, Path(config.init_from))}")
    module = SegmentationModule(
        plan=plan,
        network=network,
        losses=losses,
        head_weights=_head_weights(config, plan),
        optimizer=instantiate(config.optimizer.optimizer, _convert_="all"),
        schedule=instantiate(config.optimizer.schedule, _convert_="all"),
    )
    module.output_rate = config.output_rate
    if config.compile:
        module.forward_patches = compiled(network.forward_deep)
    return module


def _head_weights(config: DictConfig, plan: Plan) -> dict[str, float]:
    weights: dict[str, float] = plain(config.head_weights)
    known = [head.name for head in plan.heads]
    for name in weights:
        if name not in known:
            raise InputError("head_weights", f"names {name}, which is no head", f"the heads are: {', '.join(known)}")
    return weights


def _trainer(config: DictConfig) -> pl.Trainer:
    chosen = [callback for callback in config.callbacks.values() if callback is not None]
    callbacks = [instantiate(callback, _convert_="all") for callback in chosen]
    logger = make_logger(config)
    settings = plain(config.trainer)
    if settings["precision"] == "auto":
        settings["precision"] = _PRECISIONS[autocast_dtype(device_type(settings["accelerator"]))]
    callbacks.append(OperatingPointSearch())
    trainer: pl.Trainer = instantiate(settings, callbacks=callbacks, logger=logger, _convert_="all")
    return trainer
