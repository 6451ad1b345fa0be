"""Spacing against the training cases'."""

from __future__ import annotations

import pytest
from builders import make_geometry

from crmo_seg.data.ranges import TrainingRanges
from crmo_seg.inference.quality.spacing import TOLERANCE, spacing_flags

SEEN = TrainingRanges((1.0, 1.5), (3.0, 8.0), ("stir",), 40)


@pytest.mark.parametrize("spacing_mm", [(1.0, 3.0, 1.5), (1.25, 1.25, 6.0), (8.0 * TOLERANCE, 1.0 / 1.05, 1.5)])
def test_within_the_range_there_is_nothing_to_say(spacing_mm: tuple[float, float, float]) -> None:
    assert not list(spacing_flags(make_geometry((5, 5, 5), spacing_mm), SEEN))


@pytest.mark.parametrize(
    ("spacing_mm", "code", "value"),
    [
        ((1.2, 10.0, 1.2), "slice_spacing_outside_training", 10.0),
        ((1.2, 2.0, 1.2), "slice_spacing_outside_training", 2.0),
        ((0.5, 6.0, 1.2), "in_plane_spacing_outside_training", 0.5),
        ((1.2, 6.0, 2.5), "in_plane_spacing_outside_training", 2.5),
    ],
)
def test_beyond_it_the_spacing_is_named(spacing_mm: tuple[float, float, float], code: str, value: float) -> None:
    (flag,) = spacing_flags(make_geometry((5, 5, 5), spacing_mm), SEEN)
    assert (flag.code, flag.severity, flag.value) == (code, "warning", value)


def test_one_spacing_in_training_is_no_range() -> None:
    (flag,) = spacing_flags(make_geometry((5, 5, 5), (1.0, 9.0, 1.0)), TrainingRanges((1.0, 1.0), (6.0, 6.0), (), 3))
    assert flag.text == "The slices are 9 mm apart, but the model learned from slices 6 mm apart."
