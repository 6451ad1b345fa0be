"""Images of a study -> what a network is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crmo_seg.plan import GridPlan
from crmo_seg.preprocess.grid import ModelGrid, model_grid
from crmo_seg.preprocess.signal import normalise
from crmo_seg.volume import Array, Volume


def preprocess(images: Sequence[Volume], plan: GridPlan) -> tuple[NDArray[np.float32], ModelGrid]:
    """A scan as a network sees it, and the way back.

    Args:
        images: its sequences, all on one grid.
        plan: the grid of the network's input.

    Returns:
        Normalised signal (sequence, X, Y, Z) on the model grid, and that grid.
    """
    grid = model_grid(images[0].geometry, plan)
    return np.stack([normalise(grid.resample(image)).array for image in images]), grid


def pad_to(array: Array, minimum: tuple[int, ...], *, value: float) -> Array:
    """Append voxels of one value to the last axes until they have at least ``minimum`` voxels.

    Args:
        array: (..., X, Y, Z).
        minimum: sides of a window, one for each of the last axes.
        value: of the appended voxels; for images their minimum, which is air.

    >>> pad_to(np.ones((1, 2, 3)), (2, 3), value=0).shape, pad_to(np.ones((1, 2, 3)), (4, 2), value=0).shape
    ((1, 2, 3), (1, 4, 3))
    """
    missing = [max(0, side - have) for side, have in zip(minimum, array.shape[-len(minimum) :], strict=True)]
    if not any(missing):
        return array
    widths = [(0, 0)] * (array.ndim - len(minimum)) + [(0, count) for count in missing]
    return np.pad(array, widths, constant_values=value)
