"""A trained model as a folder: ``model.safetensors``, ``bundle.yaml`` and a model card. No pickle, no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole
from crmo_seg.keys import EDEMA, MINIMUM_LESION_ML, RESEARCH_ONLY
from crmo_seg.plan import Plan
from crmo_seg.volume import Array

FORMAT_VERSION: Final = 1
NETWORKS: Final = ("crmo_seg.network.UNet",)
"""Networks that a bundle may name; loading builds nothing else."""

WEIGHTS_FILE: Final = "model.safetensors"
CONTRACT_FILE: Final = "bundle.yaml"
CARD_FILE: Final = "README.md"

_KEYS = ("format_version", "name", "network_class", "plan", "threshold", "minimum_lesion_ml", "weights_sha256")


@dataclass(frozen=True)
class ModelBundle:
    """Everything that inference needs.

    Attributes:
        name: of the model, in reports.
        plan: sequences, heads, grid, patch and network.
        weights: name of a parameter -> array.
        threshold: probability from which a voxel is edema.
        minimum_lesion_ml: smaller components are dropped.
        provenance: versions, configuration, data and metrics of the training; plain YAML.
        network_class: one of ``NETWORKS``.
    """

    name: str
    plan: Plan
    weights: Mapping[str, Array]
    threshold: float = 0.5
    minimum_lesion_ml: float = MINIMUM_LESION_ML
    provenance: Mapping[str, Any] | None = None
    network_class: str = NETWORKS[0]

    def __post_init__(self) -> None:
        if self.network_class not in NETWORKS:
            allowed = ", ".join(NETWORKS)
            raise InputError(f"bundle {self.name}", f"names the network {self.network_class!r}", f"allowed: {allowed}")
        if not 0 < self.threshold < 1:
            raise InputError(f"bundle {self.name}", f"has the threshold {self.threshold}", "give one between 0 and 1")
        if self.minimum_lesion_ml < 0:
            problem = f"has the smallest lesion {self.minimum_lesion_ml} ml"
            raise InputError(f"bundle {self.name}", problem, "give 0 or more")

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights and of everything that changes a prediction."""
        contract = yaml.safe_dump(_contract(self, save_tensors(dict(self.weights))), sort_keys=True)
        return hashlib.sha256(contract.encode()).hexdigest()


def save_bundle(bundle: ModelBundle, folder: Path) -> None:
    """Write a bundle, replacing an older one; complete or not at all.

    Raises:
        InputError: where the folder exists and is no bundle, or the disk is full.
    """
    if folder.exists() and not (folder / CONTRACT_FILE).exists():
        raise InputError(folder, "exists and is no model bundle", "give another folder")
    with folder_written_whole(folder) as part:
        _write_files(bundle, part)


def load_bundle(folder: Path) -> ModelBundle:
    """Read a bundle and check it.

    Raises:
        InputError: where it is missing, of another format version, incomplete, or its weights were changed.
    """
    contract = _read_contract(folder)
    weights = _read_weights(folder / WEIGHTS_FILE, contract["weights_sha256"])
    try:
        return ModelBundle(
            name=str(contract["name"]),
            plan=Plan.from_dict(contract["plan"]),
            weights=weights,
            threshold=float(contract["threshold"]),
            minimum_lesion_ml=float(contract["minimum_lesion_ml"]),
            provenance=contract.get("provenance"),
            network_class=str(contract["network_class"]),
        )
    except InputError as error:
        raise InputError(folder / CONTRACT_FILE, f"{error.source} {error.problem}", error.remedy) from None
    except (TypeError, AttributeError, ValueError) as error:
        raise InputError(
            folder / CONTRACT_FILE, f"does not describe a model ({error})", "save the model again"
        ) from None


def _contract(bundle: ModelBundle, weights: bytes) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "name": bundle.name,
        "network_class": bundle.network_class,
        "plan": bundle.plan.to_dict(),
        "threshold": bundle.threshold,
        "minimum_lesion_ml": bundle.minimum_lesion_ml,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }


def _write_files(bundle: ModelBundle, folder: Path) -> None:
    weights = save_tensors(dict(bundle.weights))
    contract = _contract(bundle, weights) | {"provenance": dict(bundle.provenance or {})}
    (folder / WEIGHTS_FILE).write_bytes(weights)
    (folder / CONTRACT_FILE).write_text(yaml.safe_dump(contract, sort_keys=False), encoding="utf-8")
    (folder / CARD_FILE).write_text(_model_card(bundle), encoding="utf-8")


def _read_contract(folder: Path) -> dict[str, Any]:
    path = folder / CONTRACT_FILE
    try:
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            folder, f"is no model bundle (it has no {CONTRACT_FILE})", "give a folder saved by training"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InputError(path, "is not YAML", "save the model again") from None
    if not isinstance(contract, dict) or "format_version" not in contract:
        raise InputError(path, "does not name its format_version", "save the model again")
    if contract["format_version"] != FORMAT_VERSION:
        found = contract["format_version"]
        remedy = "install the crmo_seg that wrote it, or train again"
        raise InputError(path, f"has the format version {found}, this crmo_seg reads {FORMAT_VERSION}", remedy)
    missing = [key for key in _KEYS if key not in contract]
    if missing:
        raise InputError(path, f"lacks {', '.join(missing)}", "save the model again")
    return contract


def _read_weights(path: Path, expected_sha256: str) -> Mapping[str, Array]:
    try:
        content = path.read_bytes()
    except OSError:
        raise InputError(path, "cannot be read", "copy the whole bundle folder") from None
    if hashlib.sha256(content).hexdigest() != expected_sha256:
        raise InputError(path, "is not the file that bundle.yaml was saved with", "copy the whole bundle folder again")
    try:
        weights: Mapping[str, Array] = load_tensors(content)
    except SafetensorError as error:
        raise InputError(path, f"holds no weights ({error})", "save the model again") from None
    return weights


def _model_card(bundle: ModelBundle) -> str:
    heads = "\n".join(f"- `{head.name}`: {', '.join(head.classes)}" for head in bundle.plan.heads)
    metrics = (bundle.provenance or {}).get("metrics") or {}
    table = "\n".join(f"| {name} | {value:.3f} |" for name, value in metrics.items())
    threshold = f"Threshold of {EDEMA}: {bundle.threshold}; lesions from {bundle.minimum_lesion_ml} ml."
    return f"""# {bundle.name}

{RESEARCH_ONLY}

Reads: {", ".join(bundle.plan.sequences)}. Marks:

{heads}

{threshold}

## On its validation cases

| metric | value |
|---|---|
{table}

Training data, configuration and versions stand in `{CONTRACT_FILE}`. Where the training data were phantoms,
the figures are phantom figures and say nothing about patients.
"""
