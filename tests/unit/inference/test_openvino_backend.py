"""OpenVINO computes what torch computes, for any window, in threads and processes, and without torch."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.bundle import ModelBundle, load_bundle
from crmo_seg.errors import InputError
from crmo_seg.inference import openvino_backend
from crmo_seg.inference.backend import OpenVinoUnusable, WindowTooLarge
from crmo_seg.inference.openvino_backend import (
    KEPT_SHAPES,
    OpenVinoBackend,
    cpu_settings,
    describe_machine,
    precisions_to_try,
    usable_cores,
)
from crmo_seg.inference.openvino_files import find_openvino_files
from crmo_seg.inference.openvino_library import openvino
from crmo_seg.inference.torch_backend import TorchBackend
from crmo_seg.inference.windows import Float32Array


def window_of(shape: tuple[int, int, int], seed: int = 0) -> Float32Array:
    return np.random.default_rng(seed).standard_normal((1, 1, *shape), dtype=np.float32)


def backend_of(bundle: ModelBundle, folder: Path) -> OpenVinoBackend:
    return OpenVinoBackend(bundle.plan, find_openvino_files(bundle, folder).models, "f32")


@pytest.fixture
def backend(exported: ModelBundle, exported_folder: Path) -> OpenVinoBackend:
    return backend_of(exported, exported_folder)


@pytest.mark.parametrize("shape", [(8, 8, 4), (4, 6, 3), (16, 24, 7), (10, 4, 1)])
def test_any_window_is_answered_as_by_torch(
    exported: ModelBundle, backend: OpenVinoBackend, shape: tuple[int, int, int]
) -> None:
    answer, expected = backend(window_of(shape)), TorchBackend(exported, "cpu", "f32")(window_of(shape))
    assert list(answer) == list(expected) == ["edema", "bones"]
    for head, probability in answer.items():
        assert (probability.dtype, probability.shape) == (np.float32, expected[head].shape)
        np.testing.assert_allclose(probability, expected[head], atol=1e-4)
    assert (backend.name, backend.device, backend.precision) == ("openvino", "cpu", "f32")


def test_an_ensemble_gives_the_mean_of_its_members(
    exported: ModelBundle, exported_folder: Path, backend: OpenVinoBackend
) -> None:
    models = find_openvino_files(exported, exported_folder).models
    members = [OpenVinoBackend(exported.plan, [model], "f32")(window_of((8, 8, 4)))["edema"] for model in models]
    assert not np.allclose(members[0], members[1], atol=1e-3)
    np.testing.assert_allclose(backend(window_of((8, 8, 4)))["edema"], np.mean(members, axis=0), atol=1e-6)


def test_answers_are_not_overwritten_by_the_next_call(backend: OpenVinoBackend) -> None:
    first = backend(window_of((8, 8, 4), 0))
    kept = {head: array.copy() for head, array in first.items()}
    backend(window_of((8, 8, 4), 1))
    for head, array in first.items():
        np.testing.assert_array_equal(array, kept[head])


def test_a_window_need_not_be_contiguous(backend: OpenVinoBackend) -> None:
    window = window_of((8, 8, 8))
    expected = backend(np.ascontiguousarray(window[..., ::2]))
    np.testing.assert_array_equal(backend(window[..., ::2])["edema"], expected["edema"])


def test_a_window_that_does_not_fit_the_strides_is_refused(backend: OpenVinoBackend) -> None:
    with pytest.raises(ValueError, match=r"window \(8, 7, 4\) is no multiple of \(2, 2, 1\)"):
        backend(window_of((8, 7, 4)))


def test_a_shape_is_compiled_once_and_few_are_kept(backend: OpenVinoBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[tuple[int, ...]] = []
    compile_one = OpenVinoBackend._compile

    def counted(self: OpenVinoBackend, model: object, shape: tuple[int, ...]) -> object:
        compiled.append(shape[2:])
        return compile_one(self, model, shape)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenVinoBackend, "_compile", counted)
    shapes = [(4, 4, z + 1) for z in range(KEPT_SHAPES + 1)]
    for shape in [shapes[0], shapes[0], *shapes, shapes[-1], shapes[0]]:
        backend(window_of(shape))
    of_two_members = [shape for shape in [*shapes, shapes[0]] for _ in range(2)]
    assert compiled == of_two_members
    assert len(backend._compiled) == KEPT_SHAPES


def test_threads_get_the_same_numbers(backend: OpenVinoBackend) -> None:
    windows = [window_of((8, 8, 4 + seed % 2), seed) for seed in range(24)]
    expected = [backend(window) for window in windows]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(backend, windows))
    for answer, wanted in zip(answers, expected, strict=True):
        for head, probability in answer.items():
            np.testing.assert_array_equal(probability, wanted[head])


def _predict_elsewhere(folder: Path, queue: multiprocessing.Queue) -> None:
    queue.put(backend_of(load_bundle(folder), folder)(window_of((8, 8, 4)))["edema"])


def test_a_daemonic_spawned_process_gets_the_same_numbers(backend: OpenVinoBackend, exported_folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_predict_elsewhere, args=(exported_folder, queue), daemon=True)
    process.start()
    answer = queue.get(timeout=120)
    process.join(60)
    np.testing.assert_array_equal(answer, backend(window_of((8, 8, 4)))["edema"])


def test_a_file_that_is_no_model_is_refused(exported: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "model.xml").write_text("<net>")
    with pytest.raises(OpenVinoUnusable, match=r"OpenVINO \S+ cannot read it"):
        OpenVinoBackend(exported.plan, [tmp_path / "model.xml"], "f32")


ALONE = """
import sys
from pathlib import Path
import numpy as np
from crmo_seg.bundle import load_bundle
from crmo_seg.inference.backend import load_backend
folder = Path(sys.argv[1])
bundle = load_bundle(folder)
backend = load_backend(bundle, folder, "cpu")
answer = backend(np.zeros((1, 1, *bundle.plan.patch), np.float32))
print(backend.name, *(name for name in ("torch", "monai", "lightning", "nibabel", "matplotlib") if name in sys.modules))
"""


def test_a_prediction_imports_neither_torch_nor_monai(exported_folder: Path, no_memory_of_checks: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, exported_folder], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "openvino\n"), done.stderr
    assert len(list(no_memory_of_checks.rglob("*"))) == 2  # the folder of checks and one of them


WITH_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from crmo_seg.bundle import load_bundle
from crmo_seg.inference.backend import WindowTooLarge, load_backend
folder = Path(sys.argv[1])
backend = load_backend(load_bundle(folder), folder, "cpu")
backend(np.zeros((1, 1, 8, 8, 4), np.float32))
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (200 << 20),) * 2)
try:
    backend(np.zeros((1, 1, 256, 256, 64), np.float32))
except WindowTooLarge as error:
    print(error)
print(backend(np.zeros((1, 1, 8, 8, 4), np.float32))["edema"].shape)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux does")
def test_a_window_beyond_the_memory_is_told_and_the_next_one_runs(exported_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITH_LITTLE_MEMORY, exported_folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "window (256, 256, 64)\n(1, 1, 8, 8, 4)\n"), done.stderr


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("Exception from node.cpp\nstd::bad_alloc"), MemoryError("std::bad_alloc")]
)
def test_out_of_memory_in_any_words(
    backend: OpenVinoBackend, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(OpenVinoBackend, "_outputs", fail)
    with pytest.raises(WindowTooLarge, match=r"window \(8, 8, 4\)"):
        backend(window_of((8, 8, 4)))
    assert not backend._compiled


def test_other_errors_stay_what_they_are(backend: OpenVinoBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(OpenVinoBackend, "_outputs", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        backend(window_of((8, 8, 4)))


class CoreOfAnotherMachine:
    """Says what another processor can do."""

    capabilities: tuple[str, ...] = ()

    def get_property(self, device: str, name: str) -> tuple[str, ...]:
        assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
        return self.capabilities


@pytest.mark.parametrize(
    ("capabilities", "asked", "answer"),
    [
        (["FP32", "INT8"], "auto", ("f32",)),
        (["FP32", "INT8", "BF16"], "auto", ("bf16", "f32")),
        (["FP32", "INT8", "BF16"], "f32", ("f32",)),
        (["FP32", "INT8", "BF16"], "bf16", ("bf16",)),
    ],
)
def test_bf16_is_tried_only_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: list[str], asked: str, answer: tuple[str, ...]
) -> None:
    monkeypatch.setattr(CoreOfAnotherMachine, "capabilities", tuple(capabilities))
    monkeypatch.setattr(openvino_backend.openvino, "Core", CoreOfAnotherMachine)
    assert precisions_to_try(asked) == answer


def test_bf16_is_refused_where_the_processor_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CoreOfAnotherMachine, "capabilities", ("FP32",))
    monkeypatch.setattr(openvino_backend.openvino, "Core", CoreOfAnotherMachine)
    with pytest.raises(InputError, match="--precision: bf16 is not computed by this processor; choose auto or f32"):
        precisions_to_try("bf16")


def test_precision_is_forced_and_not_left_to_openvino(backend: OpenVinoBackend) -> None:
    backend(window_of((8, 8, 4)))
    ((network, _),) = backend._compiled.values()
    assert network.get_property("INFERENCE_PRECISION_HINT") == openvino.Type.f32
    assert network.get_property("INFERENCE_NUM_THREADS") == usable_cores()
    assert network.get_property("ENABLE_CPU_PINNING") is False
    assert cpu_settings("bf16")["INFERENCE_PRECISION_HINT"] == "bf16"


@pytest.mark.parametrize(
    ("limit", "allowed", "cores"),
    [(None, {0, 3, 5}, 3), ("2", {0, 3, 5}, 2), ("8", {0, 3}, 2), ("0", {0}, 1), ("many", {0, 1}, 2), ("4,2", {1}, 1)],
)
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinities")
def test_only_cores_of_this_process_are_used(
    monkeypatch: pytest.MonkeyPatch, limit: str | None, allowed: set[int], cores: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if limit is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", limit)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed)
    assert usable_cores() == cores


def test_the_machine_is_described_by_version_and_processor() -> None:
    assert openvino.get_version() in describe_machine()
    assert "FP32" in describe_machine()
