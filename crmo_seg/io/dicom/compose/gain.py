"""One intensity scale for stations: what their overlaps say of each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from crmo_seg.io.dicom.compose.grid import Box, Placed
from crmo_seg.volume import Array, Float64Array

TISSUE_SHARE: Final = 0.2
"""Voxels above this share of the 95th percentile of both stations count: the rest is air and noise."""

FEWEST_VOXELS: Final = 100
"""An overlap with less tissue tells nothing."""

LEAST_CORRELATION: Final = 0.5
"""Overlaps that agree less than this show other anatomy, so their intensities are not matched."""

GAIN_SPREAD: Final = 0.2
"""Standard deviation of the logarithm of the gain of stations of one examination."""

OVERLAP_ERROR: Final = 0.15
"""Of the logarithm of the ratio in an overlap: surface coils fade towards the ends of a station, not all alike.

The 49 overlaps of 14 tiny whole-body phantoms err by 0.14. With both numbers stations whose gains differ by
0.09, 0.22 or 0.41 (standard deviations of logarithms) end up within 0.08, 0.10 or 0.14; overlaps taken at their word
leave 0.13 each time, and make examinations worse that needed no correction.
"""

_MOST_VOXELS = 300_000


@dataclass(frozen=True)
class Overlap:
    """Where two stations show the same place.

    Attributes:
        first: number of one station, from 0.
        second: of the other.
        voxels: with tissue in both.
        correlation: of the signals, Pearson; NaN where there is no tissue.
        log_ratio: median of log(first / second); NaN where there is no tissue.
    """

    first: int
    second: int
    voxels: int
    correlation: float
    log_ratio: float

    @property
    def has_tissue(self) -> bool:
        """Whether there is enough to compare."""
        return self.voxels >= FEWEST_VOXELS

    @property
    def agrees(self) -> bool:
        """Whether both stations show the same tissue there."""
        return self.has_tissue and self.correlation >= LEAST_CORRELATION


def overlaps(stations: Sequence[Placed]) -> tuple[Overlap, ...]:
    """All pairs of stations that share voxels."""
    return tuple(_overlaps(stations))


def gains(count: int, found: Sequence[Overlap]) -> Float64Array:
    """The most probable factor for each of ``count`` stations, normal errors assumed for gains and overlaps.

    Stations that no overlap connects keep their scale.

    >>> gains(3, [Overlap(0, 1, 900, 0.9, float(np.log(2.0)))]).round(3).tolist()
    [0.763, 1.311, 1.0]
    """
    used = [overlap for overlap in found if overlap.agrees]
    differences = np.zeros((len(used), count))
    for row, overlap in enumerate(used):
        differences[row, overlap.second], differences[row, overlap.first] = 1.0, -1.0
    system = np.concatenate([differences / OVERLAP_ERROR, np.eye(count) / GAIN_SPREAD])
    ratios = [overlap.log_ratio / OVERLAP_ERROR for overlap in used]
    log_gains: Float64Array = np.linalg.lstsq(system, np.array([*ratios, *[0.0] * count]), rcond=None)[0]
    return np.exp(log_gains)


def _overlaps(stations: Sequence[Placed]) -> Iterator[Overlap]:
    for (first, one), (second, other) in combinations(enumerate(stations), 2):
        common = _common(one.box, other.box)
        if common is None:
            continue
        signal, other_signal = _shared(one, other, common)
        if signal.size:
            yield _compared(first, second, signal, other_signal)


def _common(box: Box, other: Box) -> Box | None:
    x, y, z = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(box, other, strict=True))
    return (x, y, z) if all(part.start < part.stop for part in (x, y, z)) else None


def _shared(one: Placed, other: Placed, common: Box) -> tuple[Array, Array]:
    """Signals of both in the voxels that lie in both; not more than are needed."""
    signals, inside = [], np.ones([part.stop - part.start for part in common], dtype=bool)
    for placed in (one, other):
        part = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(common, placed.box, strict=True))
        signals.append(placed.signal[part])
        inside &= np.broadcast_to(placed.inside_mm, placed.signal.shape)[part] > 0
    step = max(1, int(inside.sum()) // _MOST_VOXELS)
    return signals[0][inside][::step], signals[1][inside][::step]


def _compared(first: int, second: int, signal: Array, other: Array) -> Overlap:
    tissue = (signal > _threshold(signal)) & (other > _threshold(other))
    voxels = int(tissue.sum())
    if voxels < FEWEST_VOXELS:
        return Overlap(first, second, voxels, float("nan"), float("nan"))
    log_ratio = float(np.median(np.log(signal[tissue]) - np.log(other[tissue])))
    return Overlap(first, second, voxels, _correlation(signal, other), log_ratio)


def _threshold(signal: Array) -> float:
    return max(TISSUE_SHARE * float(np.quantile(signal, 0.95)), 0.0)


def _correlation(signal: Array, other: Array) -> float:
    if min(float(np.ptp(signal)), float(np.ptp(other))) == 0:
        return 1.0
    return float(np.corrcoef(signal, other)[0, 1])
