import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, body_with_lesion, make_geometry, make_volume, sphere_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crmo_seg.plan import GridPlan
from crmo_seg.preprocess import body_mask, model_grid, normalise, preprocess
from crmo_seg.volume import Volume

PLAN = GridPlan(2.0, (3.0, 8.0))


def test_coronal_slices_come_last() -> None:
    grid = model_grid(make_geometry((20, 6, 40), (1.25, 6.0, 1.25)), PLAN)
    assert grid.axes == (0, 2, 1)
    assert grid.geometry.spacing_mm == pytest.approx((2.0, 2.0, 6.0))
    assert grid.geometry.orientation == "RSA"


def test_sagittal_slices_come_last() -> None:
    grid = model_grid(make_geometry((6, 40, 40), (4.0, 1.0, 1.0)), PLAN)
    assert grid.geometry.orientation == "ASR"
    assert grid.geometry.spacing_mm == pytest.approx((2.0, 2.0, 4.0))


def test_an_isotropic_scan_is_seen_as_coronal() -> None:
    assert model_grid(make_geometry((20, 20, 20), (3.0, 3.0, 3.0)), PLAN).geometry.orientation == "RSA"


@pytest.mark.parametrize(("slice_mm", "expected_mm"), [(1.0, 3.0), (5.0, 5.0), (12.0, 8.0)])
def test_slices_keep_their_spacing_within_the_range(slice_mm: float, expected_mm: float) -> None:
    grid = model_grid(make_geometry((20, 12, 20), (0.9, slice_mm, 0.9)), PLAN)
    assert grid.geometry.spacing_mm[2] == pytest.approx(expected_mm)


def test_the_field_of_view_keeps_its_centre() -> None:
    source = make_geometry((21, 7, 33), (1.3, 5.0, 1.1), angle_degrees=20)
    target = model_grid(source, PLAN).geometry
    middle = [(np.array(grid.shape) - 1) / 2 for grid in (source, target)]
    assert source.to_world_mm(middle[0]) == pytest.approx(target.to_world_mm(middle[1]))


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_every_orientation_gives_the_same_input(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    image, _ = body_with_lesion(make_geometry((24, 8, 30), (1.0, 5.0, 1.25), 15), (4.0, 3.0, -6.0), 7.0)
    reference, reference_grid = preprocess([image], PLAN)
    other, other_grid = preprocess([image.transposed(axes, flips)], PLAN)
    assert other_grid.geometry.same_grid(reference_grid.geometry)
    np.testing.assert_allclose(other, reference, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(
    spacing=st.tuples(st.floats(0.8, 3.0), st.floats(3.5, 8.0), st.floats(0.8, 3.0)),
    angle=st.floats(0, 40),
    orientation=st.sampled_from(ALL_ORIENTATIONS),
)
def test_a_linear_ramp_survives_the_way_there_and_back(
    spacing: tuple[float, float, float], angle: float, orientation: tuple[tuple[int, int, int], tuple[bool, bool, bool]]
) -> None:
    """Linear interpolation keeps a linear signal exactly, away from the border."""
    geometry = make_geometry((18, 9, 20), spacing, angle)
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    ramp = Volume((geometry.to_world_mm(indices) @ (0.3, -0.2, 0.5)).astype(np.float32), geometry)
    turned = ramp.transposed(*orientation)
    grid = model_grid(turned.geometry, GridPlan(2.0, (3.0, 8.0)))
    back = grid.restore(grid.resample(turned))
    assert back.geometry.same_grid(turned.geometry)
    inner = tuple(slice(n // 3, n - n // 3) for n in back.array.shape)
    np.testing.assert_allclose(back.array[inner], turned.array[inner], atol=0.02)


def test_probability_is_interpolated_through_thick_slices() -> None:
    """No slice is a copy of its neighbour (nnU-Net issue 2951)."""
    geometry = make_geometry((4, 4, 12), (2.0, 2.0, 4.0))
    grid = model_grid(geometry, GridPlan(2.0, (8.0, 8.0)))
    ramp = np.broadcast_to(np.linspace(0, 1, grid.geometry.shape[2], dtype=np.float32), grid.geometry.shape)
    restored = grid.restore(Volume(np.ascontiguousarray(ramp), grid.geometry)).array[0, 0]
    assert np.all(np.diff(restored[1:-1]) > 0.01)


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


def test_normalised_body_has_mean_zero_and_deviation_one() -> None:
    random = np.random.default_rng(0)
    array = random.normal(2, 0.5, (40, 20, 40)).astype(np.float32)
    array[10:30, 5:15, 10:30] = random.normal(100, 10, (20, 10, 20))
    image = make_volume(np.abs(array))
    inside = normalise(image).array[10:30, 5:15, 10:30]
    assert inside.mean() == pytest.approx(0, abs=0.05)
    assert inside.std() == pytest.approx(1, abs=0.1)


def test_normalising_does_not_depend_on_the_scale_of_the_scanner() -> None:
    image, _ = body_with_lesion(make_geometry((20, 10, 20)), (0.0, 0.0, 0.0), 4.0)
    scaled = image.with_array(image.array * np.float32(37.5))
    np.testing.assert_allclose(normalise(scaled).array, normalise(image).array, atol=1e-3)


def test_an_image_of_one_value_becomes_zero() -> None:
    image = make_volume(np.full((4, 4, 4), 7, dtype=np.float32))
    assert not normalise(image).array.any()
    assert body_mask(image).all()


def test_the_body_is_found_in_noise() -> None:
    random = np.random.default_rng(1)
    body = np.zeros((40, 20, 40), dtype=bool)
    body[8:32, 4:16, 8:32] = True
    signal = np.where(body, 80.0, 0.0) + random.rayleigh(4.0, body.shape)
    found = body_mask(make_volume(signal.astype(np.float32)))
    assert (found == body).mean() > 0.999


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
