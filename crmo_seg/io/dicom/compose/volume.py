"""One volume of an examination: its stations joined by where they lie, or the series that the scanner joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.headers import label_of
from crmo_seg.io.dicom.compose.gain import Overlap, gains, overlaps
from crmo_seg.io.dicom.compose.grid import Placed, main_axis, place, union_grid
from crmo_seg.io.dicom.types import ComposedStudy, Stack, StackVolume
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

TOLD_GAIN: Final = 1.1
"""A factor of intensity is worth a sentence from here on."""

LARGEST_EMPTY_SHARE: Final = 0.75
"""Of a grid; stations that are further apart have wrong positions."""


def compose(stations: Sequence[StackVolume], notes: Sequence[str] = ()) -> ComposedStudy:
    """Join stations in world coordinates.

    The grid is that of the largest station, continued over all of them. Stations are interpolated linearly, brought to
    one scale of intensity by what they share, and faded into each other where they overlap, by the distance to their
    ends. Voxels that no station covers are 0.

    Args:
        stations: of one sequence, from the head on; a single one stays as it is.
        notes: sentences that come before those about the joining.

    Raises:
        InputError: where the stations lie too far apart to be one body.
    """
    volumes, stacks = [station.volume for station in stations], tuple(station.stack for station in stations)
    said = (*notes, *_repeats(stations))
    if len(volumes) == 1:
        return ComposedStudy(volumes[0], stacks, _all_first(volumes[0]), False, said)
    grid = _checked_grid([volume.geometry for volume in volumes], stacks)
    axis = main_axis(grid, [volume.geometry for volume in volumes])
    placed = [place(volume, grid, axis) for volume in volumes]
    found = overlaps(placed)
    factors = gains(len(placed), found)
    array, station_of_voxel = _blended(placed, factors, grid)
    said += (*_frames(stacks), *_steps(factors), *_disagreements(found), *_gaps(station_of_voxel, grid, axis))
    return ComposedStudy(Volume(array, grid), stacks, station_of_voxel, False, said)


def composed_by_scanner(
    composed: StackVolume, stations: Sequence[Stack] = (), notes: Sequence[str] = ()
) -> ComposedStudy:
    """The scanner's own composed series, of these stations."""
    text = f"The volume is {label_of(composed.stack)}, which the scanner composed."
    said = (*notes, text, *_repeats([composed]))
    return ComposedStudy(composed.volume, (composed.stack, *stations), _all_first(composed.volume), True, said)


def _checked_grid(grids: Sequence[Geometry], stacks: Sequence[Stack]) -> Geometry:
    grid = union_grid(grids)
    filled_ml = sum(float(np.prod(each.shape)) * each.voxel_volume_ml for each in grids)
    if filled_ml < (1 - LARGEST_EMPTY_SHARE) * float(np.prod(grid.shape)) * grid.voxel_volume_ml:
        problem = f"{len(stacks)} stations lie too far apart to be one body: {', '.join(map(label_of, stacks))}"
        raise InputError(f"study {stacks[0].study_uid}", problem, "choose one of them with --series UID")
    return grid


def _blended(placed: Sequence[Placed], factors: Float64Array, grid: Geometry) -> tuple[Array, Array]:
    """Mean weighted by the distance to the stations' ends, and the number of the station that weighs most."""
    array, weights = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    station_of_voxel, largest = np.zeros(grid.shape, np.uint8), np.zeros(grid.shape, np.float32)
    for number, (station, factor) in enumerate(zip(placed, factors, strict=True), 1):
        part, weight = array[station.box], np.broadcast_to(station.inside_mm, station.signal.shape)
        weights[station.box] += weight
        share = np.divide(weight, weights[station.box], out=np.zeros_like(part), where=weight > 0)
        # A running mean: exact where a station is alone, and where stations agree.
        part += share * (station.signal * np.float32(factor) - part)
        wins = weight > largest[station.box]
        station_of_voxel[station.box][wins] = number
        largest[station.box][wins] = weight[wins]
    return array, station_of_voxel


def _all_first(volume: Volume) -> Array:
    return np.ones(volume.array.shape, dtype=np.uint8)


def _repeats(stations: Sequence[StackVolume]) -> Iterator[str]:
    for station in stations:
        if len(station.volumes) > 1:
            name = _sentence(label_of(station.stack))
            yield f"{name} was measured {len(station.volumes)} times; the first measurement is used."


def _frames(stacks: Sequence[Stack]) -> Iterator[str]:
    count = len({stack.frame_of_reference_uid for stack in stacks})
    if count > 1:
        yield f"The stations have {count} frames of reference; they were joined by their positions in the scanner."


def _steps(factors: Float64Array) -> Iterator[str]:
    for number, factor in enumerate(factors.tolist(), 1):
        if max(factor, 1 / factor) >= TOLD_GAIN:
            yield f"The signal of station {number} was multiplied by {factor:.2f} to match its neighbours."


def _disagreements(found: Sequence[Overlap]) -> Iterator[str]:
    for overlap in found:
        names = f"Stations {overlap.first + 1} and {overlap.second + 1}"
        if not overlap.has_tissue:
            yield f"{names} share too little tissue to match their intensities."
        elif not overlap.agrees:
            text = f"{names} do not agree where they overlap (correlation {overlap.correlation:.2f})"
            yield f"{text}; the patient may have moved. Their intensities were not matched."


def _gaps(station_of_voxel: Array, grid: Geometry, axis: int) -> Iterator[str]:
    """Stretches along the stations' axis where nothing was measured."""
    others = tuple(each for each in range(3) if each != axis)
    rows = station_of_voxel.max(axis=others)
    empty = np.flatnonzero(rows == 0)
    for run in np.split(empty, np.flatnonzero(np.diff(empty) > 1) + 1):
        if run.size and run[0] > 0 and run[-1] < rows.size - 1:
            names = " and ".join(map(str, sorted((int(rows[run[0] - 1]), int(rows[run[-1] + 1])))))
            length = run.size * grid.spacing_mm[axis]
            yield f"Nothing was measured on {length:.0f} mm between stations {names}; the signal is 0 there."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
