"""Where losses and metrics go: CSV, or a tracker that the user installed. Nothing leaves the machine unasked."""

from __future__ import annotations

import logging
import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from crmo_seg.errors import InputError

_PACKAGES: Final = MappingProxyType(
    {"TensorBoardLogger": "tensorboard", "MLFlowLogger": "mlflow", "WandbLogger": "wandb"}
)
"""Logger -> the package that it needs; the extra has the same name."""

_NO_TELEMETRY: Final = MappingProxyType({"MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_ERROR_REPORTING": "false"})
"""MLflow has sent usage data since 3.2 (mlflow.org, "Usage Tracking"), W&B reports its own errors."""

_TALKATIVE: Final = MappingProxyType(
    {"mlflow": logging.WARNING, "alembic": logging.WARNING, "lightning.pytorch.loggers.mlflow": logging.ERROR}
)
"""Python loggers that have a line for every table of a new database."""

_SQLITE: Final = "sqlite:///"
_NOT_COMPARED: Final = ("callbacks", "logger", "resume_from")


def refuse_missing_package(config: DictConfig) -> None:
    """Refuse a logger whose package is not installed, before anything else is done.

    Raises:
        InputError: says what to install.
    """
    package = _PACKAGES.get(config.logger.get("_target_", "").rpartition(".")[2])
    if package and find_spec(package) is None:
        remedy = f'pip install "crmo_seg[{package}]", or train with logger=csv'
        raise InputError(f"logger={package}", f"needs the package {package}, which is not installed", remedy)


def make_logger(config: DictConfig) -> Logger:
    """The logger of a configuration; a tracker is given the settings too, so that runs can be compared by them.

    Args:
        config: the whole configuration; ``config.logger`` with ``_partial_: true`` is made only here.

    Raises:
        InputError: where the logger's package is not installed.
    """
    refuse_missing_package(config)
    made = instantiate(config.logger, _convert_="all")
    if not isinstance(made, partial):
        logger: Logger = made
        return logger
    _prepare(made)
    tracker: Logger = made()
    tracker.log_hyperparams(hyperparameters(config))
    return tracker


def hyperparameters(config: DictConfig) -> dict[str, Any]:
    """The settings that a run can be compared by, plain and resolved."""
    parts: Any = OmegaConf.to_container(config, resolve=True)
    return {name: value for name, value in parts.items() if name not in _NOT_COMPARED}


def _prepare(made: partial[Logger]) -> None:
    for name, value in _NO_TELEMETRY.items():
        os.environ.setdefault(name, value)
    for name, level in _TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    store = str(made.keywords.get("tracking_uri", ""))
    if store.startswith(_SQLITE):
        Path(store.removeprefix(_SQLITE)).parent.mkdir(parents=True, exist_ok=True)
