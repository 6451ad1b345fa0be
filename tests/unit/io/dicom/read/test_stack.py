from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import rotation_about

from crmo_seg.io.dicom.read.stack import Slice, stack_problem


def stack(heights: list[float], angle_degrees: float = 0.0, shift_per_mm: float = 0.0) -> list[Slice]:
    """Slices at these heights along their normal, turned as a whole, each shifted in plane by its height."""
    rotation = rotation_about((1, 2, 0.5), angle_degrees)
    orientation = tuple(rotation[:, 0]) + tuple(rotation[:, 1])
    positions = [tuple(rotation @ (shift_per_mm * height, 0, height)) for height in heights]
    return [Slice(position, orientation, (1.0, 1.0), (64, 64)) for position in positions]


@pytest.mark.parametrize("angle", [0, 30, -80])
@pytest.mark.parametrize("heights", [[0, 6, 12, 18], [18.0, 0.0, 12.0, 6.0], [-5, 5], [0, 6.02, 11.98, 18]])
def test_even_slices_in_any_order_are_one_volume(heights: list[float], angle: float) -> None:
    assert stack_problem(stack(heights, angle)) is None


def test_small_differences_of_the_direction_are_rounding() -> None:
    slices = stack([0, 6, 12])
    slices[1] = replace(slices[1], orientation=tuple(np.array(slices[1].orientation) + 5e-4))
    assert stack_problem(slices) is None


BAD_STACKS = {
    "one slice": (stack([0]), "has a single slice"),
    "missing": (
        stack([0, 6, 12, 24, 30], 20),
        "misses a slice: 12 mm from the one at 12 mm to the next, where others are 6",
    ),
    "missing of three": (stack([0, 6, 18]), "misses a slice: 12 mm"),
    "uneven": (stack([0, 6, 13, 19]), "has slices 6 to 7 mm apart, not evenly spaced"),
    "twice": (stack([0, 6, 6, 12]), "has 1 of 4 slices at a position that another one has already"),
    "tilt": (stack([0, 6, 12], 20, np.tan(np.radians(14))), "is stacked askew to its slices (14.0 degrees"),
    "slight tilt": (stack(list(range(0, 200, 6)), 0, np.tan(np.radians(1))), "askew to its slices (1.0 degrees"),
    "orientations": (stack([0, 6]) + stack([12, 18], 5), "mixes slice orientations"),
    "pixel spacings": ([*stack([0, 6]), replace(stack([12])[0], pixel_spacing_mm=(2, 2))], "mixes pixel spacings"),
    "sizes": ([*stack([0, 6]), replace(stack([12])[0], matrix=(32, 64))], "mixes image sizes (32 x 64, 64 x 64)"),
}


@pytest.mark.parametrize("name", BAD_STACKS)
def test_what_is_no_volume_is_named(name: str) -> None:
    slices, expected = BAD_STACKS[name]
    problem = stack_problem(slices)
    assert problem is not None
    assert expected in problem[0]
    assert problem[1]
