from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.study import Drawing
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.volume import Geometry

SHAPE = (4, 3, 5)


def drawing(*, channels: int = 2, bones_shape: tuple[int, ...] = SHAPE) -> Drawing:
    return Drawing(
        grid=Grid(Geometry(np.eye(4), SHAPE)),
        signal=np.zeros((channels, *SHAPE), np.float32),
        sequences=("stir",),
        edema=np.zeros(SHAPE, np.float32),
        bones=np.zeros(bones_shape, np.uint8),
        lesions=np.zeros(SHAPE, np.uint8),
        findings=np.zeros(SHAPE, np.uint8),
    )


def test_a_drawing_has_two_channels_a_sequence() -> None:
    assert drawing().signal.shape == (2, *SHAPE)
    with pytest.raises(InputError, match="signal has shape .* for 1 sequences .*; give two channels a sequence"):
        drawing(channels=3)


def test_everything_is_drawn_on_one_grid() -> None:
    with pytest.raises(InputError, match="drawing: bones is not on the grid"):
        drawing(bones_shape=(4, 3, 6))
