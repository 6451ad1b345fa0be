"""Smooth noise against SciPy's splines and against the correlation of a B-spline, which is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crmo_seg.phantom.solids.grid import Box, Grid
from crmo_seg.phantom.solids.texture import Lengths, Texture, draw_texture
from crmo_seg.volume import Geometry

SHAPE = (30, 12, 34)
SPACING = (1.2, 3.0, 1.2)
GRID = Grid(Geometry(np.diag([*SPACING, 1.0]), SHAPE))
STEP: Lengths = (7.0, 7.0, 9.0)
AT_LAGS = {0: 1.0, 1: (397 / 1680) / (151 / 315), 2: (1 / 42) / (151 / 315), 4: 0.0}
"""Correlation of neighbours so many lattice steps apart: the septic B-spline at whole numbers."""


def texture(seed: int = 0, step_mm: Lengths = STEP, grid: Grid = GRID) -> Texture:
    return draw_texture(np.random.default_rng(seed), grid, step_mm)


def whole(grid: Grid = GRID) -> Box:
    x, y, z = (slice(0, n) for n in grid.geometry.shape)
    return x, y, z


def boxes() -> st.SearchStrategy[Box]:
    ends = [st.tuples(st.integers(0, n), st.integers(0, n)).map(sorted) for n in SHAPE]
    return st.tuples(*(pair.map(lambda ends: slice(*ends)) for pair in ends))


@given(box=boxes(), seed=st.integers(0, 5), step=st.floats(1.0, 40.0))
@settings(max_examples=40, deadline=None)
def test_the_field_is_the_same_in_any_box(box: Box, seed: int, step: float) -> None:
    one = texture(seed, (step, step, 1.3 * step))
    part = one.within(box)
    assert part.dtype == np.float32
    assert part.flags.c_contiguous
    assert part.shape == tuple(side.stop - side.start for side in box)
    np.testing.assert_allclose(part, one.within(whole())[box], atol=2e-5)


def test_it_is_the_cubic_spline_of_its_coefficients() -> None:
    one = texture()
    at = [np.arange(n) * mm / step + 2 for n, mm, step in zip(SHAPE, SPACING, STEP, strict=True)]
    points = np.stack(np.meshgrid(*at, indexing="ij"))
    spline = ndimage.map_coordinates(one.coefficients.astype(np.float64), points, order=3, prefilter=False)
    np.testing.assert_allclose(one.within(whole()), spline / (151 / 315) ** 1.5, atol=1e-5)


def test_mean_0_variance_1_and_the_correlation_of_a_spline() -> None:
    """Along each axis, over many lattice steps of 4 voxels."""
    grid = Grid(Geometry(np.eye(4), (160, 160, 160)))
    field = texture(3, (4.0, 4.0, 4.0), grid).within(whole(grid))
    assert field.mean() == pytest.approx(0, abs=0.03)
    assert field.std() == pytest.approx(1, abs=0.03)
    for axis in range(3):
        moved = np.moveaxis(field, axis, 0)
        for steps, correlation in AT_LAGS.items():
            lag = 4 * steps
            product = (moved[lag:] * moved[: len(moved) - lag]).mean()
            assert product == pytest.approx(correlation, abs=0.03), (axis, steps)


def test_a_step_is_never_shorter_than_a_voxel() -> None:
    assert texture(0, (0.1, 5.0, 0.1)).step_mm == (1.2, 5.0, 1.2)


def test_the_stream_decides() -> None:
    assert np.array_equal(texture(1).within(whole()), texture(1).within(whole()))
    assert not np.array_equal(texture(1).within(whole()), texture(2).within(whole()))
