"""One station of one sequence: what the receiver makes of the sliced signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.phantom.scan.artefacts import blur, cross_talk, ghost, metal
from crmo_seg.phantom.scan.coil import coil_field
from crmo_seg.phantom.scan.fields import multiply
from crmo_seg.phantom.scan.interpolation import pass_band
from crmo_seg.phantom.scan.noise import Filters, add_rician, unevenness_field
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.scan.suppression import add_unsuppressed, failure_field
from crmo_seg.phantom.solids.shapes import FloatArray

MUSCLE: Final = 100.0
"""Of the drawing."""


@dataclass(frozen=True, eq=False)
class StationSignal:
    """The sliced drawing of one station.

    Attributes:
        signal: (X, Y, Z), muscle 100; used up.
        fat_leak: (X, Y, Z), what is added where fat is not suppressed.
        axes: mm along x, y, z in the body's frame.
        moves: whether the body moves meanwhile.
    """

    signal: FloatArray
    fat_leak: FloatArray
    axes: tuple[FloatArray, FloatArray, FloatArray]
    moves: bool


def receive(station: StationSignal, protocol: Protocol, stream: Callable[[str], np.random.Generator]) -> FloatArray:
    """Magnitude image of a station, muscle about 100; ``stream`` gives the random numbers of each part."""
    image, axes, artefacts = station.signal, station.axes, protocol.artefacts
    failure = failure_field(axes, artefacts, stream("suppression"))
    if failure is not None:
        add_unsuppressed(image, station.fat_leak, failure)
    image = _disturbed(image, station, protocol, stream)
    sensitivity = coil_field(axes, artefacts.bias, stream("coil"))
    if sensitivity is not None:
        multiply(image, sensitivity)
    unevenness = unevenness_field(axes, artefacts.noise_unevenness, stream("unevenness"))
    sigma = artefacts.noise * MUSCLE
    return add_rician(image, sigma, stream("noise"), unevenness, _filters(image, protocol))


def _disturbed(
    image: FloatArray, station: StationSignal, protocol: Protocol, stream: Callable[[str], np.random.Generator]
) -> FloatArray:
    """Metal, motion, ghosts and cross-talk."""
    artefacts, phase_axis = protocol.artefacts, protocol.phase_axis
    if artefacts.metal is not None:
        metal(image, station.axes, artefacts.metal, stream("metal"))
    if station.moves:
        image = blur(image, _motion_axis(protocol), artefacts.motion_voxels, stream("motion"))
    if artefacts.ghost_box is not None:
        box, amount, rng = artefacts.ghost_box, artefacts.ghosting, stream("ghosts")
        ghost(image, station.axes, box, amount=amount, phase_axis=phase_axis, rng=rng)
    cross_talk(image, protocol.slice_axis, artefacts.cross_talk, stream("cross-talk"))
    return image


def _motion_axis(protocol: Protocol) -> int:
    """Along the body where the slices show that."""
    return protocol.in_plane_axes[1]


def _filters(image: FloatArray, protocol: Protocol) -> Filters:
    factor, sharp = protocol.artefacts.interpolation, protocol.artefacts.gibbs
    if factor == 1 and not sharp:
        return ()
    return [(axis, pass_band(image.shape[axis], factor, sharp=sharp)) for axis in protocol.in_plane_axes]
