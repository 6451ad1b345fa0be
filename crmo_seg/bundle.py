"""A trained model as a folder: ``model.safetensors``, ``bundle.yaml`` and a model card. No pickle, no torch.

An ensemble is a bundle too: of one plan, with further weights in ``model_1.safetensors``, ``model_2.safetensors``, ...
whose hashes stand under ``other_weights_sha256`` in ``bundle.yaml``. Its probability is the mean of its members'.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
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
        other_weights: of the further members of an ensemble.
    """

    name: str
    plan: Plan
    weights: Mapping[str, Array]
    threshold: float = 0.5
    minimum_lesion_ml: float = MINIMUM_LESION_ML
    provenance: Mapping[str, Any] | None = None
    network_class: str = NETWORKS[0]
    other_weights: tuple[Mapping[str, Array], ...] = ()

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
        contract = yaml.safe_dump(_contract(self, _files_of_weights(self)), sort_keys=True)
        return hashlib.sha256(contract.encode()).hexdigest()

    @property
    def members(self) -> tuple[ModelBundle, ...]:
        """A bundle for each set of weights: itself, where it is no ensemble."""
        everyones = (self.weights, *self.other_weights)
        return tuple(replace(self, weights=weights, other_weights=()) for weights in everyones)


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
    others = enumerate(contract.get("other_weights_sha256", ()), 1)
    other_weights = tuple(_read_weights(folder / _weights_file(number), sha256) for number, sha256 in others)
    try:
        return ModelBundle(
            name=str(contract["name"]),
            plan=Plan.from_dict(contract["plan"]),
            weights=weights,
            threshold=float(contract["threshold"]),
            minimum_lesion_ml=float(contract["minimum_lesion_ml"]),
            provenance=contract.get("provenance"),
            network_class=str(contract["network_class"]),
            other_weights=other_weights,
        )
    except InputError as error:
        raise InputError(folder / CONTRACT_FILE, f"{error.source} {error.problem}", error.remedy) from None
    except (TypeError, AttributeError, ValueError) as error:
        problem = f"does not describe a model ({error})"
        raise InputError(folder / CONTRACT_FILE, problem, "save the model again") from None


def ensemble_bundles(folders: Sequence[Path], out: Path) -> ModelBundle:
    """Write the bundles of several folders as one, for example of five folds.

    Its threshold and smallest lesion are the means of the members'. Members may be ensembles themselves.

    Raises:
        InputError: where a bundle cannot be read, or its plan differs from the first one's.
    """
    bundles = [load_bundle(folder) for folder in folders]
    if not bundles:
        raise InputError(out, "would be an ensemble of no bundle", "name the bundles that it is made of")
    for folder, bundle in zip(folders, bundles, strict=True):
        if (bundle.plan, bundle.network_class) != (bundles[0].plan, bundles[0].network_class):
            remedy = "train all members with the same sequences, heads, grid, patch and network"
            raise InputError(folder, f"has another plan than {folders[0]}", remedy)
    ensemble = _ensemble(bundles)
    save_bundle(ensemble, out)
    return ensemble


def _ensemble(bundles: Sequence[ModelBundle]) -> ModelBundle:
    members = [member for bundle in bundles for member in bundle.members]
    return replace(
        bundles[0],
        weights=members[0].weights,
        other_weights=tuple(member.weights for member in members[1:]),
        threshold=fmean(member.threshold for member in members),
        minimum_lesion_ml=fmean(member.minimum_lesion_ml for member in members),
        provenance={"members": [{"sha256": bundle.sha256, **(bundle.provenance or {})} for bundle in bundles]},
    )


def _contract(bundle: ModelBundle, weights: Sequence[bytes]) -> dict[str, Any]:
    hashes = [hashlib.sha256(content).hexdigest() for content in weights]
    others = {"other_weights_sha256": hashes[1:]} if bundle.other_weights else {}
    return {
        "format_version": FORMAT_VERSION,
        "name": bundle.name,
        "network_class": bundle.network_class,
        "plan": bundle.plan.to_dict(),
        "threshold": bundle.threshold,
        "minimum_lesion_ml": bundle.minimum_lesion_ml,
        "weights_sha256": hashes[0],
    } | others


def _files_of_weights(bundle: ModelBundle) -> list[bytes]:
    return [save_tensors(dict(weights)) for weights in (bundle.weights, *bundle.other_weights)]


def _weights_file(number: int) -> str:
    stem, _, ending = WEIGHTS_FILE.partition(".")
    return f"{stem}_{number}.{ending}" if number else WEIGHTS_FILE


def _write_files(bundle: ModelBundle, folder: Path) -> None:
    weights = _files_of_weights(bundle)
    contract = _contract(bundle, weights) | {"provenance": dict(bundle.provenance or {})}
    for number, content in enumerate(weights):
        (folder / _weights_file(number)).write_bytes(content)
    (folder / CONTRACT_FILE).write_text(yaml.safe_dump(contract, sort_keys=False), encoding="utf-8")
    (folder / CARD_FILE).write_text(_model_card(bundle), encoding="utf-8")


def _read_contract(folder: Path) -> dict[str, Any]:
    path = folder / CONTRACT_FILE
    try:
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        problem = f"is no model bundle (it has no {CONTRACT_FILE})"
        raise InputError(folder, problem, "give a folder saved by training") from None
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
    if bundle.other_weights:
        threshold += f" The mean of {len(bundle.members)} networks."
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
