"""Why each number of a plan was chosen, in words with the figures that it follows from."""

from __future__ import annotations

from math import prod
from typing import Final

from crmo_seg.plan.contract import Plan
from crmo_seg.plan.cost import memory_gb, step_gflop
from crmo_seg.plan.fingerprint import Fingerprint, Spread
from crmo_seg.plan.settings import PLACES, Budget, Overrides
from crmo_seg.plan.spacing import (
    PIXELS_ACROSS,
    ball_diameter_mm,
    coarsest_in_plane_mm,
    is_anisotropic,
    usual_shape,
    usual_spacing_mm,
)
from crmo_seg.plan.topology import SMALLEST_SIDE

_GIVEN: Final = "given in the configuration"


def reasons_for(
    plan: Plan, batch_size: int, fingerprint: Fingerprint, budget: Budget, overrides: Overrides
) -> dict[str, str]:
    """Dotted name of each number -> why it was chosen."""
    chosen = {
        "in_plane_spacing_mm": _in_plane(plan, fingerprint),
        "slice_spacing_range_mm": _slices(fingerprint),
        "patch": _patch(plan, fingerprint),
        "batch_size": _batch(plan, batch_size, fingerprint, budget),
        "channels": f"{plan.network.channels[0]} at full resolution, twice as many at each stage, up to ten times",
        "strides": _strides(plan),
        "kernels": "none across an axis until its spacing is less than twice the finest",
    }
    return {PLACES[name]: _GIVEN if name in overrides.given else reason for name, reason in chosen.items()}


def _in_plane(plan: Plan, fingerprint: Fingerprint) -> str:
    native = fingerprint.in_plane_spacing_mm
    if plan.grid.in_plane_spacing_mm == native.median:
        return f"median of the {fingerprint.cases} cases ({_range(native)} mm)"
    name, smallest = min(
        ((name, head.object_ml.p10) for name, head in fingerprint.heads.items() if head.object_ml),
        key=lambda named: named[1],
    )
    return (
        f"coarser than the scans ({native.median:g} mm), so that a patch sees more of the body; at most "
        f"{coarsest_in_plane_mm(fingerprint):.3g} mm, which puts {PIXELS_ACROSS:g} pixels across a small object "
        f"({name}: percentile 10 is {smallest:.3g} ml, a ball of {ball_diameter_mm(smallest):.2g} mm)"
    )


def _slices(fingerprint: Fingerprint) -> str:
    slices = fingerprint.slice_spacing_mm
    if is_anisotropic(fingerprint):
        return (
            f"slices stay as far apart as they are: percentiles 10 to 90 of the cases are "
            f"{slices.p10:g} to {slices.p90:g} mm, and a quarter beyond; never closer than pixels"
        )
    return f"slices are near ({_range(slices)} mm): all are brought to the median, and never closer than pixels"


def _patch(plan: Plan, fingerprint: Fingerprint) -> str:
    spacing = usual_spacing_mm(fingerprint, plan.grid)
    shape = usual_shape(fingerprint, spacing)
    sides = " x ".join(f"{side * mm:.0f}" for side, mm in zip(plan.patch, spacing, strict=True))
    share = prod(min(side, size) / size for side, size in zip(plan.patch, shape, strict=True))
    return (
        f"in plane, in plane, slice: {sides} mm, {share:.0%} of the median scan "
        f"({' x '.join(str(size) for size in shape)} voxels on this grid)"
    )


def _batch(plan: Plan, batch_size: int, fingerprint: Fingerprint, budget: Budget) -> str:
    arithmetic = "any number of" if budget.step_gflop is None else f"{budget.step_gflop:g}"
    return (
        f"a step is {step_gflop(plan, batch_size):.3g} of {arithmetic} GFLOP and needs about "
        f"{memory_gb(plan, batch_size):.2g} of {budget.memory_gb:.3g} GB; two patches or more, together at most "
        f"5 % of the voxels of the {fingerprint.cases} cases"
    )


def _strides(plan: Plan) -> str:
    coarsest = (side // step for side, step in zip(plan.patch, plan.network.divisors, strict=True))
    return (
        f"an axis is halved once its spacing is less than twice the finest, while {SMALLEST_SIDE} voxels remain; "
        f"the coarsest features are {' x '.join(str(side) for side in coarsest)}"
    )


def _range(spread: Spread) -> str:
    if spread.smallest == spread.largest:
        return f"all {spread.median:g}"
    return f"{spread.smallest:g} to {spread.largest:g}, median {spread.median:g}"
