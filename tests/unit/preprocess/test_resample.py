import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry, make_volume, sphere_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crmo_seg.plan import GridPlan
from crmo_seg.preprocess import model_grid
from crmo_seg.volume import Volume

PLAN = GridPlan(2.0, (3.0, 8.0))


@pytest.mark.parametrize("orientation", ALL_ORIENTATIONS[::7])
def test_the_signal_is_to_the_bit_what_trained_models_saw(
    orientation: tuple[tuple[int, int, int], tuple[bool, bool, bool]],
) -> None:
    """A Gaussian of half the excess factor, three sigma wide, then linear interpolation, both by scipy."""
    random = np.random.default_rng(0)
    image = make_volume(random.normal(size=(25, 7, 31)).astype(np.float32), (1.25, 6.0, 1.25), 12.0)
    turned = image.transposed(*orientation)
    grid = model_grid(turned.geometry, PLAN)
    ordered = turned.transposed(grid.axes, grid.flips)
    sigma = np.maximum((np.array(grid.geometry.spacing_mm) / ordered.geometry.spacing_mm - 1) / 2, 0)
    smooth = ndimage.gaussian_filter(ordered.array, sigma, mode="nearest", truncate=3)
    expected = ndimage.affine_transform(
        smooth,
        np.array(grid.geometry.spacing_mm) / ordered.geometry.spacing_mm,
        ordered.geometry.to_index(grid.geometry.affine[:3, 3]),
        output_shape=grid.geometry.shape,
        order=1,
        mode="nearest",
    )
    assert grid.resample(turned).array.tobytes() == expected.tobytes()


def test_a_scan_on_the_model_grid_is_not_changed() -> None:
    image = make_volume(np.random.default_rng(0).normal(size=(8, 5, 9)).astype(np.float32), (2.0, 6.0, 2.0))
    resampled = model_grid(image.geometry, PLAN).resample(image)
    np.testing.assert_array_equal(resampled.array, image.array.transpose(0, 2, 1))


def test_labels_keep_their_volume_when_shrunk() -> None:
    geometry = make_geometry((60, 20, 60), (1.0, 4.0, 1.0))
    mask = sphere_mask(geometry, (3.0, 0.0, -5.0), 20.0)
    grid = model_grid(geometry, GridPlan(2.0, (3.0, 8.0)))
    small = grid.resample_labels(Volume(mask.array.astype(np.uint8), geometry))
    volume_ml = small.array.sum() * small.geometry.voxel_volume_ml
    assert volume_ml == pytest.approx(mask.array.sum() * geometry.voxel_volume_ml, rel=0.03)


def test_labels_of_several_classes_take_the_largest_share() -> None:
    array = np.zeros((8, 8, 4), dtype=np.uint8)
    array[:4], array[4:] = 3, 7
    labels = make_volume(array, (1.0, 1.0, 4.0))
    grid = model_grid(labels.geometry, GridPlan(2.0, (3.0, 8.0)))
    assert sorted(np.unique(grid.resample_labels(labels).array)) == [3, 7]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.sampled_from([0.7, 1.6, 2.0, 3.1]))
def test_labels_in_boxes_equal_labels_by_whole_volumes(seed: int, factor: float) -> None:
    """Against the plain way: every class, background included, smoothed and interpolated over the whole volume."""
    random = np.random.default_rng(seed)
    values = (0, 5, 10, 15)
    blobs = ndimage.gaussian_filter(random.normal(size=(24, 30, 6)), (3, 3, 1))
    array = np.take(values, np.digitize(blobs, np.quantile(blobs, [0.6, 0.75, 0.9]))).astype(np.uint8)
    labels = make_volume(array, (1.0, 1.0, 5.0))
    grid = model_grid(labels.geometry, GridPlan(factor, (3.0, 8.0)))
    parts = [Volume((array == value).astype(np.float32), labels.geometry) for value in values]
    shares = [grid.resample(part).array for part in parts]
    plain = np.take(values, np.argmax(shares, axis=0))
    tie = np.sort(shares, axis=0)
    clear = tie[-1] - tie[-2] > 1e-5
    np.testing.assert_array_equal(grid.resample_labels(labels).array[clear], plain[clear])
