"""A fine drawing becomes the images that a scanner would store, with their truth."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.artefacts import crop, fold
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.scan.receive import MUSCLE, StationSignal, receive
from crmo_seg.phantom.scan.slices import fine_grid, image_geometry, labels_to_slices, slice_weights, to_slices
from crmo_seg.phantom.scan.stations import Station, compose_images, compose_truth, cut, plan_stations
from crmo_seg.phantom.scan.study import Drawing, Scan, StationScan, Truth
from crmo_seg.phantom.scan.tilt import tilted
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.volume import Array, Geometry, Volume

Number = TypeVar("Number", bound=np.generic)

LARGEST_VALUE: Final = 4095
"""Images are whole numbers of 12 bits."""


def acquire(drawing: Drawing, protocol: Protocol, rng: np.random.Generator) -> Scan:
    """Scan a drawing.

    Every sequence, station and artefact has a stream of its own, derived from one number of ``rng``: a sequence looks
    the same whichever others are drawn beside it.

    Raises:
        InputError: where the drawing is not on the protocol's fine grid, or there are too few rows for its stations.
    """
    if not drawing.grid.geometry.same_grid(fine_grid(protocol).geometry):
        raise InputError("drawing", "is not on the protocol's fine grid", "draw on fine_grid(protocol)")
    seed = int(rng.integers(2**63))
    stations = plan_stations(image_geometry(protocol).shape[2], protocol, _stream(seed, "stations"))
    shares, bones, lesions, findings = (
        [_framed(cut(whole, station), protocol) for station in stations] for whole in _sliced_truth(drawing, protocol)
    )
    edema = [share > 0.5 for share in shares]
    share = compose_truth(shares, stations)
    del shares
    numbers = [lesion * marked for lesion, marked in zip(lesions, edema, strict=True)]
    truths = list(zip(edema, bones, numbers, findings, strict=True))
    images = {name: _pieces(drawing, name, protocol, stations, seed) for name in drawing.sequences}
    return _assembled(images, truths, share, stations, protocol)


def _sliced_truth(drawing: Drawing, protocol: Protocol) -> tuple[Array, Array, Array, Array]:
    """Share of edema, bones, lesions and findings in slices, margins of the drawing included."""
    weights, axis = slice_weights(protocol), protocol.slice_axis
    bones, lesions, findings = (
        labels_to_slices(one, weights, axis) for one in (drawing.bones, drawing.lesions, drawing.findings)
    )
    return to_slices(drawing.edema, weights, axis), bones, lesions, findings


def _framed(array: NDArray[Number], protocol: Protocol) -> NDArray[Number]:
    """Without the margins of the drawing, an array of its own."""
    return np.array(crop(array, protocol.phase_axis, protocol.wrap_voxels), order="C")


def _pieces(
    drawing: Drawing, name: str, protocol: Protocol, stations: Sequence[Station], seed: int
) -> list[FloatArray]:
    """Stored values of each station of a sequence."""
    channel = 2 * drawing.sequences.index(name)
    moving = int(_stream(seed, name, "moving").integers(len(stations)))
    pieces = []
    for number, station in enumerate(stations):
        signal, leak = (_station_signal(one, station, protocol) for one in drawing.signal[channel : channel + 2])
        axes = _axes(protocol, station)
        here = StationSignal(signal, leak, axes, moves=number == moving)
        image = receive(here, protocol, partial(_stream, seed, name, str(number)))
        image *= np.float32(station.gain)
        pieces.append(image)
    return _stored(pieces, protocol.muscle_signal / MUSCLE)


def _station_signal(channel: FloatArray, station: Station, protocol: Protocol) -> FloatArray:
    # A single station holds all rows, which along z may be finer than the images' (axial slices).
    piece = cut(channel, station) if protocol.stations > 1 else channel
    sliced = to_slices(piece, slice_weights(protocol), protocol.slice_axis)
    return fold(sliced, protocol.phase_axis, protocol.wrap_voxels)


def _stored(pieces: list[FloatArray], scale: float) -> list[FloatArray]:
    """Whole numbers; scaled down where the brightest voxel would not fit."""
    largest = max(float(piece.max()) for piece in pieces)
    scale = min(scale, LARGEST_VALUE / largest) if largest > 0 else scale
    for piece in pieces:
        piece *= np.float32(scale)
        np.rint(piece, out=piece)
        np.clip(piece, 0, LARGEST_VALUE, out=piece)
    return pieces


def _assembled(
    images: dict[str, list[FloatArray]],
    truths: list[tuple[Array, Array, Array, Array]],
    share: FloatArray,
    stations: Sequence[Station],
    protocol: Protocol,
) -> Scan:
    flat = image_geometry(protocol)
    whole = _tilted_with(flat, flat, protocol)
    places = [_tilted_with(_rows_of(flat, station), flat, protocol) for station in stations]
    blend = protocol.artefacts.seam_blend
    composed = {name: compose_images(parts, stations, blend=blend) for name, parts in images.items()}
    edema, bones, lesions, findings = (compose_truth(parts, stations) for parts in zip(*truths, strict=True))
    return Scan(
        images=MappingProxyType({name: Volume(image, whole) for name, image in composed.items()}),
        edema=Volume(edema, whole),
        edema_share=Volume(share, whole),
        bones=Volume(bones, whole),
        lesions=Volume(lesions, whole),
        findings=Volume(findings, whole),
        stations=tuple(
            StationScan(
                station,
                MappingProxyType({name: Volume(parts[number], places[number]) for name, parts in images.items()}),
                Truth(*(Volume(array, places[number]) for array in truths[number])),
            )
            for number, station in enumerate(stations)
        ),
        protocol=protocol,
    )


def _axes(protocol: Protocol, station: Station) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, y, z = Grid(image_geometry(protocol)).axes
    return x, y, z[station.rows]


def _rows_of(geometry: Geometry, station: Station) -> Geometry:
    affine = geometry.affine.copy()
    affine[:3, 3] += affine[:3, 2] * station.rows.start
    return Geometry(affine, (*geometry.shape[:2], station.rows.stop - station.rows.start))


def _tilted_with(geometry: Geometry, flat: Geometry, protocol: Protocol) -> Geometry:
    """Turned about the middle of the whole field, so that stations stay side by side."""
    middle = flat.to_world_mm((np.array(flat.shape) - 1) / 2)
    return tilted(geometry, protocol.tilt_deg, middle)


def _stream(seed: int, *names: str) -> np.random.Generator:
    """A stream for one purpose; SFC64 because it is the fastest for noise."""
    words = [zlib.crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *words])))
