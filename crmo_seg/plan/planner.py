"""A fingerprint and a budget -> a plan, with a reason for every number.

The rules are those of nnU-Net (doi:10.1038/s41592-020-01008-z; ``default_experiment_planner.py`` of version 2), with
these changes: the budget also bounds the arithmetic of a step, because on a CPU time runs out before memory does;
slices keep their spacing within a range; a patch shrinks along its longest side in mm, so that a lesion is seen with
as much around it in every direction; and instead of a second network at low resolution the in-plane spacing grows,
as long as the small lesions of the training cases stay visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final

from crmo_seg.errors import InputError
from crmo_seg.plan.contract import GridPlan, Head, NetworkPlan, Plan, Triple
from crmo_seg.plan.cost import memory_gb, step_gflop
from crmo_seg.plan.fingerprint import Fingerprint
from crmo_seg.plan.reasons import reasons_for
from crmo_seg.plan.settings import Budget, Overrides
from crmo_seg.plan.spacing import grid_plan, in_plane_candidates, usual_shape, usual_spacing_mm
from crmo_seg.plan.topology import SMALLEST_SIDE, Topology, kernels_for, padded, topology

MOST_WIDENING: Final = 10
"""The coarsest stages have at most so many times the features of the finest (nnU-Net: 320 of 32)."""

ENOUGH_OF_A_SCAN: Final = 0.25
"""A patch of less than this share of the median scan asks for coarser pixels (nnU-Net: for a second network)."""

_LARGEST_PATCH: Final = 256**3
_SMALLEST_BATCH: Final = 2
_MOST_OF_THE_DATA: Final = 0.05  # of all voxels in one batch


@dataclass(frozen=True)
class Planned:
    """A plan and what it follows from.

    Attributes:
        plan: for the network and its data.
        batch_size: patches a step.
        fingerprint: of the training cases.
        budget: that it keeps to.
        reasons: dotted name of a number, such as ``grid.in_plane_spacing_mm``, -> why it was chosen.
    """

    plan: Plan
    batch_size: int
    fingerprint: Fingerprint
    budget: Budget
    reasons: Mapping[str, str] = field(compare=False, default_factory=dict)


def planned(
    fingerprint: Fingerprint,
    budget: Budget,
    sequences: tuple[str, ...],
    heads: tuple[Head, ...],
    overrides: Overrides | None = None,
) -> Planned:
    """Choose spacing, patch, batch and the shape of the network.

    Args:
        fingerprint: of the training cases.
        budget: what a step may cost.
        sequences: input channels.
        heads: outputs.
        overrides: numbers that are given; everything else is chosen to suit them.

    Raises:
        InputError: where nothing fits the budget, or the given numbers do not fit each other.
    """
    request = _Request(fingerprint, budget, sequences, heads, overrides or Overrides())
    for in_plane in in_plane_candidates(fingerprint, request.overrides):
        plan = _largest(request, grid_plan(fingerprint, in_plane, request.overrides))
        if prod(plan.patch) >= ENOUGH_OF_A_SCAN * prod(request.shape(plan.grid)):
            break
    batch_size = _batch_size(request, plan)
    reasons = reasons_for(plan, batch_size, fingerprint, budget, request.overrides)
    return Planned(plan, batch_size, fingerprint, budget, reasons)


@dataclass(frozen=True)
class _Request:
    fingerprint: Fingerprint
    budget: Budget
    sequences: tuple[str, ...]
    heads: tuple[Head, ...]
    overrides: Overrides

    @property
    def smallest_batch(self) -> int:
        return self.overrides.batch_size or _SMALLEST_BATCH

    def spacing_mm(self, grid: GridPlan) -> tuple[float, float, float]:
        return usual_spacing_mm(self.fingerprint, grid)

    def shape(self, grid: GridPlan) -> Triple:
        return usual_shape(self.fingerprint, self.spacing_mm(grid))

    def affordable(self, plan: Plan, batch_size: int) -> bool:
        limit = self.budget.step_gflop
        fast = limit is None or step_gflop(plan, batch_size) <= limit
        return fast and self.fits_memory(plan, batch_size)

    def fits_memory(self, plan: Plan, batch_size: int) -> bool:
        return memory_gb(plan, batch_size) <= self.budget.memory_gb


def _largest(request: _Request, grid: GridPlan) -> Plan:
    """The plan with the largest patch that the budget allows on this grid; a patch that is given is kept."""
    spacing, shape = request.spacing_mm(grid), request.shape(grid)
    wanted = request.overrides.patch or _initial_patch(spacing, shape)
    plan = _plan(request, grid, wanted)
    if request.overrides.patch is not None:
        return plan
    while not request.affordable(plan, request.smallest_batch):
        axis = _longest_axis(plan, spacing, _smallest_patch(shape))
        if axis is None:
            _check_memory(request, plan, request.smallest_batch)
            break
        shorter = plan.patch[axis] - plan.network.divisors[axis]
        wanted = _with_side(wanted, axis, shorter)  # before padding, so that it shrinks each time
        plan = _plan(request, grid, wanted)
    return plan


def _initial_patch(spacing_mm: tuple[float, float, float], shape: Triple) -> Triple:
    """A cube in mm of 256 x 256 x 256 voxels, cut to the median scan; large enough for a network of two stages."""
    side_mm = (_LARGEST_PATCH * prod(spacing_mm)) ** (1 / 3)
    sides = (min(round(side_mm / mm), size) for mm, size in zip(spacing_mm, shape, strict=True))
    x, y, z = (max(side, least) for side, least in zip(sides, _smallest_patch(shape), strict=True))
    return x, y, z


def _smallest_patch(shape: Triple) -> Triple:
    """In plane it can be halved once; scans smaller than that are padded with air."""
    return 2 * SMALLEST_SIDE, 2 * SMALLEST_SIDE, min(SMALLEST_SIDE, shape[2])


def _longest_axis(plan: Plan, spacing_mm: tuple[float, float, float], smallest: Triple) -> int | None:
    """The axis of the longest side in mm of those that can be shortened by a step; None where none can."""
    steps = zip(plan.patch, plan.network.divisors, smallest, strict=True)
    able = [axis for axis, (side, step, least) in enumerate(steps) if side - step >= least]
    return max(able, key=lambda axis: plan.patch[axis] * spacing_mm[axis], default=None)


def _with_side(patch: Triple, axis: int, side: int) -> Triple:
    x, y, z = (side if at == axis else old for at, old in enumerate(patch))
    return x, y, z


def _plan(request: _Request, grid: GridPlan, patch: Triple) -> Plan:
    """A plan with this patch, padded to what its network divides; a given patch stays as it is."""
    given = request.overrides
    shape = _topology(request, grid, patch)
    base = request.budget.base_channels
    channels = given.channels or tuple(base * min(2**stage, MOST_WIDENING) for stage in range(len(shape.strides)))
    network = NetworkPlan(channels, shape.strides, shape.kernels)
    size = patch if given.patch else padded(patch, shape.strides)
    return Plan(request.sequences, request.heads, grid, size, network)


def _topology(request: _Request, grid: GridPlan, patch: Triple) -> Topology:
    given, spacing = request.overrides, request.spacing_mm(grid)
    if given.strides is not None:
        return Topology(given.strides, given.kernels or kernels_for(spacing, given.strides))
    found = topology(spacing, patch, exact=given.patch is not None, depth=given.depth)
    if len(found.strides) < max(2, given.depth or 0):
        problem = f"a patch of {patch} has no {given.depth or 2} stages, only {len(found.strides)}"
        other = "a larger network.budget" if given.patch is None else "a patch whose sides can be halved more often"
        raise InputError("network.stages", problem, f"give fewer, or {other}")
    return Topology(found.strides, given.kernels or found.kernels)


def _batch_size(request: _Request, plan: Plan) -> int:
    """As given, or as many as the budget and the data allow; two at least, one where a given patch leaves no more."""
    given = request.overrides
    if given.batch_size is not None:
        return given.batch_size
    size = _SMALLEST_BATCH
    if not request.fits_memory(plan, size):
        _check_memory(request, plan, 1)
        return 1
    most = _MOST_OF_THE_DATA * request.fingerprint.cases * prod(request.shape(plan.grid)) / prod(plan.patch)
    while size + 1 <= most and request.affordable(plan, size + 1):
        size += 1
    return size


def _check_memory(request: _Request, plan: Plan, batch_size: int) -> None:
    if not request.fits_memory(plan, batch_size):
        needed, patch = memory_gb(plan, batch_size), " x ".join(str(side) for side in plan.patch)
        problem = f"{request.budget.memory_gb:.3g} GB do not hold a batch of {batch_size} patches of {patch}"
        remedy = f"allow {needed:.2g} GB or more, or choose a smaller network.budget.size, patch or batch"
        raise InputError("network.budget.memory_gb", problem, remedy)
