from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.edema.spread import cohort_chances, evenly_spread


@pytest.mark.parametrize("seed", range(4))
def test_chances_of_a_cohort_are_even_in_every_corner(seed: int) -> None:
    points = np.array([cohort_chances(seed, index) for index in range(300)])
    assert ((points >= 0) & (points < 1)).all()
    for corner in np.ndindex(2, 2, 2):
        inside = (points // 0.5 == corner).all(axis=1)
        assert inside.mean() == pytest.approx(1 / 8, abs=0.025)
    assert np.abs(np.quantile(points, [0.1, 0.5, 0.9], axis=0) - [[0.1], [0.5], [0.9]]).max() < 0.02


def test_a_child_depends_on_seed_and_index_only() -> None:
    assert cohort_chances(3, 7) == cohort_chances(3, 7)
    assert len({cohort_chances(seed, index) for seed in range(3) for index in range(3)}) == 9


def test_the_step_by_hand() -> None:
    points = evenly_spread(np.array([0, 1, 2]), np.zeros(3))
    root = points[1, 0] ** -1
    assert root**4 == pytest.approx(root + 1)
    assert points[2] == pytest.approx((2 * points[1]) % 1)
