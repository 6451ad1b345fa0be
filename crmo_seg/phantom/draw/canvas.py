"""The arrays that a study is painted on, and the one way to paint: mix a tissue in by the share of each voxel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.phantom.solids.grid import Box, Grid
from crmo_seg.phantom.solids.shapes import FloatArray
from crmo_seg.volume import Geometry

Labels: TypeAlias = NDArray[np.uint8]
Paints: TypeAlias = Mapping[str, FloatArray]
"""What each tissue gives in each channel, shape (C,)."""

_SLAB_ROWS: Final = 40
"""Rows of z painted at a time where a solid fills the whole grid, so that its arrays stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """One child on one fine grid; all arrays are filled in place.

    Attributes:
        grid: the voxels, finer than those of the scan along the slices.
        signal: (C, X, Y, Z) float32; for each sequence its signal, and what failed fat suppression would add.
        body: (X, Y, Z) bool, inside the skin.
        bones: (X, Y, Z) fine labels of ``anatomy.BONES_TABLE``.
        edema: (X, Y, Z) float32, share of each voxel that is edema of marrow.
        lesions: (X, Y, Z), number of the lesion from 1 on where edema was painted.
        findings: (X, Y, Z), kind of a look-alike, an index of ``normal.FINDING_KINDS``.
    """

    grid: Grid
    signal: FloatArray
    body: NDArray[np.bool_]
    bones: Labels
    edema: FloatArray
    lesions: Labels
    findings: Labels

    def paint(self, box: Box, share: FloatArray, values: FloatArray, gain: FloatArray | None = None) -> None:
        """Mix ``values`` (C,) times ``gain`` into the signal by the share (X, Y, Z of the box, 0 to 1), in place."""
        for channel, value in zip(self.signal, values.tolist(), strict=True):
            view = channel[box]
            change = np.float32(value) - view if gain is None else gain * np.float32(value) - view
            change *= share
            view += change

    def brighten(self, box: Box, share: FloatArray, values: FloatArray) -> None:
        """The same where the tissue there is darker than the values in the first channel; elsewhere nothing changes."""
        self.paint(box, share * (self.signal[0][box] < values[0]), values)

    def slabs(self) -> Iterator[tuple[int, Canvas]]:
        """The canvas in pieces along z, each with the row that it starts at; arrays are views."""
        rows = self.grid.geometry.shape[2]
        for start in range(0, rows, _SLAB_ROWS):
            yield start, self._rows(start, min(start + _SLAB_ROWS, rows))

    def _rows(self, start: int, stop: int) -> Canvas:
        rows = (slice(None), slice(None), slice(start, stop))
        return Canvas(
            rows_of(self.grid, start, stop),
            signal=self.signal[(slice(None), *rows)],
            body=self.body[rows],
            bones=self.bones[rows],
            edema=self.edema[rows],
            lesions=self.lesions[rows],
            findings=self.findings[rows],
        )


def empty_canvas(grid: Grid, channels: int) -> Canvas:
    """Air everywhere."""
    shape = grid.geometry.shape
    return Canvas(
        grid,
        signal=np.zeros((channels, *shape), np.float32),
        body=np.zeros(shape, np.bool_),
        bones=np.zeros(shape, np.uint8),
        edema=np.zeros(shape, np.float32),
        lesions=np.zeros(shape, np.uint8),
        findings=np.zeros(shape, np.uint8),
    )


def rows_of(grid: Grid, start: int, stop: int) -> Grid:
    """The part of a grid between two rows of z."""
    affine = grid.geometry.affine.copy()
    affine[2, 3] += start * affine[2, 2]
    x, y, _ = grid.geometry.shape
    return Grid(Geometry(affine, (x, y, stop - start)))


def moved_up(box: Box, rows: int) -> Box:
    """A box of a slab in the indices of the whole grid."""
    return box[0], box[1], slice(box[2].start + rows, box[2].stop + rows)


def stacked(palettes: Sequence[Mapping[str, FloatArray]]) -> Paints:
    """Paints of several sequences, their channels one after another."""
    return {tissue: np.concatenate([palette[tissue] for palette in palettes]) for tissue in palettes[0]}
