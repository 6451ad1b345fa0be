"""Start from the weights of a bundle: whatever fits by name and shape, whatever its sequences and heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from crmo_seg.bundle import ModelBundle, load_bundle
from crmo_seg.errors import InputError
from crmo_seg.network import Network
from crmo_seg.plan import Plan
from crmo_seg.volume import Array

_FIRST_CONVOLUTION = "encoder.0.0.weight"


@dataclass(frozen=True)
class Transfer:
    """Weights for a network, and where each parameter's came from.

    Attributes:
        weights: name -> array, for ``loaded`` and ``adapted``.
        loaded: parameters taken as they are.
        adapted: parameters made to fit.
        fresh: parameters that stay as drawn.
    """

    weights: Mapping[str, Array]
    loaded: tuple[str, ...]
    adapted: tuple[str, ...]
    fresh: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{len(self.loaded)} of {len(self.loaded) + len(self.adapted) + len(self.fresh)} parameters loaded"]
        lines += [f"made to fit: {', '.join(self.adapted)}"] if self.adapted else []
        lines += [f"new: {', '.join(self.fresh)}"] if self.fresh else []
        return "; ".join(lines)


def start_from(network: Network, plan: Plan, folder: Path) -> Transfer:
    """Load what fits of a bundle into a network; what was done, for the user.

    Raises:
        InputError: where there is no bundle, or nothing but heads would fit.
    """
    bundle = load_bundle(folder)
    state = network.state_dict()
    transfer = transferred(bundle, plan, {name: tuple(value.shape) for name, value in state.items()})
    if not any(name.startswith("encoder.") for name in transfer.loaded):
        remedy = "give its network: the channels and kernels stand in its bundle.yaml"
        raise InputError("init_from", f"no weight of the encoder of {folder} fits this network", remedy)
    network.load_state_dict(
        {name: torch.from_numpy(np.array(array)) for name, array in transfer.weights.items()}, False
    )
    return transfer


def transferred(bundle: ModelBundle, plan: Plan, shapes: Mapping[str, tuple[int, ...]]) -> Transfer:
    """Weights of a bundle for a network of another plan.

    A head is taken only where its classes are the same. The first convolution is made to fit other sequences: one that
    the bundle knows keeps its weights, another gets the mean over the bundle's.

    Args:
        bundle: to take from.
        plan: of the network.
        shapes: name -> shape of each of the network's parameters.
    """
    other_heads = tuple(f"heads.{head.name}." for head in plan.heads if head not in bundle.plan.heads)
    known = {name: array for name, array in bundle.weights.items() if not name.startswith(other_heads)}
    loaded = {name: known[name] for name, shape in shapes.items() if name in known and known[name].shape == shape}
    adapted: dict[str, Array] = {}
    if plan.sequences != bundle.plan.sequences and _FIRST_CONVOLUTION in known:
        loaded.pop(_FIRST_CONVOLUTION, None)
        first = _for_sequences(known[_FIRST_CONVOLUTION], bundle.plan.sequences, plan.sequences)
        adapted |= {_FIRST_CONVOLUTION: first} if first.shape == shapes.get(_FIRST_CONVOLUTION) else {}
    fresh = tuple(name for name in shapes if name not in loaded and name not in adapted)
    return Transfer(loaded | adapted, tuple(loaded), tuple(adapted), fresh)


def _for_sequences(weight: Array, known: tuple[str, ...], wanted: tuple[str, ...]) -> Array:
    """(out, sequence, ...) of the known sequences -> of the wanted ones. Instance norm takes care of the scale."""
    mean = weight.mean(axis=1)
    channels = [weight[:, known.index(name)] if name in known else mean for name in wanted]
    adapted: Array = np.stack(channels, axis=1)
    return adapted
