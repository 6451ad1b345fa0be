import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.data.augment import kernels

RANDOM = np.random.default_rng(0)
SIGNAL = ndimage.gaussian_filter(RANDOM.normal(size=(20, 24, 16)), 1.5).astype(np.float32) * 5


def nnunet_gamma(signal, exponent, *, inverted):  # noqa: ANN001, ANN201
    """As batchgeneratorsv2's ``GammaTransform`` with retained statistics, written out."""
    sign = -1 if inverted else 1
    x = signal.astype(float) * sign
    low, span = x.min(), np.ptp(x)
    y = ((x - low) / span) ** exponent * span + low
    return ((y - y.mean()) / y.std() * x.std() + x.mean()) * sign


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.5])
def test_gamma_is_that_of_nnunet(exponent: float, inverted: bool) -> None:
    changed = kernels.gamma(SIGNAL, exponent, inverted=inverted)
    assert changed.dtype == np.float32
    assert np.allclose(changed, nnunet_gamma(SIGNAL, exponent, inverted=inverted), atol=2e-3 * np.ptp(SIGNAL))


def test_a_curve_maps_the_ends_to_the_ends() -> None:
    changed = kernels.through_curve(SIGNAL, np.linspace(0, 1, kernels.LEVELS) ** 2)
    assert (changed.min(), changed.max()) == pytest.approx((SIGNAL.min(), SIGNAL.max()), abs=1e-5)
    order = np.argsort(SIGNAL.ravel())
    assert (np.diff(changed.ravel()[order]) >= 0).all()


def test_an_even_signal_stays_even() -> None:
    even = np.full((4, 4, 4), 3.0, np.float32)
    assert np.array_equal(kernels.gamma(even, 0.7), even)
    assert np.array_equal(kernels.contrast(even, 1.2), even)


def test_contrast_stretches_about_the_mean_within_the_range() -> None:
    changed = kernels.contrast(SIGNAL, 1.25)
    wanted = np.clip((SIGNAL - SIGNAL.mean()) * 1.25 + SIGNAL.mean(), SIGNAL.min(), SIGNAL.max())
    assert np.allclose(changed, wanted, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.0])
def test_blur_is_that_of_scipy(sigma: float) -> None:
    reach = max(1, round(2 * sigma))
    wanted = ndimage.gaussian_filter(SIGNAL, sigma, mode="nearest", radius=reach)
    assert np.allclose(kernels.blur(SIGNAL, (sigma,) * 3, (0, 1, 2)), wanted, atol=1e-4)


def test_blur_leaves_other_axes_alone() -> None:
    point = np.zeros((9, 9, 9), np.float32)
    point[4, 4, 4] = 1
    blurred = kernels.blur(point, (1.0, 0.5), (0, 1))
    assert blurred.sum() == pytest.approx(1)
    assert set(np.argwhere(blurred)[:, 2]) == {4}


def test_low_resolution_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(SIGNAL)[None, None]
    fewer = torch.nn.functional.interpolate(tensor, size=(10, 12, 8), mode="nearest-exact")
    wanted = torch.nn.functional.interpolate(fewer, size=SIGNAL.shape, mode="trilinear")[0, 0].numpy()
    assert np.allclose(kernels.low_resolution(SIGNAL, 0.5, (0, 1, 2)), wanted, atol=1e-5)


def test_low_resolution_in_plane_keeps_slices_apart() -> None:
    steps = np.broadcast_to(np.arange(16, dtype=np.float32), SIGNAL.shape)
    assert np.array_equal(kernels.low_resolution(steps, 0.6, (0, 1)), steps)
    assert kernels.low_resolution(SIGNAL, 0.01, (0, 1, 2)).std() == pytest.approx(0)


def test_ghosts_lie_at_multiples_of_the_step_and_wrap_around() -> None:
    signal = np.full((16, 4, 4), -1.0, np.float32)
    signal[2] = 9.0
    changed = kernels.ghosts(signal, -1.0, axis=0, step=3, strength=0.2)
    assert changed[:, 0, 0].round(4).tolist() == [-1, -1, 9, -1, -1, 1, -1, -1, 0, -1, -1, -1, 0, -1, -1, 1]


def test_every_second_slice_is_darker_and_air_stays() -> None:
    signal = np.full((2, 2, 4), 3.0, np.float32)
    signal[0] = -1.0
    changed = kernels.alternating_slices(signal, -1.0, loss=0.25, first=1)
    assert changed[1, 0].tolist() == [3, 2, 3, 2]
    assert (changed[0] == -1).all()


def test_shading_multiplies_what_is_above_air() -> None:
    signal = np.array([[[-1.0, 3.0]]], np.float32)
    assert kernels.shaded(signal, -1.0, np.float32(1.5)).tolist() == [[[-1.0, 5.0]]]


def test_no_kernel_writes_to_its_input() -> None:
    signal = SIGNAL.copy()
    signal.flags.writeable = False
    kernels.gamma(signal, 0.8)
    kernels.contrast(signal, 1.2)
    kernels.brightness(signal, 1.2)
    kernels.blur(signal, (0.8,), (1,))
    kernels.low_resolution(signal, 0.7, (0, 1, 2))
    kernels.ghosts(signal, -1, axis=1, step=4, strength=0.1)
    kernels.alternating_slices(signal, -1, loss=0.1, first=0)
    kernels.shaded(signal, -1, np.ones(1, np.float32))
