"""What overlaps say of the stations' gains."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from crmo_seg.io.dicom.compose.gain import GAIN_SPREAD, OVERLAP_ERROR, Overlap, gains, overlaps
from crmo_seg.io.dicom.compose.grid import Placed
from crmo_seg.volume import Array

ROWS = slice(0, 20)


def tissue(seed: int = 0, rows: int = 40) -> Array:
    """A body with noise, air around it."""
    body = np.zeros((20, 20, rows), np.float32)
    body[4:16, 4:16] = 100 + 20 * np.random.default_rng(seed).standard_normal((12, 12, rows))
    return body


def pieces(body: Array, factors: tuple[float, ...], length: int = 20, step: int = 10) -> list[Placed]:
    """Stations along the last axis, each with its own gain."""
    found = []
    for number, factor in enumerate(factors):
        rows = slice(number * step, number * step + length)
        signal = body[:, :, rows] * np.float32(factor)
        found.append(Placed((ROWS, ROWS, rows), signal, np.ones((1, 1, 1), np.float32)))
    return found


def test_overlaps_tell_the_ratio_of_gains() -> None:
    found = overlaps(pieces(tissue(), (2.0, 1.0, 0.5)))
    assert [(each.first, each.second, each.agrees) for each in found] == [(0, 1, True), (1, 2, True)]
    for each in found:
        assert each.log_ratio == pytest.approx(np.log(2), abs=1e-5)
        assert each.correlation == pytest.approx(1.0, abs=1e-5)


def test_only_voxels_inside_both_count() -> None:
    first, second = pieces(tissue(), (2.0, 1.0))
    outside = np.zeros((1, 1, 20), np.float32)
    assert overlaps([Placed(first.box, first.signal, outside), second]) == ()
    assert overlaps(pieces(tissue(), (1.0, 1.0), step=20)) == ()


def test_air_and_outliers_do_not_count() -> None:
    first, second = pieces(tissue(), (2.0, 1.0))
    second.signal[0:3] = 5.0  # noise of the air
    second.signal[4:5, 4:16] = 900.0  # an artefact
    (found,) = overlaps([first, second])
    assert found.log_ratio == pytest.approx(np.log(2), abs=0.02)


def test_an_overlap_without_tissue_says_nothing() -> None:
    (found,) = overlaps(pieces(np.zeros((20, 20, 40), np.float32), (1.0, 1.0)))
    assert (found.has_tissue, found.agrees, np.isnan(found.log_ratio)) == (False, False, True)
    assert gains(2, [found]).tolist() == [1, 1]


def test_an_overlap_that_shows_something_else_is_not_matched() -> None:
    (first, _), (_, second) = (pieces(tissue(seed), (2.0, 1.0)) for seed in (0, 1))
    inner = (slice(4, 16), slice(4, 16))
    for each in (first, second):
        each.signal[:4] = each.signal[16:] = 100  # no air that would agree
        each.signal[:, :4] = each.signal[:, 16:] = 100
    assert first.signal[inner].std() > 0
    (found,) = overlaps([first, second])
    assert (found.has_tissue, found.agrees) == (True, False)
    assert gains(2, [found]).tolist() == [1, 1]


def test_equal_stations_are_left_exactly_as_they_are() -> None:
    assert gains(4, overlaps(pieces(tissue(rows=60), (1.0,) * 4))).tolist() == [1, 1, 1, 1]


def test_two_stations_by_hand() -> None:
    """Least squares of one difference d with error e and of two gains with spread g: d / (1 + e^2 / 2 g^2)."""
    found = gains(2, [Overlap(0, 1, 500, 1.0, 0.6)])
    share = 0.6 / (1 + OVERLAP_ERROR**2 / (2 * GAIN_SPREAD**2))
    np.testing.assert_allclose(np.log(found), [-share / 2, share / 2])


def test_errors_of_many_overlaps_do_not_add_up() -> None:
    """Every overlap of ten stations errs the same way; taken at their word the ends would differ by a factor of 2.5."""
    found = gains(10, [Overlap(a, b, 500, 1.0, 0.1) for a, b in pairwise(range(10))])
    assert found.max() / found.min() < 1.8
    assert np.log(found).mean() == pytest.approx(0)
