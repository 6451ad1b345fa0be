"""A model made of bundles that mark different things, each on a grid of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crmo_seg.bundle.model import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.keys import EDEMA


def combined(bundle: ModelBundle, parts: Sequence[ModelBundle]) -> ModelBundle:
    """A bundle with further ones as its parts; what a part marks, the bundle's own network no longer does.

    Parts that a bundle has already come after it, in their order. Threshold, smallest lesion and least peak are those
    of whichever marks the edema.

    Raises:
        InputError: where the bundle would mark nothing itself, or two parts mark the same.
    """
    everyone = [single for each in parts for single in (replace(each, parts=()), *each.parts)]
    theirs = {head.name for part in everyone for head in part.plan.heads}
    kept = tuple(part for part in bundle.parts if not theirs & {head.name for head in part.plan.heads})
    point = next((part for part in everyone if EDEMA in {head.name for head in part.plan.heads}), bundle)
    return replace(
        _without(bundle, theirs),
        threshold=point.threshold,
        minimum_lesion_ml=point.minimum_lesion_ml,
        minimum_peak_probability=point.minimum_peak_probability,
        parts=(*kept, *everyone),
    )


def _without(bundle: ModelBundle, names: Collection[str]) -> ModelBundle:
    """Its own network without these heads."""
    heads = tuple(head for head in bundle.plan.heads if head.name not in names)
    if heads == bundle.plan.heads:
        return bundle
    if not heads:
        remedy = "name the bundle first that marks something else"
        raise InputError(f"bundle {bundle.name}", f"marks nothing but {', '.join(names)}, as a part does", remedy)
    gone = tuple(f"heads.{name}." for name in names)
    first, *others = (
        {name: array for name, array in weights.items() if not name.startswith(gone)}
        for weights in (bundle.weights, *bundle.other_weights)
    )
    plan, provenance = replace(bundle.plan, heads=heads), _without_metrics(bundle.provenance or {}, names)
    return replace(bundle, plan=plan, weights=first, other_weights=tuple(others), provenance=provenance)


def _without_metrics(provenance: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Figures of a head that is gone would be read as those of the part."""
    gone = tuple(f"val/{name}_" for name in names)
    metrics = {name: value for name, value in (provenance.get("metrics") or {}).items() if not name.startswith(gone)}
    return {**provenance, "metrics": metrics}
