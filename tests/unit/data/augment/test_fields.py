import numpy as np
import pytest
from scipy.interpolate import BSpline

from crmo_seg.data.augment.fields import smooth_field


def test_the_field_is_the_tensor_product_of_uniform_cubic_splines() -> None:
    control = np.random.default_rng(0).normal(size=(5, 4, 6))
    shape = (17, 9, 12)
    field = smooth_field(control, shape)
    for axis in (0, 1, 2):
        points = control.shape[axis]
        at = np.linspace(0, points - 3 - 1e-9, shape[axis])
        control = np.moveaxis(BSpline(np.arange(points + 4) - 3.0, np.moveaxis(control, axis, 0), 3)(at), 0, axis)
    assert np.allclose(field, control, atol=1e-5)


def test_a_field_stays_within_its_control_points() -> None:
    control = np.random.default_rng(1).uniform(0.5, 2.0, size=(2, 4, 4, 4))
    field = smooth_field(control, (10, 11, 12))
    assert field.shape == (2, 10, 11, 12)
    assert field.dtype == np.float32
    assert control.min() <= field.min() < field.max() <= control.max()


def test_too_few_control_points_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or at least 4 control points along an axis, not 2"):
        smooth_field(np.zeros((2, 4, 4)), (8, 8, 8))
