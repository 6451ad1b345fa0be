"""Windows over bodies: nothing of the body lost, no window of air, one shape."""

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.inference.layout import (
    WindowLayout,
    _joined,
    body_extents,
    choose_window,
    lay_windows,
)
from crmo_seg.inference.windows import count_windows, windows_without_body

LARGEST = 1.5
sides = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))


@st.composite
def bodies(draw: st.DrawFn) -> np.ndarray:
    """A few blocks of body with air between them; sometimes none."""
    shape = draw(st.tuples(st.integers(1, 24), st.integers(1, 24), st.integers(1, 8)))
    body = np.zeros(shape, dtype=bool)
    for _ in range(draw(st.integers(0, 4))):
        first = [draw(st.integers(0, size - 1)) for size in shape]
        stop = [draw(st.integers(low + 1, size)) for low, size in zip(first, shape, strict=True)]
        body[tuple(slice(low, high) for low, high in zip(first, stop, strict=True))] = True
    return body


def times_covered(layout: WindowLayout, shape: tuple[int, ...]) -> np.ndarray:
    count = np.zeros([max(size, side) for size, side in zip(shape, layout.window, strict=True)], dtype=int)
    for box in layout.boxes:
        assert count[box].shape == layout.window, "a window must lie inside the padded image"
        count[box] += 1
    return count[tuple(slice(0, size) for size in shape)]


@settings(deadline=None, max_examples=60)
@given(body=bodies(), window=sides, overlap=st.floats(0, 0.6))
def test_every_voxel_of_the_body_lies_in_a_window(
    body: np.ndarray, window: tuple[int, int, int], overlap: float
) -> None:
    layout = lay_windows(body, window, overlap)
    assert (times_covered(layout, body.shape)[body] > 0).all()
    assert all(body[box].any() for box in layout.boxes), "a window of air is wasted"
    assert len(set(layout.starts)) == len(layout.starts)
    rows = [start[layout.long_axis] for start in layout.starts]
    assert rows == sorted(rows)
    assert lay_windows(body.copy(), window, overlap) == layout
    assert layout.voxels == len(layout.boxes) * prod(window)


@given(
    body=bodies(),
    steps=sides,
    divisors=st.tuples(*[st.sampled_from([1, 2, 3, 4])] * 3),
    overlap=st.sampled_from([0.1, 0.25, 0.5]),
)
@settings(deadline=None, max_examples=60)
def test_the_window_suits_network_patch_and_body(
    body: np.ndarray, steps: tuple[int, int, int], divisors: tuple[int, int, int], overlap: float
) -> None:
    patch = (steps[0] * divisors[0], steps[1] * divisors[1], steps[2] * divisors[2])
    window = choose_window(body, patch, divisors, overlap, LARGEST)
    assert choose_window(body, patch, divisors, overlap, LARGEST) == window
    assert choose_window(body, patch, divisors, overlap, 1.0) == patch
    for (first, stop), side, usual, divisor in zip(body_extents(body), window, patch, divisors, strict=True):
        assert side % divisor == 0
        assert usual <= side <= usual * LARGEST
        if side > usual:
            assert side < stop - first + divisor, "no longer than needed"


@pytest.mark.parametrize("overlap", [0.1, 0.25, 0.5])
def test_a_larger_window_is_taken_where_it_saves_voxels(overlap: float) -> None:
    """36 slices and a patch of 24: two windows are 48, one of 36 is enough."""
    body = np.ones((96, 128, 36), dtype=bool)
    assert choose_window(body, (96, 128, 24), (16, 16, 4), overlap, LARGEST) == (96, 128, 36)
    assert choose_window(body[..., :24], (96, 128, 24), (16, 16, 4), overlap, LARGEST) == (96, 128, 24)


def test_the_chosen_window_costs_no_more_than_the_patch() -> None:
    """On a body with arms and legs, over all modes' overlaps; blocks of half a divisor are exact here."""
    body = np.zeros((200, 640, 36), dtype=bool)
    body[48:152, 320:560, 4:32] = True
    body[80:120, 560:640, 4:36] = True
    body[56:88, :320, 8:28] = body[112:144, :320, 8:28] = True
    for overlap, saved in ((0.1, 0.6), (0.25, 0.7), (0.5, 0.8)):
        chosen = choose_window(body, (96, 128, 24), (16, 16, 4), overlap, LARGEST)
        cost, usual = (lay_windows(body, window, overlap).voxels for window in (chosen, (96, 128, 24)))
        assert cost <= saved * usual


def test_a_small_body_takes_a_whole_patch() -> None:
    """Normalised over fewer voxels a network would answer otherwise than in training."""
    body = np.ones((50, 5, 2), dtype=bool)
    assert choose_window(body, (96, 128, 24), (16, 16, 4), 0.25, LARGEST) == (96, 128, 24)


def test_windows_follow_the_body() -> None:
    """Two legs below a trunk, by hand: windows over the trunk, one for each leg, none between them."""
    body = np.zeros((60, 30, 4), dtype=bool)
    body[15:45, 15:30] = True
    body[4:12, :15] = True
    body[50:57, :15] = True
    layout = lay_windows(body, (20, 5, 4), 0.0)
    assert layout.long_axis == 1
    legs = [(0, row, 0) for row in (0, 5, 10)] + [(40, row, 0) for row in (0, 5, 10)]
    trunk = [(column, row, 0) for row in (15, 20, 25) for column in (15, 25)]
    assert set(layout.starts) == {*legs, *trunk}
    assert len(layout.starts) == 12 < windows_without_body(body.shape, (20, 5, 4), 0.0)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 12), st.sampled_from([0.0, 0.25, 0.5]))
def test_runs_are_joined_to_the_fewest_windows(lengths: list[int], side: int, overlap: float) -> None:
    """Against every way to join them."""
    edges = np.cumsum(lengths)
    runs = [(int(first), int(stop)) for first, stop in zip(edges[:-1:2], edges[1::2], strict=False)]

    def windows(parts: list[tuple[int, int]]) -> int:
        return sum(count_windows(stop - first, side, overlap) for first, stop in parts)

    ways = []
    for cuts in range(2 ** max(0, len(runs) - 1)):
        parts = runs[:1]
        for index, run in enumerate(runs[1:]):
            parts = [*parts, run] if cuts >> index & 1 else [*parts[:-1], (parts[-1][0], run[1])]
        ways.append(parts)
    assert windows(_joined(runs, side, overlap)) == min(windows(parts) for parts in ways)
    assert _joined(runs, side, overlap) in ways


def test_a_window_longer_than_the_body_has_it_in_the_middle_but_stays_inside() -> None:
    body = np.zeros((10, 30, 6), dtype=bool)
    body[8:10, 12:18, 2:4] = True
    assert lay_windows(body, (8, 16, 8), 0.25).starts == ((2, 7, 0),)


def test_an_image_without_body_gets_no_window() -> None:
    body = np.zeros((9, 9, 9), dtype=bool)
    assert choose_window(body, (8, 8, 4), (2, 2, 2), 0.25, LARGEST) == (8, 8, 4)
    assert lay_windows(body, (8, 8, 4), 0.25).starts == ()
