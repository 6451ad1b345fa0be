"""The Hydra entry point of ``train.py`` and ``crmo-seg train``.

Your own configurations lie in a folder that ``--config-dir`` (or ``hydra.searchpath``) names, in subfolders as those of
``configs/``. Modules in that folder can be named in them: ``_target_: my_losses.DiceHardest``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.request import url2pathname

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from crmo_seg.errors import InputError

_PACKAGE = Path(__file__).parents[1]
_NOT_THE_USERS = ("hydra", "main", "schema")
"""Hydra's names of the places that a user did not add."""


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
    # Last, so that a module of the user's never stands in front of a library; here, so that launched jobs do it too.
    sys.path += [folder for folder in users_folders() if folder not in sys.path]
    try:
        folder = fit(config)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if rank() == 0:
        print(f"model saved in {folder}")


def users_folders() -> list[str]:
    """Folders of configurations that the user has added to this run."""
    sources = HydraConfig.get().runtime.config_sources
    added = [one.path for one in sources if one.schema == "file" and one.provider not in _NOT_THE_USERS]
    return [str(Path(url2pathname(path.removeprefix("file://"))).absolute()) for path in added]
