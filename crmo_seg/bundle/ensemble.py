"""Several bundles of one plan as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from crmo_seg.bundle.files import load_bundle, save_bundle
from crmo_seg.bundle.model import ModelBundle
from crmo_seg.errors import InputError


def ensemble_bundles(folders: Sequence[Path], out: Path) -> ModelBundle:
    """Write the bundles of several folders as one, for example of five folds.

    Its threshold and smallest lesion are the means of the members'. Members may be ensembles themselves.

    Raises:
        InputError: where a bundle cannot be read, has parts, or its plan differs from the first one's.
    """
    bundles = [load_bundle(folder) for folder in folders]
    if not bundles:
        raise InputError(out, "would be an ensemble of no bundle", "name the bundles that it is made of")
    for folder, bundle in zip(folders, bundles, strict=True):
        if (bundle.plan, bundle.network_class) != (bundles[0].plan, bundles[0].network_class):
            remedy = "train all members with the same sequences, heads, grid, patch and network"
            raise InputError(folder, f"has another plan than {folders[0]}", remedy)
        if bundle.parts:
            remedy = "make ensembles of what was combined, and combine those: crmo-seg combine ENSEMBLE PART-ENSEMBLE"
            raise InputError(folder, "is a combined model", remedy)
    ensemble = _ensemble(bundles)
    save_bundle(ensemble, out)
    return ensemble


def _ensemble(bundles: Sequence[ModelBundle]) -> ModelBundle:
    members = [member for bundle in bundles for member in bundle.members]
    return replace(
        bundles[0],
        weights=members[0].weights,
        other_weights=tuple(member.weights for member in members[1:]),
        threshold=_mean(member.threshold for member in members),
        minimum_lesion_ml=_mean(member.minimum_lesion_ml for member in members),
        provenance={"members": [{"sha256": bundle.sha256, **(bundle.provenance or {})} for bundle in bundles]},
    )


def _mean(values: Iterable[float]) -> float:
    """Rounded, so that the mean of 0.1, 0.1 and 0.1 is 0.1."""
    return round(fmean(values), 12)
