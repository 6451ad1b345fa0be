"""``fit``: a resolved configuration in, a model bundle out."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import lightning.pytorch as pl
import torch
from hydra.utils import instantiate
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from crmo_seg.bundle import save_bundle
from crmo_seg.cases import Split, read_manifest, split_by_patient
from crmo_seg.data.check.report import refuse_broken
from crmo_seg.data.check.run import check_dataset
from crmo_seg.errors import InputError
from crmo_seg.inference.torch_backend import autocast_dtype
from crmo_seg.network import build_network
from crmo_seg.phantom.dataset import MANIFEST_FILE, PhantomOptions, make_phantoms
from crmo_seg.plan import Plan, heads_from
from crmo_seg.training.callbacks import OperatingPointSearch, write_scores
from crmo_seg.training.checkpoints import checkpoint_to_resume
from crmo_seg.training.datamodule import Sampling, SegmentationData
from crmo_seg.training.fine_tuning import start_from
from crmo_seg.training.folds import with_folds
from crmo_seg.training.module import SegmentationModule
from crmo_seg.training.result import best_bundle, plain

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
    pl.seed_everything(config.seed, workers=True, verbose=False)
    output_dir = Path(config.output_dir)
    plan = plan_from(config)
    config = config.copy()
    config.monitor = config.monitor or f"val/{plan.heads[0].name}_dice"
    checkpoint = checkpoint_to_resume(config.resume_from, output_dir)
    data = _data(config, plan)
    data.setup()  # what is wrong with the data shows before anything is written
    module = _module(config, plan)
    _write_config(config, output_dir)
    trainer = _trainer(config)
    _announce(data, module)
    trainer.fit(module, data, ckpt_path=checkpoint)
    bundle = best_bundle(config, module, trainer, data)
    if trainer.is_global_zero:
        save_bundle(bundle, output_dir / "bundle")
        write_scores(output_dir / "validation" / "bundle.csv", module.scores)
    return output_dir / "bundle"


def plan_from(config: DictConfig) -> Plan:
    """The plan that a configuration describes."""
    settings = plain(config)
    return Plan.from_dict(
        {
            "sequences": settings["data"]["sequences"],
            "heads": [{"name": head.name, "classes": head.classes} for head in heads_from(settings["data"]["heads"])],
            "grid": settings["network"]["grid"],
            "patch": settings["network"]["patch"],
            "network": settings["network"]["stages"],
        }
    )


def _quieten_lightning() -> None:
    """Lightning's start-up messages and its own deprecations tell a user nothing that they could act on."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")  # that is what resuming means
    warnings.filterwarnings("ignore", message=".*recommended to use `self.log.*sync_dist.*")  # ranks log the same


@rank_zero_only
def _write_config(config: DictConfig, output_dir: Path) -> None:
    output_dir.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, output_dir / "config.yaml", resolve=True)


@rank_zero_only
def _tell(text: str) -> None:
    print(text)


@rank_zero_only
def _announce(data: SegmentationData, module: SegmentationModule) -> None:
    """What is about to be trained, in two lines."""
    parameters = sum(parameter.numel() for parameter in module.network.parameters())
    heads = ", ".join(head.name for head in module.plan.heads)
    print(f"{len(data.split.train)} cases to learn from, {len(data.split.val)} to validate on; heads: {heads}")
    print(f"U-Net with {parameters:,} parameters, patch {module.plan.patch}")


def _data(config: DictConfig, plan: Plan) -> SegmentationData:
    sampling = Sampling(**plain(config.data.sampling))
    augmentation = instantiate(config.augmentation, heads=[head.name for head in plan.heads], _convert_="all")
    cache = Path(config.data.cache)
    return SegmentationData(_split(config, plan), plan, sampling, augmentation, cache=cache, seed=config.seed)


def _split(config: DictConfig, plan: Plan) -> Split:
    manifest = config.data.manifest
    if manifest is None and config.data.phantom is None:
        raise InputError("data.manifest", "is not set", "add data.manifest=FILE, a CSV with a row for each study")
    if manifest is None:
        manifest = _phantoms(config)
    refuse_broken(check_dataset(Path(manifest), plan.heads, sequences=plan.sequences, voxels=False))
    cases = with_folds(read_manifest(Path(manifest)), plan.heads[0].name, config.data.folds)
    return split_by_patient(cases, fold=config.data.fold, folds=config.data.folds)


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
    return SegmentationModule(
        plan=plan,
        network=network,
        losses=losses,
        head_weights=plain(config.head_weights),
        optimizer=instantiate(config.optimizer.optimizer, _convert_="all"),
        schedule=instantiate(config.optimizer.schedule, _convert_="all"),
    )


def _trainer(config: DictConfig) -> pl.Trainer:
    chosen = [callback for callback in config.callbacks.values() if callback is not None]
    callbacks = [instantiate(callback, _convert_="all") for callback in chosen]
    logger = instantiate(config.logger, _convert_="all")
    settings = plain(config.trainer)
    if settings["precision"] == "auto":
        settings["precision"] = _PRECISIONS[autocast_dtype(_device_type(settings["accelerator"]))]
    callbacks.append(OperatingPointSearch())
    trainer: pl.Trainer = instantiate(settings, callbacks=callbacks, logger=logger, _convert_="all")
    return trainer


def _device_type(accelerator: str) -> str:
    known = {"gpu": "cuda", "cuda": "cuda", "mps": "mps", "cpu": "cpu"}
    if accelerator in known:
        return known[accelerator]
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
