"""Weights in 16 bits, for a bundle that is handed on: half as large on disk, restored to 32 bits where they are used.

Both backends compute with the weights as they are stored, so rounding changes the model, once, and no comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from crmo_seg.bundle.model import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.volume import Array


def has_half_weights(bundle: ModelBundle) -> bool:
    """Whether all weights are stored in 16 bits, so that 16 bits hold them exactly."""
    return all(array.dtype == np.float16 for weights in _everyones(bundle) for array in weights.values())


def with_half_weights(bundle: ModelBundle) -> ModelBundle:
    """The bundle with its weights rounded to the nearest float16 (IEEE 754 binary16, 11 significant bits).

    What this changes in a model's masks has to be measured; ``jobs.publish`` does.

    Raises:
        InputError: where a weight is no number, or larger than 65504.
    """
    first, *others = (_rounded(bundle.name, weights) for weights in _everyones(bundle))
    parts = tuple(with_half_weights(part) for part in bundle.parts)
    return replace(bundle, weights=first, other_weights=tuple(others), parts=parts)


def _everyones(bundle: ModelBundle) -> tuple[Mapping[str, Array], ...]:
    return (bundle.weights, *bundle.other_weights)


def _rounded(name: str, weights: Mapping[str, Array]) -> dict[str, Array]:
    with np.errstate(over="ignore"):  # what overflows is found below
        rounded = {key: array.astype(np.float16) for key, array in weights.items()}
    for key, array in rounded.items():
        if not np.isfinite(array).all():
            raise InputError(f"bundle {name}", f"{key} has values that 16 bits do not hold", "hand it on as it is")
    return rounded
