"""Several bundles of one plan as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log
from pathlib import Path
from statistics import fmean
from typing import Final

from crmo_seg.bundle.files import load_bundle, save_bundle
from crmo_seg.bundle.model import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.plan.networks import NETWORKS

_CENTRE: Final = 0.5


def ensemble_bundles(folders: Sequence[Path], out: Path) -> ModelBundle:
    """Write the bundles of several folders as one, for example of five folds.

    Each member's probability is moved so that its own threshold comes to lie at 0.5, which is then the ensemble's: what
    a member marks alone stays the same. A mean of probabilities at the mean of high thresholds would mark only where
    nearly all members are sure. Networks from outside of this package, whose last layer is not known, keep their
    probabilities, and the ensemble has the mean of their thresholds. The smallest lesion is the mean of the members',
    the least peak the mean of where the members' come to lie. Members may be ensembles themselves.

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
    if all(_logit_biases(member) for member in members):
        members = [_centred(member) for member in members]
    return replace(
        bundles[0],
        weights=members[0].weights,
        other_weights=tuple(member.weights for member in members[1:]),
        threshold=_mean(member.threshold for member in members),
        minimum_lesion_ml=_mean(member.minimum_lesion_ml for member in members),
        minimum_peak_probability=_mean(member.minimum_peak_probability for member in members),
        provenance={"members": [{"sha256": bundle.sha256, **(bundle.provenance or {})} for bundle in bundles]},
    )


def _centred(member: ModelBundle) -> ModelBundle:
    """The same masks at a threshold of 0.5: the logit of what is thresholded is moved by that of the threshold."""
    odds = member.threshold / (1 - member.threshold)
    shift, peak = log(odds), member.minimum_peak_probability
    moved = {name: (member.weights[name] - shift).astype(member.weights[name].dtype) for name in _logit_biases(member)}
    peak /= peak + odds * (1 - peak)  # its logit is moved as far
    return replace(member, weights={**member.weights, **moved}, threshold=_CENTRE, minimum_peak_probability=peak)


def _logit_biases(member: ModelBundle) -> list[str]:
    """The biases of the last layers whose output is one logit; none where the network is not one of this package."""
    if member.network_class not in NETWORKS:
        return []
    heads = [f"heads.{head.name}." for head in member.plan.heads if head.channels == 1]
    return [name for name in member.weights if name.startswith(tuple(heads)) and name.endswith(".bias")]


def _mean(values: Iterable[float]) -> float:
    """Rounded, so that the mean of 0.1, 0.1 and 0.1 is 0.1."""
    return round(fmean(values), 12)
