"""The Hydra entry point of ``train.py`` and ``crmo-seg train``."""

from __future__ import annotations

import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

from crmo_seg.errors import InputError

_PACKAGE = Path(__file__).parents[1]


def configs_dir() -> Path:
    """The configurations: inside an installed package, beside it in a checkout."""
    packaged = _PACKAGE / "configs"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "configs"


@hydra.main(config_path=str(configs_dir()), config_name="train", version_base="1.3")
def main(config: DictConfig) -> None:
    """Train with the configuration that the command line describes."""
    from crmo_seg.training.memory import keep_freed_memory
    from crmo_seg.training.ranks import rank
    from crmo_seg.training.run import fit

    keep_freed_memory()
    try:
        folder = fit(config)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if rank() == 0:
        print(f"model saved in {folder}")
