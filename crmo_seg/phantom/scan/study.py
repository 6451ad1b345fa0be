"""What goes into a scan and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.scan.stations import Station
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.volume import Volume


@dataclass(frozen=True, eq=False)
class Drawing:
    """What the body looks like before a scanner sees it; all arrays on ``fine_grid`` of the protocol.

    Attributes:
        grid: fine voxels.
        signal: (2 S, X, Y, Z) float32; for each sequence its signal (muscle 100), and what unsuppressed fat adds.
        sequences: their S names.
        edema: (X, Y, Z) float32, share of edema of each voxel.
        bones: (X, Y, Z) uint8, labels of ``anatomy.BONES_TABLE``.
        lesions: (X, Y, Z) uint8, number of the lesion, from 1 on.
        findings: (X, Y, Z) uint8, kinds of look-alikes.

    Raises:
        InputError: where shapes and names do not fit.
    """

    grid: Grid
    signal: FloatArray
    sequences: tuple[str, ...]
    edema: FloatArray
    bones: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    findings: NDArray[np.uint8]

    def __post_init__(self) -> None:
        shape = self.grid.geometry.shape
        if self.signal.shape != (2 * len(self.sequences), *shape) or not self.sequences:
            problem = f"signal has shape {self.signal.shape} for {len(self.sequences)} sequences on a grid of {shape}"
            raise InputError("drawing", problem, "give two channels a sequence on the grid")
        for name in ("edema", "bones", "lesions", "findings"):
            if getattr(self, name).shape != shape:
                raise InputError("drawing", f"{name} is not on the grid of {shape}", "draw it on the same grid")


@dataclass(frozen=True, eq=False)
class Truth:
    """What is where.

    Attributes:
        edema: bool, share above 0.5.
        bones: uint8.
        lesions: uint8, number of the lesion of each voxel of ``edema``.
        findings: uint8.
    """

    edema: Volume
    bones: Volume
    lesions: Volume
    findings: Volume


@dataclass(frozen=True, eq=False)
class StationScan:
    """Images and truth of one table position, on its own grid.

    Attributes:
        station: where it lies in the composed image, its shift and gain.
        images: by sequence, float32 whole numbers of 0 to 4095.
        truth: of the same voxels.
    """

    station: Station
    images: Mapping[str, Volume]
    truth: Truth


@dataclass(frozen=True, eq=False)
class Scan:
    """A study: all volumes but the stations' are on one grid, RAS+ unless tilted.

    Attributes:
        images: by sequence, float32 whole numbers of 0 to 4095, composed.
        edema: bool, share above 0.5.
        edema_share: float32, 0 to 1.
        bones: uint8.
        lesions: uint8, number of the lesion of each voxel of ``edema``.
        findings: uint8.
        stations: from the feet up; a single one shares the composed voxels.
        protocol: how it was acquired.
    """

    images: Mapping[str, Volume]
    edema: Volume
    edema_share: Volume
    bones: Volume
    lesions: Volume
    findings: Volume
    stations: tuple[StationScan, ...]
    protocol: Protocol
