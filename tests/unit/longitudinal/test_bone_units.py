from __future__ import annotations

import numpy as np

from crmo_seg.longitudinal.bone_units import thinned


def test_thinned_points_are_some_of_them_in_their_order_and_the_same_each_time() -> None:
    indices = np.arange(3000).reshape(1000, 3)
    few = thinned(indices, 50)
    rows = few[:, 0] // 3
    np.testing.assert_array_equal(few, indices[rows])
    assert len(few) == 50
    assert (np.diff(rows) > 0).all()
    assert len(set(np.diff(rows))) > 1  # no regular step
    np.testing.assert_array_equal(few, thinned(indices, 50))


def test_few_points_stay_as_they_are() -> None:
    indices = np.arange(30).reshape(10, 3)
    assert thinned(indices, 10) is indices
