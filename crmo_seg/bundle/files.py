"""Write and read the folder of a bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from crmo_seg.bundle.card import model_card
from crmo_seg.bundle.model import FORMAT_VERSION, ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole
from crmo_seg.plan import Plan
from crmo_seg.volume import Array

WEIGHTS_FILE: Final = "model.safetensors"
CONTRACT_FILE: Final = "bundle.yaml"
CARD_FILE: Final = "README.md"
PARTS_FOLDER: Final = "parts"

_KEYS = ("format_version", "name", "network_class", "plan", "threshold", "minimum_lesion_ml", "weights_sha256")


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
    """Read a bundle, with its parts, and check it.

    Raises:
        InputError: where it is missing, of another format version, incomplete, or its weights were changed.
    """
    contract = _read_contract(folder)
    weights = _read_weights(folder / WEIGHTS_FILE, contract["weights_sha256"])
    others = enumerate(contract.get("other_weights_sha256", ()), 1)
    other_weights = tuple(_read_weights(folder / _weights_file(number), sha256) for number, sha256 in others)
    parts = tuple(_read_part(path, sha256) for path, sha256 in _parts(folder, contract))
    try:
        return ModelBundle(
            name=str(contract["name"]),
            plan=Plan.from_dict(contract["plan"]),
            weights=weights,
            threshold=float(contract["threshold"]),
            minimum_lesion_ml=float(contract["minimum_lesion_ml"]),
            minimum_peak_probability=float(contract.get("minimum_peak_probability", 0.0)),
            provenance=contract.get("provenance"),
            network_class=str(contract["network_class"]),
            other_weights=other_weights,
            parts=parts,
        )
    except InputError as error:
        raise InputError(folder / CONTRACT_FILE, f"{error.source} {error.problem}", error.remedy) from None
    except (TypeError, AttributeError, ValueError) as error:
        problem = f"does not describe a model ({error})"
        raise InputError(folder / CONTRACT_FILE, problem, "save the model again") from None


def with_folders(bundle: ModelBundle, folder: Path) -> list[tuple[ModelBundle, Path]]:
    """A bundle and its parts, each with the folder that it lies in."""
    return [(bundle, folder), *((part, part_folder(folder, number)) for number, part in enumerate(bundle.parts))]


def part_folder(folder: Path, number: int) -> Path:
    """Where a bundle keeps its part of that number, from 0: a bundle itself."""
    return folder / PARTS_FOLDER / str(number)


def _parts(folder: Path, contract: Mapping[str, Any]) -> list[tuple[Path, str]]:
    return [(part_folder(folder, number), str(own)) for number, own in enumerate(contract.get("parts_sha256", ()))]


def _read_part(folder: Path, expected_sha256: str) -> ModelBundle:
    part = load_bundle(folder)
    if part.sha256 != expected_sha256:
        raise InputError(folder, "is not the part that the model was saved with", "copy the whole bundle folder again")
    return part


def _weights_file(number: int) -> str:
    stem, _, ending = WEIGHTS_FILE.partition(".")
    return f"{stem}_{number}.{ending}" if number else WEIGHTS_FILE


def _write_files(bundle: ModelBundle, folder: Path) -> None:
    contract = bundle.contract | {"provenance": dict(bundle.provenance or {})}
    for number, content in enumerate(bundle.files_of_weights()):
        (folder / _weights_file(number)).write_bytes(content)
    (folder / CONTRACT_FILE).write_text(yaml.safe_dump(contract, sort_keys=False), encoding="utf-8")
    (folder / CARD_FILE).write_text(model_card(bundle), encoding="utf-8")
    for part, inside in with_folders(bundle, folder)[1:]:
        inside.mkdir(parents=True)
        _write_files(part, inside)


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
