from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.inferers import sliding_window_inference

from crmo_seg.inference.windows import gaussian_weight, predict_windows, window_starts


@given(size=st.integers(1, 200), window=st.integers(1, 64), overlap=st.floats(0, 0.9))
def test_windows_cover_an_axis_from_edge_to_edge(size: int, window: int, overlap: float) -> None:
    starts = window_starts(size, window, overlap)
    covered = {start + i for start in starts for i in range(window)}
    assert covered >= set(range(size))
    assert starts[0] == 0
    assert starts[-1] == max(0, size - window)
    assert all(after - before <= max(1, window * (1 - overlap)) + 1 for before, after in pairwise(starts))


def test_the_weight_is_largest_in_the_middle_and_never_zero() -> None:
    weight = gaussian_weight((9, 5, 3))
    assert weight[4, 2, 1] == weight.max() == 1
    assert weight.min() > 0
    assert np.allclose(weight, weight[::-1, ::-1, ::-1])


def test_a_constant_network_gives_a_constant() -> None:
    result = predict_windows(np.zeros((1, 20, 11, 7), np.float32), lambda w: {"a": np.full_like(w, 0.25)}, (8, 8, 8))
    assert result["a"].shape == (1, 20, 11, 7)
    assert np.allclose(result["a"], 0.25)


def test_a_pointwise_network_gives_what_it_gives_without_windows() -> None:
    image = np.random.default_rng(0).normal(size=(1, 19, 14, 9)).astype(np.float32)
    result = predict_windows(image, lambda w: {"a": np.tanh(w)}, (8, 8, 4), 0.5)
    np.testing.assert_allclose(result["a"], np.tanh(image), atol=1e-5)


def test_it_agrees_with_monai_where_both_place_the_same_windows() -> None:
    """A network with context, so that windows matter; MONAI's windows coincide for these sizes."""
    torch.manual_seed(0)
    window = (8, 8, 8)
    convolution = torch.nn.Conv3d(1, 2, 3, padding=1)
    image = torch.randn(1, 1, 24, 16, 8)

    def network(part: torch.Tensor) -> torch.Tensor:
        return convolution(part).sigmoid()

    weight = torch.from_numpy(gaussian_weight(window))
    with torch.no_grad():
        theirs = sliding_window_inference(image, window, 1, network, overlap=0.5, roi_weight_map=weight)
        unweighted = sliding_window_inference(image, window, 1, network, overlap=0.5, mode="constant")
        ours = predict_windows(image[0].numpy(), lambda w: {"a": network(torch.from_numpy(w)).numpy()}, window, 0.5)
    np.testing.assert_allclose(ours["a"], theirs[0].numpy(), atol=1e-5)
    assert (theirs - unweighted).abs().max() > 0.01, "the weighting must matter, or the test shows nothing"


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    predict_windows(np.zeros((1, 16, 8, 8), np.float32), lambda w: {"a": w}, (8, 8, 8), 0.0, lambda *n: seen.append(n))
    assert seen == [(1, 2), (2, 2)]


def test_small_images_are_padded_with_air() -> None:
    """Padding must not look like tissue: it takes the image's smallest value."""
    windows = []
    image = np.full((1, 4, 4, 4), 5.0, np.float32)
    image[0, 0, 0, 0] = -2.0
    result = predict_windows(image, lambda w: {"a": windows.append(w.copy()) or w}, (8, 4, 4))
    assert windows[0].shape == (1, 1, 8, 4, 4)
    assert (windows[0][0, 0, 4:] == -2.0).all()
    assert result["a"].shape == image.shape


@pytest.mark.parametrize("channels", [1, 3])
def test_heads_keep_their_channels(channels: int) -> None:
    result = predict_windows(
        np.zeros((2, 8, 8, 8), np.float32), lambda w: {"a": np.zeros((1, channels, 8, 8, 8), np.float32)}, (8, 8, 8)
    )
    assert result["a"].shape == (channels, 8, 8, 8)
