import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry, sphere_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crmo_seg.plan import GridPlan
from crmo_seg.preprocess import ModelGrid, model_grid, restore
from crmo_seg.volume import Array, Volume

Orientation = tuple[tuple[int, int, int], tuple[bool, bool, bool]]

FLOOR = 0.01
SCANS = st.tuples(
    st.tuples(st.integers(1, 50), st.integers(1, 12), st.integers(1, 75)),
    st.tuples(st.floats(0.6, 3.5), st.floats(2.0, 9.0), st.floats(0.6, 3.5)),
    st.floats(0, 40),
    st.sampled_from(ALL_ORIENTATIONS),
)
Scan = tuple[tuple[int, int, int], tuple[float, float, float], float, Orientation]


def grid_of(scan: Scan, in_plane_mm: float = 2.0) -> ModelGrid:
    shape, spacing, angle, orientation = scan
    return model_grid(make_geometry(shape, spacing, angle).transposed(*orientation), GridPlan(in_plane_mm, (3.0, 8.0)))


def by_scipy(array: Array, grid: ModelGrid) -> Array:
    """Linear interpolation of the whole volume, sampled at the world position of each voxel of the scan."""
    indices = np.moveaxis(np.indices(grid.source.shape, dtype=np.float64), 0, -1)
    points = np.moveaxis(grid.geometry.to_index(grid.source.to_world_mm(indices)), -1, 0)
    sampled: Array = ndimage.map_coordinates(array, points, order=1, mode="nearest", prefilter=False)
    return sampled


def speckled(shape: tuple[int, int, int], seed: int) -> Array:
    """Smooth blobs of probability in a floor of values just below and just above 0.01."""
    random = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(random.normal(size=shape), (3, 3, 1)) * 12
    return np.clip(np.where(blobs > 2, blobs - 2, random.uniform(0, 1.02 * FLOOR, shape)), 0, 1).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(scan=SCANS, seed=st.integers(0, 99))
def test_linear_as_scipy_would_sample_it(scan: Scan, seed: int) -> None:
    grid = grid_of(scan)
    array = np.random.default_rng(seed).random(grid.geometry.shape, dtype=np.float32)
    restored = grid.restore(Volume(array, grid.geometry))
    assert restored.geometry.same_grid(grid.source)
    assert restored.array.dtype == np.float32
    np.testing.assert_allclose(restored.array, by_scipy(array, grid), atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(scan=SCANS, seed=st.integers(0, 99), floor=st.sampled_from([FLOOR, 0.3]))
def test_probability_above_the_floor_is_the_same_to_the_bit(scan: Scan, seed: int, floor: float) -> None:
    grid = grid_of(scan)
    volume = Volume(speckled(grid.geometry.shape, seed), grid.geometry)
    everywhere = grid.restore(volume).array
    restored = grid.restore_probability(volume, floor).array
    above = everywhere >= floor
    np.testing.assert_array_equal(restored[above], everywhere[above])
    left_out = restored != everywhere
    assert not restored[left_out].any()


def test_probability_far_from_any_finding_is_zero() -> None:
    grid = model_grid(make_geometry((150, 6, 150), (1.25, 6.0, 1.25)), GridPlan(2.0, (3.0, 8.0)))
    array = np.full(grid.geometry.shape, 0.009, dtype=np.float32)
    array[3, 3, 3] = 0.8
    restored = grid.restore_probability(Volume(array, grid.geometry)).array
    assert restored.max() > 0.3
    assert (restored > 0).mean() < 0.1


def test_probability_is_interpolated_through_thick_slices() -> None:
    """No slice is a copy of its neighbour (nnU-Net issue 2951)."""
    geometry = make_geometry((4, 4, 12), (2.0, 2.0, 4.0))
    grid = model_grid(geometry, GridPlan(2.0, (8.0, 8.0)))
    ramp = np.broadcast_to(np.linspace(0, 1, grid.geometry.shape[2], dtype=np.float32), grid.geometry.shape)
    restored = grid.restore(Volume(np.ascontiguousarray(ramp), grid.geometry)).array[0, 0]
    assert np.all(np.diff(restored[1:-1]) > 0.01)


def blobs_of_classes(shape: tuple[int, int, int], seed: int) -> Array:
    blobs = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), (3, 3, 1))
    return np.take((0, 5, 10, 15), np.digitize(blobs, np.quantile(blobs, [0.6, 0.75, 0.9]))).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(scan=SCANS, seed=st.integers(0, 99))
def test_labels_are_the_largest_share_of_all_classes(scan: Scan, seed: int) -> None:
    """Against the plain way: every class, background included, over the whole volume."""
    grid = grid_of(scan)
    array = blobs_of_classes(grid.geometry.shape, seed)
    values = np.unique(array)
    shares = np.stack([by_scipy((array == value).astype(np.float64), grid) for value in values])
    ranked = np.sort(np.concatenate([shares, np.zeros_like(shares[:1])]), axis=0)
    clear = ranked[-1] - ranked[-2] > 1e-5
    restored = grid.restore_labels(Volume(array, grid.geometry))
    assert restored.array.dtype == np.uint8
    np.testing.assert_array_equal(restored.array[clear], values[np.argmax(shares, axis=0)][clear])


@pytest.mark.parametrize("voxels", [5, 17, 1000])
def test_the_size_of_blocks_changes_nothing(voxels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = model_grid(make_geometry((61, 9, 70), (1.25, 6.0, 1.3), 10), GridPlan(2.0, (3.0, 8.0)))
    labels = Volume(blobs_of_classes(grid.geometry.shape, 1), grid.geometry)
    signal = Volume(speckled(grid.geometry.shape, 1), grid.geometry)
    expected = grid.restore_labels(labels).array, grid.restore(signal).array
    monkeypatch.setattr(restore, "_BLOCK_VOXELS", voxels)
    np.testing.assert_array_equal(grid.restore_labels(labels).array, expected[0])
    np.testing.assert_array_equal(grid.restore(signal).array, expected[1])


def test_labels_may_be_int32_or_bool() -> None:
    grid = model_grid(make_geometry((20, 5, 20), (1.25, 6.0, 1.25)), GridPlan(2.0, (3.0, 8.0)))
    mask = sphere_mask(grid.geometry, (0.0, 0.0, 0.0), 9.0)
    numbers = mask.with_array(mask.array.astype(np.int32) * 70_000)
    restored = grid.restore_labels(numbers)
    assert set(np.unique(restored.array)) == {0, 70_000}
    np.testing.assert_array_equal(grid.restore_labels(mask).array, restored.array > 0)


def nearest(array: Array, grid: ModelGrid) -> Array:
    indices = np.moveaxis(np.indices(grid.source.shape, dtype=np.float64), 0, -1)
    rounded = np.rint(grid.geometry.to_index(grid.source.to_world_mm(indices))).astype(int)
    x, y, z = np.moveaxis(np.clip(rounded, 0, np.array(array.shape) - 1), -1, 0)
    return array[x, y, z]


def dice(one: Array, other: Array) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


@pytest.mark.parametrize("radius_mm", [8.0, 15.0, 27.0])
def test_a_ball_of_labels_is_closer_to_the_truth_than_its_nearest_voxels(radius_mm: float) -> None:
    geometry = make_geometry((70, 16, 70), (1.0, 4.0, 1.0))
    centre = (1.3, -0.7, 0.4)
    truth = sphere_mask(geometry, centre, radius_mm).array
    grid = model_grid(geometry, GridPlan(2.5, (3.0, 8.0)))
    small = sphere_mask(grid.geometry, centre, radius_mm)
    linear = grid.restore_labels(small).array
    steps = nearest(small.array, grid)
    assert dice(linear, truth) > dice(steps, truth)
    assert dice(linear, truth) > 0.92


def test_an_outline_has_fewer_corners_than_that_of_the_nearest_voxels() -> None:
    """A median over 5 x 5 pixels changes corners only."""
    geometry = make_geometry((70, 16, 70), (1.0, 4.0, 1.0))
    grid = model_grid(geometry, GridPlan(2.5, (3.0, 8.0)))
    small = sphere_mask(grid.geometry, (1.3, -0.7, 0.4), 27.0)
    linear, steps = grid.restore_labels(small).array, nearest(small.array, grid)
    corners = [int((ndimage.median_filter(mask.astype(np.uint8), (5, 1, 5)) != mask).sum()) for mask in (linear, steps)]
    assert corners[0] < 0.7 * corners[1]
