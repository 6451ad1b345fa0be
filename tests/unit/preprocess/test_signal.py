import numpy as np
import pytest
from builders import body_with_lesion, make_geometry, make_volume

from crmo_seg.preprocess import body_mask, normalise, otsu_threshold


def test_normalised_body_has_mean_zero_and_deviation_one() -> None:
    random = np.random.default_rng(0)
    array = random.normal(2, 0.5, (40, 20, 40)).astype(np.float32)
    array[10:30, 5:15, 10:30] = random.normal(100, 10, (20, 10, 20))
    image = make_volume(np.abs(array))
    inside = normalise(image).array[10:30, 5:15, 10:30]
    assert inside.mean() == pytest.approx(0, abs=0.05)
    assert inside.std() == pytest.approx(1, abs=0.1)


def test_the_signal_is_to_the_bit_what_trained_models_saw() -> None:
    """The formula over the whole volume at once, in float64 from the percentiles on."""
    array = np.random.default_rng(3).gamma(2.0, 50.0, (23, 31, 9)).astype(np.float32)
    inside = array[body_mask(make_volume(array))]
    low, high = np.percentile(inside, (0.5, 99.5))
    clipped = np.clip(inside, low, high)
    expected = ((np.clip(array, array.min(), high) - clipped.mean()) / clipped.std()).astype(np.float32)
    assert normalise(make_volume(array)).array.tobytes() == expected.tobytes()


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


def test_otsu_parts_two_values_between_them() -> None:
    assert 1.0 < otsu_threshold(np.array([1.0] * 30 + [5.0] * 10)) < 5.0
