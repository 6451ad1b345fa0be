"""``crmo-seg info``: what is installed, on what machine, with which models."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from crmo_seg import __version__
from crmo_seg.bundle import ModelBundle, load_bundle
from crmo_seg.jobs.predict import shipped_models

_LIBRARIES = ("torch", "monai", "lightning", "hydra-core", "nibabel", "pydicom", "highdicom", "numpy", "scipy")


def installation_table() -> list[tuple[str, str]]:
    """Names and values, in the order in which they are printed."""
    rows = [("crmo_seg", __version__), ("python", platform.python_version()), ("platform", platform.platform())]
    rows += [(name, _version_of(name)) for name in _LIBRARIES]
    return [*rows, *_models()]


def _models() -> list[tuple[str, str]]:
    shipped = [(f"model {name}", _description(load_bundle(folder))) for name, folder in shipped_models().items()]
    return shipped or [("models", "none shipped; train one, give --model DIR")]


def _description(bundle: ModelBundle) -> str:
    sequences, heads = ", ".join(bundle.sequences), ", ".join(head.name for head in bundle.heads)
    networks = [network for part in (bundle, *bundle.parts) for network in part.members]
    millions = sum(array.size for network in networks for array in network.weights.values()) / 1e6
    return f"reads {sequences}, marks {heads}; {millions:.1f} million weights, sha256 {bundle.sha256[:12]}"


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
