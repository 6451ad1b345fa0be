"""Slabs against a full accumulation, mirroring, too little memory, and memory that does not grow."""

import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np
import pytest
import torch
from builders import make_plan
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.inferers import sliding_window_inference
from scipy import ndimage

from crmo_seg.errors import InputError
from crmo_seg.inference.layout import lay_windows
from crmo_seg.inference.modes import BEST, DEFAULT, FAST, Mode
from crmo_seg.inference.sliding import WindowOutputs, predict_windows, smaller_window
from crmo_seg.inference.windows import Float32Array, RunWindow, gaussian_weight
from crmo_seg.plan import EDEMA_HEAD, Head, Plan

BONES = Head("bones", ("first", "second", "third"))
PLAN = make_plan((8, 12, 4), (EDEMA_HEAD, BONES))


def network(window: Float32Array) -> Mapping[str, Float32Array]:
    """Sees its surroundings and tells left from right, so that seams, weights and mirroring all matter."""
    seen = ndimage.gaussian_filter(window[:, :1], (0, 0, 1.5, 1.5, 0.7), mode="constant", cval=0.3)
    slope = np.gradient(seen, axis=2)
    scores = np.exp(np.concatenate([seen, 3 * slope, -seen, np.roll(seen, 1, axis=3)], axis=1))
    return {"edema": 1 / (1 + np.exp(-2 * seen - 5 * slope)), "bones": scores / scores.sum(axis=1, keepdims=True)}


def whole_accumulation(
    image: Float32Array, body: np.ndarray, mode: Mode, window: tuple[int, int, int], run: RunWindow = network
) -> dict[str, np.ndarray]:
    """The same windows, but every class over the whole image, in float64."""
    missing = [(0, max(0, side - size)) for side, size in zip(window, body.shape, strict=True)]
    padded = np.stack([np.pad(one, missing, constant_values=one.min()) for one in image])
    weight = gaussian_weight(window).astype(float)
    total = np.zeros(padded.shape[1:])
    sums = {head.name: np.zeros((head.channels, *padded.shape[1:])) for head in PLAN.heads}
    for box in lay_windows(body, window, mode.overlap).boxes:
        for axes in mode.mirrored_axes:
            turned = np.flip(padded[(slice(None), *box)], [axis + 1 for axis in axes])[None]
            for head, probability in run(np.ascontiguousarray(turned)).items():
                sums[head][(slice(None), *box)] += weight * np.flip(probability[0], [axis + 1 for axis in axes])
            total[box] += weight
    x, y, z = body.shape
    return {head: (part / np.where(total, total, 1))[:, :x, :y, :z] for head, part in sums.items()}


def blocks(shape: tuple[int, int, int], seed: int) -> tuple[Float32Array, np.ndarray]:
    generator = np.random.default_rng(seed)
    body = ndimage.gaussian_filter(generator.normal(size=shape), 3) > 0.03
    return generator.normal(size=(2, *shape)).astype(np.float32), body


@settings(deadline=None, max_examples=25)
@given(
    shape=st.tuples(st.integers(1, 30), st.integers(1, 45), st.integers(1, 14)),
    mode=st.sampled_from([FAST, DEFAULT, BEST]),
    seed=st.integers(0, 1000),
)
def test_slabs_give_what_whole_sums_give(shape: tuple[int, int, int], mode: Mode, seed: int) -> None:
    image, body = blocks(shape, seed)
    outputs = predict_windows(image, body, network, PLAN, mode)
    whole = whole_accumulation(image, body, mode, outputs.window)
    np.testing.assert_allclose(outputs.probabilities["edema"], whole["edema"][0], atol=1e-6)
    first, second = np.sort(whole["bones"], axis=0)[[-1, -2]]
    clear = (first - second > 1e-5) | (first == 0)
    np.testing.assert_array_equal(outputs.classes["bones"][clear], whole["bones"].argmax(axis=0)[clear])


def test_it_agrees_with_monai_where_both_place_the_same_windows() -> None:
    """A network with context, so that windows matter; MONAI's windows coincide for these sizes."""
    torch.manual_seed(0)
    window = (8, 8, 8)
    convolution = torch.nn.Conv3d(1, 1, 3, padding=1)
    image = torch.randn(1, 1, 24, 16, 8)

    def network(part: torch.Tensor) -> torch.Tensor:
        return convolution(part).sigmoid()

    weight = torch.from_numpy(gaussian_weight(window))
    with torch.no_grad():
        theirs = sliding_window_inference(image, window, 1, network, overlap=0.5, roi_weight_map=weight)
        unweighted = sliding_window_inference(image, window, 1, network, overlap=0.5, mode="constant")
        ours = predict_windows(
            image[0].numpy(),
            np.ones(image.shape[2:], dtype=bool),
            lambda w: {"edema": network(torch.from_numpy(w)).numpy()},
            make_plan(window, (EDEMA_HEAD,)),
            Mode("half", 0.5, largest_window=1.0),
        )
    assert ours.window == window
    np.testing.assert_allclose(ours.probabilities["edema"], theirs[0, 0].numpy(), atol=1e-5)
    assert (theirs - unweighted).abs().max() > 0.01, "the weighting must matter, or the test shows nothing"


def test_outputs_are_small_and_complete() -> None:
    image, body = blocks((30, 60, 9), 1)
    outputs = predict_windows(image, body, network, PLAN, DEFAULT)
    assert (set(outputs.probabilities), set(outputs.classes)) == ({"edema"}, {"bones"})
    assert (outputs.probabilities["edema"].dtype, outputs.classes["bones"].dtype) == (np.float32, np.uint8)
    assert outputs.probabilities["edema"].shape == outputs.classes["bones"].shape == body.shape
    assert (outputs.probabilities["edema"][body] > 0).all()


def test_air_is_not_run_and_stays_zero() -> None:
    body = np.zeros((24, 80, 4), dtype=bool)
    body[8:16, 4:12] = True
    body[8:16, 70:78] = True
    outputs = predict_windows(np.ones((1, *body.shape), np.float32), body, network, PLAN, FAST)
    assert 2 <= outputs.windows_run <= 3 < outputs.windows_in_all
    assert not outputs.probabilities["edema"][:, 16:58].any()
    assert (outputs.probabilities["edema"][body] > 0).all()


def test_an_image_without_body_is_empty_and_costs_nothing() -> None:
    image = np.zeros((1, 20, 20, 8), np.float32)
    outputs = predict_windows(image, np.zeros(image.shape[1:], dtype=bool), refuse, PLAN, DEFAULT)
    assert outputs.windows_run == 0
    assert not outputs.probabilities["edema"].any()
    assert not outputs.classes["bones"].any()


def test_mirroring_undoes_what_a_network_has_against_one_side() -> None:
    """A network that calls the right half 1 and the left 0: the mean over mirrored passes is a half everywhere."""

    def one_sided(window: Float32Array) -> Mapping[str, Float32Array]:
        answer = np.zeros_like(window[:, :1])
        answer[:, :, window.shape[2] // 2 :] = 1
        return {"edema": answer}

    body = np.ones((16, 24, 4), dtype=bool)
    plan = make_plan((8, 12, 4), (EDEMA_HEAD,))
    image = np.zeros((1, *body.shape), np.float32)
    assert np.ptp(predict_windows(image, body, one_sided, plan, DEFAULT).probabilities["edema"]) > 0.9
    np.testing.assert_allclose(
        predict_windows(image, body, one_sided, plan, BEST).probabilities["edema"], 0.5, atol=1e-6
    )


def test_the_network_gets_contiguous_windows_of_one_shape() -> None:
    shapes = set()

    def watched(window: Float32Array) -> Mapping[str, Float32Array]:
        assert window.flags.c_contiguous
        assert window.dtype == np.float32
        shapes.add(window.shape)
        return network(window)

    image, body = blocks((30, 50, 11), 3)
    outputs = predict_windows(image, body, watched, PLAN, BEST)
    assert shapes == {(1, 2, *outputs.window)}


def test_what_the_network_returns_is_left_as_it_is() -> None:
    """A backend may return views of its own memory, read-only ones too."""
    kept: dict[tuple[int, ...], Mapping[str, Float32Array]] = {}

    def same_memory(window: Float32Array) -> Mapping[str, Float32Array]:
        if window.shape not in kept:
            kept[window.shape] = network(np.zeros_like(window))
            for array in kept[window.shape].values():
                array.setflags(write=False)
        return kept[window.shape]

    image, body = blocks((20, 40, 9), 4)
    predict_windows(image, body, same_memory, PLAN, BEST)


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    body = np.ones((8, 40, 4), dtype=bool)
    outputs = predict_windows(
        np.zeros((1, *body.shape), np.float32), body, network, PLAN, DEFAULT, lambda *n: seen.append(n)
    )
    assert seen == [(done, outputs.windows_run) for done in range(1, outputs.windows_run + 1)]


def too_large_above(voxels: int) -> RunWindow:
    def run(window: Float32Array) -> Mapping[str, Float32Array]:
        if window[0, 0].size > voxels:
            raise MemoryError
        return network(window)

    return run


def refuse(window: Float32Array) -> Mapping[str, Float32Array]:
    raise MemoryError


def test_too_little_memory_halves_the_window_and_goes_on() -> None:
    image, body = blocks((20, 50, 8), 5)
    first = predict_windows(image, body, network, PLAN, DEFAULT).window
    outputs = predict_windows(image, body, too_large_above(prod(first) // 3), PLAN, DEFAULT)
    assert outputs.window == smaller_window(smaller_window(first, (2, 2, 1)), (2, 2, 1))
    whole = whole_accumulation(image, body, DEFAULT, outputs.window)
    np.testing.assert_allclose(outputs.probabilities["edema"], whole["edema"][0], atol=1e-6)


def test_memory_short_in_the_middle_of_a_study_leaves_no_trace() -> None:
    image, body = blocks((20, 50, 8), 6)
    calls = 0

    def sometimes(window: Float32Array) -> Mapping[str, Float32Array]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise MemoryError
        return network(window)

    outputs = predict_windows(image, body, sometimes, PLAN, DEFAULT)
    assert outputs.window == smaller_window(predict_windows(image, body, network, PLAN, DEFAULT).window, (2, 2, 1))
    whole = whole_accumulation(image, body, DEFAULT, outputs.window)
    np.testing.assert_allclose(outputs.probabilities["edema"], whole["edema"][0], atol=1e-6)


def test_too_little_memory_for_any_window_says_what_to_do() -> None:
    image, body = blocks((20, 50, 8), 7)
    message = r"a window of 4 x 4 x 2 voxels: is the smallest .*; close other programs.* more memory"
    with pytest.raises(InputError, match=message):
        predict_windows(image, body, refuse, PLAN, DEFAULT)


def test_windows_shrink_to_two_steps_of_the_network_and_no_further() -> None:
    seen = [(96, 128, 24)]
    while seen[-1] != (32, 32, 8):
        seen.append(smaller_window(seen[-1], (16, 16, 4)))
    assert seen == [(96, 128, 24), (96, 64, 24), (48, 64, 24), (48, 32, 24), (32, 32, 24), (32, 32, 12), (32, 32, 8)]
    with pytest.raises(InputError, match="32 x 32 x 8"):
        smaller_window(seen[-1], (16, 16, 4))


def peak_beside_results(rows: int, head: Head) -> float:
    """Bytes at most allocated beside image, body and results; the fake network has its output ready."""
    plan = Plan(PLAN.sequences, (head,), PLAN.grid, (32, 64, 8), PLAN.network)
    image = np.zeros((1, 56, rows, 12), np.float32)
    body = np.ones(image.shape[1:], dtype=bool)
    ready = {head.name: np.full((1, head.channels, 32, 64, 8), 0.25, np.float32)}
    tracemalloc.start()
    outputs: WindowOutputs = predict_windows(
        image, body, lambda window: ready, plan, replace(DEFAULT, largest_window=1.0)
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - sum(array.nbytes for array in (*outputs.probabilities.values(), *outputs.classes.values()))


@pytest.mark.parametrize("head", [EDEMA_HEAD, Head("bones", tuple(map(str, range(23))))], ids=["1 class", "24 classes"])
def test_memory_does_not_grow_with_length(head: Head) -> None:
    peaks = [peak_beside_results(rows, head) for rows in (600, 1200, 2400)]
    slab = 4 * (head.channels + 1) * 56 * 64 * 12
    assert max(peaks) < 1.15 * min(peaks)
    assert max(peaks) < slab + 1.5e6
