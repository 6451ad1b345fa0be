"""Patch and spacing -> strides and kernels, by nnU-Net's rules (doi:10.1038/s41592-020-01008-z, network topology).

An axis is halved while its spacing is less than twice the finest of those that can still be halved and its features
keep 4 voxels a side; a kernel reaches along an axis from the stage on where its spacing is less than twice the finest.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmo_seg.plan.contract import Triple, divisors_of

SMALLEST_SIDE = 4
"""Voxels of a side of the coarsest features, at least."""

_MATCHING = 2.0
_ALONE = 3  # one axis by itself is halved from 3 times the smallest side on
_FULL: Triple = (3, 3, 3)


@dataclass(frozen=True)
class Topology:
    """Strides and kernels of each stage, the finest first."""

    strides: tuple[Triple, ...]
    kernels: tuple[Triple, ...]


def topology(
    spacing_mm: tuple[float, float, float], patch: Triple, *, exact: bool = False, depth: int | None = None
) -> Topology:
    """How deep a network for such a patch is.

    Args:
        spacing_mm: of the model grid.
        patch: voxels a side.
        exact: halve even sides only, so that the patch fits as it is; else it is to be padded to the divisors.
        depth: most stages; None for as many as fit.

    >>> hippocampus = topology((1.0, 1.0, 1.0), (35, 36, 50))
    >>> hippocampus.strides
    ((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2))
    >>> coronal = topology((1.25, 1.25, 6.0), (64, 64, 16))
    >>> coronal.strides
    ((1, 1, 1), (2, 2, 1), (2, 2, 1), (2, 2, 2), (2, 2, 2))
    >>> coronal.kernels
    ((3, 3, 1), (3, 3, 1), (3, 3, 3), (3, 3, 3), (3, 3, 3))
    """
    spacing, sides = list(spacing_mm), list(patch)
    strides: list[Triple] = [(1, 1, 1)]
    while len(strides) != depth and (halved := _halved_axes(spacing, sides, exact=exact)):
        strides.append(_step(halved))
        spacing = [mm * step for mm, step in zip(spacing, strides[-1], strict=True)]
        sides = [-(-side // step) for side, step in zip(sides, strides[-1], strict=True)]
    return Topology(tuple(strides), kernels_for(spacing_mm, tuple(strides)))


def padded(patch: Triple, strides: tuple[Triple, ...]) -> Triple:
    """The patch with each side rounded up to what the strides divide.

    >>> padded((35, 36, 50), ((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2)))
    (40, 40, 56)
    """
    x, y, z = (-(-side // divisor) * divisor for side, divisor in zip(patch, divisors_of(strides), strict=True))
    return x, y, z


def kernels_for(spacing_mm: tuple[float, float, float], strides: tuple[Triple, ...]) -> tuple[Triple, ...]:
    """Kernels of each stage of a network with these strides; the coarsest reaches along all axes."""
    spacing = list(spacing_mm)
    kernel: Triple = (1, 1, 1)
    kernels = []
    for step in strides[:-1]:
        spacing = [mm * factor for mm, factor in zip(spacing, step, strict=True)]
        kernel = _kernel(spacing, kernel)
        kernels.append(kernel)
    return (*kernels, _FULL)


def _halved_axes(spacing: list[float], sides: list[int], *, exact: bool) -> tuple[int, ...]:
    able = [axis for axis in range(3) if sides[axis] >= 2 * SMALLEST_SIDE and not (exact and sides[axis] % 2)]
    finest = min((spacing[axis] for axis in able), default=0.0)
    able = [axis for axis in able if spacing[axis] < _MATCHING * finest]
    if len(able) == 1 and sides[able[0]] < _ALONE * SMALLEST_SIDE:
        return ()
    return tuple(able)


def _kernel(spacing: list[float], before: Triple) -> Triple:
    """An axis that has a kernel keeps it."""
    finest = min(spacing)
    x, y, z = (3 if reach == 3 or mm < _MATCHING * finest else 1 for mm, reach in zip(spacing, before, strict=True))
    return x, y, z


def _step(halved: tuple[int, ...]) -> Triple:
    x, y, z = (2 if axis in halved else 1 for axis in range(3))
    return x, y, z
