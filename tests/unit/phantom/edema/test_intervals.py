from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from crmo_seg.phantom.edema.intervals import group_means, lognormal_median, median_ranks
from crmo_seg.phantom.edema.literature import Share, TwoGroups


@pytest.mark.parametrize(("count", "ranks"), [(6, (1, 6)), (10, (2, 9)), (25, (8, 18)), (100, (40, 61))])
def test_ranks_around_the_median_are_those_of_the_tables(count: int, ranks: tuple[int, int]) -> None:
    assert median_ranks(count) == ranks


def test_ranks_enclose_the_median_in_95_of_100_samples() -> None:
    low, high = median_ranks(21)
    samples = np.sort(np.random.default_rng(0).random((4000, 21)), axis=1)
    enclosed = (samples[:, low - 1] < 0.5) & (samples[:, high - 1] > 0.5)
    assert 0.95 <= enclosed.mean() < 0.99


def test_five_values_have_no_interval() -> None:
    with pytest.raises(ValueError, match="5 values are too few"):
        median_ranks(5)


def test_the_interval_of_a_median_holds_it_and_shrinks_with_more_children() -> None:
    few, many = (lognormal_median(6.0, count, Share(5, 75)) for count in (30, 3000))
    assert few[0] < many[0] < 6.0 < many[1] < few[1]
    assert math.sqrt(few[0] * few[1]) == pytest.approx(6.0)


def test_group_means_give_the_p_value_back() -> None:
    groups = TwoGroups(5.6, 6.1, 10, 0.047)
    (low, high), other = group_means(groups)
    error = (high - low) / 2 / stats.t.ppf(0.975, 18)
    t = (groups.second - groups.first) / (error * math.sqrt(2))
    assert 2 * stats.t.sf(t, 18) == pytest.approx(groups.p_value)
    assert (low + high) / 2 == pytest.approx(5.6)
    assert sum(other) / 2 == pytest.approx(6.1)
