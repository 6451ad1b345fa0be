"""The data type of a trained model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import yaml
from safetensors.numpy import save as save_tensors

from crmo_seg.errors import InputError
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.plan import Head, Plan
from crmo_seg.plan.networks import NETWORKS, added_network
from crmo_seg.volume import Array

FORMAT_VERSION: Final = 1
_NOT_THE_NETWORK: Final = ("name", "threshold", "minimum_lesion_ml", "minimum_peak_probability", "parts_sha256")


@dataclass(frozen=True)
class ModelBundle:
    """Everything that inference needs.

    Attributes:
        name: of the model, in reports.
        plan: sequences, heads, grid, patch and network.
        weights: name of a parameter -> array.
        threshold: probability from which a voxel is edema.
        minimum_lesion_ml: smaller components are dropped.
        minimum_peak_probability: components that reach it in no voxel are dropped.
        provenance: versions, configuration, data and metrics of the training; plain YAML.
        network_class: one of ``plan.networks.network_names``.
        other_weights: of the further members of an ensemble.
        parts: bundles that mark other heads of the same study, each on a grid of its own; they have no parts.
    """

    name: str
    plan: Plan
    weights: Mapping[str, Array]
    threshold: float = 0.5
    minimum_lesion_ml: float = MINIMUM_LESION_ML
    minimum_peak_probability: float = 0.0
    provenance: Mapping[str, Any] | None = None
    network_class: str = NETWORKS[0]
    other_weights: tuple[Mapping[str, Array], ...] = ()
    parts: tuple[ModelBundle, ...] = ()

    def __post_init__(self) -> None:
        if self.network_class not in NETWORKS:
            added_network(self.network_class, f"bundle {self.name}")
        if not 0 < self.threshold < 1:
            raise InputError(f"bundle {self.name}", f"has the threshold {self.threshold}", "give one between 0 and 1")
        if self.minimum_lesion_ml < 0:
            problem = f"has the smallest lesion {self.minimum_lesion_ml} ml"
            raise InputError(f"bundle {self.name}", problem, "give 0 or more")
        if not 0 <= self.minimum_peak_probability < 1:
            problem = f"has the least peak probability {self.minimum_peak_probability} of a lesion"
            raise InputError(f"bundle {self.name}", problem, "give 0 or more, and less than 1")
        names = [head.name for head in self.heads]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            remedy = "leave all but one of them out"
            raise InputError(f"bundle {self.name}", f"has several parts that mark {', '.join(twice)}", remedy)

    @property
    def sequences(self) -> tuple[str, ...]:
        """What it reads: the sequences of its own network, then further ones of its parts."""
        return tuple(dict.fromkeys(name for bundle in (self, *self.parts) for name in bundle.plan.sequences))

    @property
    def heads(self) -> tuple[Head, ...]:
        """What it marks: the heads of its own network, then those of its parts."""
        return (*self.plan.heads, *(head for part in self.parts for head in part.plan.heads))

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights and of everything that changes a prediction."""
        return _hash_of(self.contract)

    @cached_property
    def network_sha256(self) -> str:
        """Hash of the networks alone: it stays when the threshold, the smallest lesion or the name are changed."""
        return _hash_of({key: value for key, value in self.contract.items() if key not in _NOT_THE_NETWORK})

    @property
    def contract(self) -> dict[str, Any]:
        """What ``bundle.yaml`` holds of it, but for the provenance."""
        hashes = [hashlib.sha256(content).hexdigest() for content in self.files_of_weights()]
        others: dict[str, Any] = {"other_weights_sha256": hashes[1:]} if self.other_weights else {}
        peak = self.minimum_peak_probability
        others |= {"minimum_peak_probability": peak} if peak else {}  # without it, hashes are those of older versions
        others |= {"parts_sha256": [part.sha256 for part in self.parts]} if self.parts else {}
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "network_class": self.network_class,
            "plan": self.plan.to_dict(),
            "threshold": self.threshold,
            "minimum_lesion_ml": self.minimum_lesion_ml,
            "weights_sha256": hashes[0],
        } | others

    def files_of_weights(self) -> list[bytes]:
        """The content of a safetensors file for each member."""
        return [save_tensors(dict(weights)) for weights in (self.weights, *self.other_weights)]

    @property
    def members(self) -> tuple[ModelBundle, ...]:
        """A bundle for each set of weights: itself, where it is no ensemble."""
        everyones = (self.weights, *self.other_weights)
        return tuple(replace(self, weights=weights, other_weights=(), parts=()) for weights in everyones)


def _hash_of(contract: Mapping[str, Any]) -> str:
    return hashlib.sha256(yaml.safe_dump(dict(contract), sort_keys=True).encode()).hexdigest()
