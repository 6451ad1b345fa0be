import numpy as np
import pytest
from stack_builders import make_stack, with_signal

from crmo_seg.anatomy import Side
from crmo_seg.io.dicom.types import ComposedStudy


@pytest.mark.parametrize(
    ("told", "side"),
    [(("L", "L"), Side.LEFT), (("R",), Side.RIGHT), (("L", "R"), None), (("B",), None), ((None,), None), ((), None)],
)
def test_the_side_is_what_all_stations_say(told: tuple[str | None, ...], side: Side | None) -> None:
    stations = tuple(make_stack(number, Laterality=value) for number, value in enumerate(told, 1))
    grid = make_stack(1).geometry
    assert grid is not None
    volume = with_signal(make_stack(1), np.zeros(grid.shape)).volume
    composed = ComposedStudy(volume, stations, np.zeros(grid.shape, np.uint8), vendor_composed=False)
    assert composed.laterality is side
