"""``crmo-seg info``: what is installed, on what machine, with which models."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from crmo_seg import __version__
from crmo_seg.jobs.predict import shipped_models

_LIBRARIES = ("torch", "monai", "lightning", "hydra-core", "nibabel", "pydicom", "highdicom", "numpy", "scipy")


def installation_table() -> list[tuple[str, str]]:
    """Names and values, in the order in which they are printed."""
    rows = [("crmo_seg", __version__), ("python", platform.python_version()), ("platform", platform.platform())]
    rows += [(name, _version_of(name)) for name in _LIBRARIES]
    return [*rows, ("models", ", ".join(shipped_models()) or "none shipped; train one, give --model DIR")]


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
