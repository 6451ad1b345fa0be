import numpy as np
from builders import body_with_lesion, make_geometry

from crmo_seg.plan import GridPlan
from crmo_seg.preprocess import model_grid, normalise, pad_to, preprocess

PLAN = GridPlan(2.0, (3.0, 8.0))


def test_each_sequence_is_resampled_and_normalised_for_itself() -> None:
    image, _ = body_with_lesion(make_geometry((20, 6, 24), (1.25, 6.0, 1.25)), (0.0, 0.0, 0.0), 5.0)
    other = image.with_array(image.array[::-1] * np.float32(3))
    array, grid = preprocess([image, other], PLAN)
    assert array.shape == (2, *grid.geometry.shape)
    assert array.dtype == np.float32
    assert grid.geometry.same_grid(model_grid(image.geometry, PLAN).geometry)
    np.testing.assert_array_equal(array[1], normalise(grid.resample(other)).array)


def test_the_scan_itself_is_not_changed() -> None:
    image, _ = body_with_lesion(make_geometry((10, 6, 12), (2.0, 6.0, 2.0)), (0.0, 0.0, 0.0), 5.0)
    before = image.array.copy()
    preprocess([image], PLAN)
    np.testing.assert_array_equal(image.array, before)


def test_padding_comes_after_the_last_voxels() -> None:
    padded = pad_to(np.ones((1, 2, 3, 2)), (4, 3, 2), value=-1)
    assert padded.shape == (1, 4, 3, 2)
    assert (padded[0, :2] == 1).all()
    assert (padded[0, 2:] == -1).all()
