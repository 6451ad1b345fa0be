from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.scan.fields import columns, control_grid, multiply, waves

AXES = tuple(
    np.arange(start, stop, step, dtype=np.float32) for start, stop, step in ((-50, 50, 2), (0, 30, 6), (5, 90, 1.5))
)


def test_the_weights_of_control_points_sum_to_one() -> None:
    for basis, axis in zip(control_grid(AXES, 20.0).bases, AXES, strict=True):
        assert len(basis) == len(axis)
        np.testing.assert_allclose(basis.sum(axis=1), 1, atol=1e-6)
        assert (basis >= 0).all()


def test_linear_fields_are_reproduced() -> None:
    """Cubic B-splines reproduce polynomials up to first degree from their values at the control points."""
    grid = control_grid(AXES, 17.0)
    x, y, z = grid.points
    field = grid.field(3 * x - 2 * y + 0.5 * z + 7)
    i, j, k = np.ix_(*AXES)
    np.testing.assert_allclose(field.whole(), 3 * i - 2 * j + 0.5 * k + 7, atol=1e-3)


def test_a_bump_is_a_cubic_b_spline() -> None:
    axes = (np.arange(0, 9, dtype=np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32))
    grid = control_grid(axes, 2.0)
    coefficients = np.zeros([len(points.ravel()) for points in grid.points], np.float32)
    coefficients[3] = 1  # the control point at 4 mm
    values = grid.field(coefficients).whole()[:, 0, 0]
    np.testing.assert_allclose(values, [0, 1 / 48, 1 / 6, 23 / 48, 2 / 3, 23 / 48, 1 / 6, 1 / 48, 0], atol=1e-6)


def test_columns_cover_the_axis_once() -> None:
    parts = list(columns(37))
    assert np.concatenate([np.arange(37)[part] for part in parts]).tolist() == list(range(37))


def test_multiplying_column_by_column_is_multiplying_by_the_whole() -> None:
    rng = np.random.default_rng(0)
    grid = control_grid(AXES, 25.0)
    field = grid.field(rng.random([points.size for points in grid.points], dtype=np.float32))
    image = rng.random([len(axis) for axis in AXES], dtype=np.float32)
    expected = image * field.whole()
    multiply(image, field)
    np.testing.assert_allclose(image, expected, rtol=1e-5)


def test_waves_have_unit_variance() -> None:
    axes = control_grid(tuple(np.arange(0, 2000, 50, dtype=np.float32) for _ in range(3)), 50.0).points
    drawn = [waves(axes, np.random.default_rng(seed), (100, 300)).var() for seed in range(5)]
    assert np.mean(drawn) == pytest.approx(1, abs=0.15)
