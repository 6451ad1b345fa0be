"""A body in several stations along z: where they lie, cutting, and putting together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.solids.shapes import FloatArray

Number = TypeVar("Number", bound=np.generic)
Shift: TypeAlias = tuple[int, int, int]

FEWEST_ROWS: Final = 4


@dataclass(frozen=True)
class Station:
    """One table position.

    Attributes:
        rows: of the composed image, along z.
        owned: those of them that the composed truth takes from this station.
        shift: whole voxels along x, y, z by which the body lies elsewhere than the header says.
        gain: of the receiver.
    """

    rows: slice
    owned: slice
    shift: Shift
    gain: float


def plan_stations(rows: int, protocol: Protocol, rng: np.random.Generator) -> tuple[Station, ...]:
    """Stations from the feet up, with drawn gains and shifts; the first is not shifted.

    Raises:
        InputError: where there are too few rows for the stations.
    """
    spans = station_rows(rows, protocol.stations, protocol.overlap)
    middles = [(a.stop + b.start) // 2 for a, b in pairwise(spans)]
    owned = zip([0, *middles], [*middles, rows], strict=True)
    gains = np.exp(protocol.artefacts.seam_step * rng.standard_normal(len(spans))).tolist()
    shifts = [_draw_shift(protocol, rng) for _ in spans]
    shifts[0] = (0, 0, 0)
    return tuple(
        Station(span, slice(*own), shift, gain)
        for span, own, shift, gain in zip(spans, owned, shifts, gains, strict=True)
    )


def station_rows(rows: int, count: int, overlap: float) -> tuple[slice, ...]:
    """Equally long stations over all rows; neighbours share at least ``overlap`` of their length, up to rounding.

    >>> station_rows(100, 3, 0.1)
    (slice(0, 36, None), slice(32, 68, None), slice(64, 100, None))
    """
    length = min(int(np.ceil(rows / (count - (count - 1) * overlap))), rows)
    if length < FEWEST_ROWS:
        raise InputError("scan protocol", f"{rows} rows in {count} stations", "give fewer stations or smaller voxels")
    starts = [round(index * (rows - length) / max(count - 1, 1)) for index in range(count)]
    return tuple(slice(start, start + length) for start in starts)


def cut(array: NDArray[Number], station: Station) -> NDArray[Number]:
    """A station's voxels (X, Y, Z) as they lie under its shift; what lies outside repeats the edge.

    The same for images and for truth.
    """
    piece = _span(array, station.rows.start - station.shift[2], station.rows.stop - station.shift[2], 2)
    for axis in (0, 1):
        step = station.shift[axis]
        piece = _span(piece, -step, array.shape[axis] - step, axis)
    return piece


def compose_truth(pieces: Sequence[NDArray[Number]], stations: Sequence[Station]) -> NDArray[Number]:
    """Labels or shares of all stations side by side, without blending."""
    parts = [
        piece[:, :, station.owned.start - station.rows.start : station.owned.stop - station.rows.start]
        for piece, station in zip(pieces, stations, strict=True)
    ]
    return np.ascontiguousarray(np.concatenate(parts, axis=2)) if len(parts) > 1 else parts[0]


def compose_images(pieces: Sequence[FloatArray], stations: Sequence[Station], *, blend: bool) -> FloatArray:
    """Images of all stations in one; cut in the middle of the overlaps, or faded into each other there.

    The values are whole numbers, before and after.
    """
    whole = compose_truth(pieces, stations)
    if not blend:
        return whole
    for (lower, below), (upper, above) in pairwise(zip(pieces, stations, strict=True)):
        start, stop = above.rows.start, below.rows.stop
        share = ((np.arange(start, stop) - start + 1) / (stop - start + 1)).astype(np.float32)
        bottom, top = lower[:, :, start - below.rows.start :], upper[:, :, : stop - start]
        whole[:, :, start:stop] = np.rint(bottom + (top - bottom) * share)
    return whole


def _draw_shift(protocol: Protocol, rng: np.random.Generator) -> Shift:
    largest = protocol.artefacts.seam_shift_voxels
    steps = rng.integers(-largest, largest, size=3, endpoint=True).tolist()
    x, y, z = (0 if axis == protocol.slice_axis else int(step) for axis, step in enumerate(steps))
    return x, y, z


def _span(array: NDArray[Number], start: int, stop: int, axis: int) -> NDArray[Number]:
    """Indices from start to stop along an axis, a view where all exist; others repeat the edge."""
    count = array.shape[axis]
    index = [slice(None)] * 3
    index[axis] = slice(max(start, 0), min(stop, count))
    inside = array[tuple(index)]
    if start >= 0 and stop <= count:
        return inside
    margins = [(0, 0)] * 3
    margins[axis] = (max(-start, 0), max(stop - count, 0))
    return np.pad(inside, margins, mode="edge")
