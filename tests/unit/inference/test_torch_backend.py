"""Devices, precision and weights of the torch backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from stub_model import make_bundle

from crmo_seg.errors import InputError
from crmo_seg.inference import torch_backend
from crmo_seg.inference.backend import WindowTooLarge
from crmo_seg.inference.torch_backend import (
    TorchBackend,
    autocast_dtype,
    choose_device,
    cpu_has_bf16,
    load_network,
    probabilities,
)
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD

WINDOW = np.random.default_rng(0).normal(size=(1, 1, 8, 8, 4)).astype(np.float32)


@pytest.fixture
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_backend, "cpu_has_bf16", lambda: False)


@pytest.mark.parametrize(("cuda", "mps", "chosen"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_auto_takes_the_fastest_that_is_there(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, chosen: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto").type == chosen
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match=f"--device: {name} is not available here; choose auto or cpu"):
        choose_device(name)


@pytest.mark.parametrize("name", ["tpu", "", "CPU", "cuda:1"])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"--device: '{name}' is unknown; choose one of auto, cpu, cuda, mps"):
        TorchBackend(make_bundle(), name)


@pytest.mark.parametrize(
    ("avx512", "amx", "dtype"),
    [(False, False, None), (True, False, torch.bfloat16), (False, True, torch.bfloat16)],
)
def test_a_cpu_gets_bf16_only_where_it_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool, dtype: torch.dtype | None
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert cpu_has_bf16() == (dtype is not None)
    assert autocast_dtype("cpu") == dtype
    assert TorchBackend(make_bundle(), "cpu").autocast_dtype == dtype
    assert TorchBackend(make_bundle(), "cpu").precision == ("f32" if dtype is None else "bf16")
    assert TorchBackend(make_bundle(), "cpu", "f32").precision == "f32"


@pytest.mark.parametrize(("supported", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_an_older_gpu_gets_float16(monkeypatch: pytest.MonkeyPatch, supported: bool, dtype: torch.dtype) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    assert (autocast_dtype("cuda"), autocast_dtype("mps")) == (dtype, None)


def test_one_channel_is_a_sigmoid_and_more_are_a_softmax() -> None:
    logits = torch.tensor([0.0, np.log(3.0)]).reshape(1, 2, 1, 1, 1)
    torch.testing.assert_close(probabilities(logits).flatten(), torch.tensor([0.25, 0.75]))
    torch.testing.assert_close(probabilities(logits[:, 1:]).flatten(), torch.tensor([0.75]))
    assert probabilities(logits.to(torch.bfloat16)).dtype == torch.float32


@pytest.mark.usefixtures("full_precision")
def test_probabilities_of_every_head() -> None:
    output = TorchBackend(make_bundle(heads=(EDEMA_HEAD, BONES_HEAD)), "cpu")(WINDOW)
    assert {name: array.shape for name, array in output.items()} == {
        "edema": (1, 1, 8, 8, 4),
        "bones": (1, BONES_HEAD.channels, 8, 8, 4),
    }
    assert {array.dtype for array in output.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(output["bones"].sum(axis=1), 1.0, atol=1e-5)
    assert all(((array >= 0) & (array <= 1)).all() for array in output.values())


@pytest.mark.usefixtures("full_precision")
def test_the_network_runs_as_it_was_saved() -> None:
    bundle = make_bundle()
    with torch.no_grad():
        logits = load_network(bundle).eval()(torch.from_numpy(WINDOW))["edema"].numpy()
    np.testing.assert_allclose(TorchBackend(bundle, "cpu")(WINDOW)["edema"], 1 / (1 + np.exp(-logits)), atol=1e-6)


@pytest.mark.usefixtures("full_precision")
def test_an_ensemble_gives_the_mean_of_its_members() -> None:
    one = make_bundle()
    other = replace(one, weights={name: array * np.float32(0.5) for name, array in one.weights.items()})
    both = replace(one, other_weights=(other.weights,))
    members = [TorchBackend(bundle, "cpu")(WINDOW)["edema"] for bundle in (one, other)]
    assert not np.allclose(members[0], members[1], atol=1e-3)
    np.testing.assert_allclose(TorchBackend(both, "cpu")(WINDOW)["edema"], np.mean(members, axis=0), atol=1e-6)


def test_it_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_backend, "cpu_has_bf16", lambda: True)
    backend = TorchBackend(make_bundle(), "cpu", "bf16")
    assert (backend.name, backend.device, backend.precision) == ("torch", "cpu", "bf16")
    assert backend(WINDOW)["edema"].dtype == np.float32


@pytest.mark.usefixtures("full_precision")
def test_bf16_is_refused_where_the_device_gains_nothing_by_it() -> None:
    with pytest.raises(InputError, match="--precision: bf16 is not computed by this cpu; choose auto or f32"):
        TorchBackend(make_bundle(), "cpu", "bf16")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("MPS backend out of memory"),
    ],
)
def test_a_window_beyond_the_memory_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    backend = TorchBackend(make_bundle(), "cpu")

    def fail(_: torch.Tensor) -> None:
        raise error

    monkeypatch.setattr(backend, "networks", [fail])
    with pytest.raises(WindowTooLarge, match=r"window \(8, 8, 4\)") as raised:
        backend(WINDOW)
    assert raised.value.__context__ is None


def test_a_window_far_beyond_the_memory_is_told_by_torch_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TorchBackend(make_bundle(), "cpu")
    monkeypatch.setattr(backend, "networks", [lambda image: image.new_empty(1 << 50)])
    with pytest.raises(WindowTooLarge):
        backend(WINDOW)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match=r"window \(8, 7, 4\) is no multiple of \(2, 2, 1\); pad it to \(8, 8, 4\)"):
        TorchBackend(make_bundle(), "cpu")(np.ascontiguousarray(WINDOW[:, :, :, :7]))
    with pytest.raises(RuntimeError, match="expected input.* to have 1 channels"):
        TorchBackend(make_bundle(), "cpu")(np.concatenate([WINDOW, WINDOW], axis=1))


def test_networks_are_compiled_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda network: compiled.append(network) or network)
    TorchBackend(make_bundle(), "cpu")
    assert compiled == []
    backend = TorchBackend(make_bundle(), "cpu", compiled=True)
    assert compiled == backend.networks


@pytest.mark.usefixtures("full_precision")
def test_threads_get_the_same_numbers() -> None:
    backend = TorchBackend(make_bundle(), "cpu")
    windows = [WINDOW + np.float32(shift) for shift in range(8)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(backend, windows))
    for answer, window in zip(answers, windows, strict=True):
        np.testing.assert_array_equal(answer["edema"], backend(window)["edema"])


def test_bf16_changes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    output = []
    for has_bf16 in (False, True):
        monkeypatch.setattr(torch_backend, "cpu_has_bf16", lambda has_bf16=has_bf16: has_bf16)
        output.append(TorchBackend(make_bundle(), "cpu")(WINDOW)["edema"])
    np.testing.assert_allclose(output[1], output[0], atol=0.03)


def test_weights_are_copied_and_stay_as_they_are() -> None:
    bundle = make_bundle()
    before = {name: array.copy() for name, array in bundle.weights.items()}
    with torch.no_grad():
        next(load_network(bundle).parameters()).zero_()
    for name, array in bundle.weights.items():
        np.testing.assert_array_equal(array, before[name])


def test_weights_that_do_not_fit_are_refused() -> None:
    bundle = make_bundle()
    first = next(iter(bundle.weights))
    missing = {name: array for name, array in bundle.weights.items() if name != first}
    for weights in (missing, {**bundle.weights, first: np.zeros((1, 2), np.float32)}, {}):
        with pytest.raises(InputError, match=r"bundle stub: weights do not fit the plan \(.+\); save the model again"):
            load_network(replace(bundle, weights=weights))
