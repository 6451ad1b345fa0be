from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.inference.windows import (
    count_windows,
    gaussian_weight,
    pad_with_air,
    window_starts,
    windows_without_body,
)


def test_windows_of_a_whole_image_are_counted() -> None:
    assert windows_without_body((9, 9, 9), (8, 8, 4), 0.25) == 2 * 2 * 3


def test_each_sequence_is_padded_with_its_own_air() -> None:
    image = np.stack([np.full((3, 4, 2), 5.0), np.full((3, 4, 2), 7.0)]).astype(np.float32)
    image[:, 0, 0, 0] = (-2.0, 1.0)
    padded = pad_with_air(image, (2, 6, 3))
    assert padded.shape == (2, 3, 6, 3)
    np.testing.assert_array_equal(padded[:, :3, :4, :2], image)
    assert (padded[0, :, 4:] == -2).all()
    assert (padded[1, :, :, 2:] == 1).all()
    assert pad_with_air(image, (3, 4, 2)) is image


@given(size=st.integers(1, 200), window=st.integers(1, 64), overlap=st.floats(0, 0.9))
def test_windows_cover_an_axis_from_edge_to_edge(size: int, window: int, overlap: float) -> None:
    starts = window_starts(size, window, overlap)
    assert len(starts) == count_windows(size, window, overlap)
    covered = {start + i for start in starts for i in range(window)}
    assert covered >= set(range(size))
    assert starts[0] == 0
    assert starts[-1] == max(0, size - window)
    assert all(after - before <= max(1, window * (1 - overlap)) + 1 for before, after in pairwise(starts))


def test_the_weight_is_largest_in_the_middle_and_never_zero() -> None:
    weight = gaussian_weight((9, 5, 3))
    assert weight[4, 2, 1] == weight.max() == 1
    assert weight.min() > 0
    assert np.allclose(weight, weight[::-1, ::-1, ::-1])
