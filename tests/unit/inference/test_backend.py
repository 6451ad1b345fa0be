"""Which backend runs a bundle, and what is said where it is not the fastest."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from stub_model import make_bundle

from crmo_seg.bundle import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.inference import backend as backend_module
from crmo_seg.inference import openvino_backend, torch_backend
from crmo_seg.inference.backend import Backend, is_out_of_memory, load_backend, may_have_accelerator
from crmo_seg.inference.openvino_backend import OpenVinoBackend
from crmo_seg.inference.torch_backend import TorchBackend

pytestmark = pytest.mark.usefixtures("plain_cpu", "no_memory_of_checks")


@pytest.fixture
def plain_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a GPU and without bf16."""
    monkeypatch.setattr(backend_module, "may_have_accelerator", lambda: False)
    monkeypatch.setattr(openvino_backend, "precisions_to_try", lambda _: ("f32",))
    monkeypatch.setattr(torch_backend, "cpu_has_bf16", lambda: False)


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("precision", ["auto", "f32"])
def test_a_plain_cpu_runs_by_openvino_in_silence(
    exported: ModelBundle, exported_folder: Path, notices: list[str], device: str, precision: str
) -> None:
    backend = load_backend(exported, exported_folder, device, precision, notices.append)
    assert (type(backend), backend.device, backend.precision) == (OpenVinoBackend, "cpu", "f32")
    assert notices == []


def assert_by_torch(backend: Backend, notices: list[str], reason: str) -> None:
    assert (backend.name, backend.device, backend.precision) == ("torch", "cpu", "f32")
    assert notices == [f"bundle stub: runs by torch instead of OpenVINO, slower ({reason})"]


def test_a_bundle_without_openvino_models_runs_by_torch(tmp_path: Path, notices: list[str]) -> None:
    for folder in (None, tmp_path):
        backend = load_backend(make_bundle(), folder, notice=notices.append)
        assert_by_torch(backend, notices, "the bundle has no OpenVINO model")
        notices.clear()


def test_stale_models_are_not_used(exported: ModelBundle, exported_folder: Path, notices: list[str]) -> None:
    newer = replace(exported, other_weights=())
    backend = load_backend(newer, exported_folder, notice=notices.append)
    assert_by_torch(backend, notices, "its OpenVINO model was made of other weights")


def test_a_cut_off_model_is_not_used(exported: ModelBundle, exported_folder: Path, notices: list[str]) -> None:
    path = exported_folder / "openvino" / "model.bin"
    path.write_bytes(path.read_bytes()[:100])
    backend = load_backend(exported, exported_folder, notice=notices.append)
    assert_by_torch(backend, notices, "openvino/model.bin is not the file that was saved")


def test_an_openvino_that_cannot_be_imported_is_told(
    exported: ModelBundle, exported_folder: Path, notices: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "crmo_seg.inference.openvino_backend")
    monkeypatch.delitem(sys.modules, "crmo_seg.inference.openvino_library")
    monkeypatch.setitem(sys.modules, "openvino", None)
    backend = load_backend(exported, exported_folder, notice=notices.append)
    assert_by_torch(backend, notices, "it cannot be imported: import of openvino halted; None in sys.modules")


def wrong_answers(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    """OpenVINO adds 0.1 to each probability, if it runs in this precision."""
    right = OpenVinoBackend._outputs

    def shifted(self: OpenVinoBackend, *arguments: object) -> dict[str, np.ndarray]:
        answer = right(self, *arguments)  # type: ignore[arg-type]
        shift = np.float32(0.1 if self.precision == precision else 0.0)
        return {head: array + shift for head, array in answer.items()}

    monkeypatch.setattr(OpenVinoBackend, "_outputs", shifted)


def test_wrong_results_are_found_and_torch_is_used(
    exported: ModelBundle, exported_folder: Path, notices: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong_answers(monkeypatch, "f32")
    for _ in range(2):
        backend = load_backend(exported, exported_folder, notice=notices.append)
        (notice,) = notices
        assert notice.startswith("bundle stub: runs by torch instead of OpenVINO, slower (on its check window edema")
        assert "mean difference 0.1000" in notice
        assert backend.name == "torch"
        notices.clear()


def test_wrong_bf16_is_followed_by_f32(
    exported: ModelBundle, exported_folder: Path, notices: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_backend, "precisions_to_try", lambda _: ("bf16", "f32"))
    wrong_answers(monkeypatch, "bf16")
    backend = load_backend(exported, exported_folder, notice=notices.append)
    assert (backend.name, backend.precision) == ("openvino", "f32")
    (notice,) = notices
    assert notice.startswith("bundle stub: runs in f32 instead of bf16, slower (on its check window edema differs")


def test_without_a_notice_the_log_is_told(caplog: pytest.LogCaptureFixture) -> None:
    load_backend(make_bundle(), None)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the bundle has no OpenVINO model" in caplog.text


def test_where_nothing_can_run_it_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_module, "is_installed", lambda _: False)
    problem = r"cannot run by OpenVINO \(the bundle has no OpenVINO model\), and torch is not installed"
    with pytest.raises(InputError, match=f"bundle stub: {problem}; install torch"):
        load_backend(make_bundle(), None)
    with pytest.raises(
        InputError, match="--device: cuda needs torch, which is not installed; install torch, or choose"
    ):
        load_backend(make_bundle(), None, "cuda")


def test_an_accelerator_is_taken_where_torch_finds_it(
    exported: ModelBundle, exported_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class OnGpu(TorchBackend):
        def __init__(self, bundle: ModelBundle, device: str, precision: str) -> None:
            asked.append((device, precision))
            super().__init__(bundle, "cpu", precision)

    monkeypatch.setattr(torch_backend, "TorchBackend", OnGpu)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    load_backend(exported, exported_folder, "cuda", "f32")
    assert load_backend(exported, exported_folder).name == "openvino"  # nothing on this machine speaks of a GPU
    monkeypatch.setattr(backend_module, "may_have_accelerator", lambda: True)
    load_backend(exported, exported_folder)
    assert asked == [("cuda", "f32"), ("cuda", "auto")]
    assert load_backend(exported, exported_folder, "cpu").name == "openvino"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert load_backend(exported, exported_folder).name == "openvino"


@pytest.mark.parametrize("name", ["tpu", "", "CPU", "cuda:1"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"--device: '{name}' is unknown; choose one of auto, cpu, cuda, mps"):
        load_backend(make_bundle(), None, name)
    with pytest.raises(InputError, match=f"--precision: '{name}' is unknown; choose one of auto, f32, bf16"):
        load_backend(make_bundle(), None, "cpu", name)


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "MPS backend out of memory (MPS allocated: 9.00 GB)",
        "[enforce fail at alloc_cpu.cpp:125] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.",
        "Exception from src/plugins/intel_cpu/src/node.cpp:1\nstd::bad_alloc",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    ],
)
def test_out_of_memory_is_known_in_the_words_of_each_library(message: str) -> None:
    assert is_out_of_memory(RuntimeError(message))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("Given groups=1, expected input to have 1 channels"))


@pytest.mark.parametrize(
    ("platform", "processor", "present", "likely"),
    [
        ("darwin", "arm64", (), True),
        ("darwin", "x86_64", ("nvidia-smi",), False),
        ("linux", "x86_64", (), False),
        ("linux", "x86_64", ("/dev/nvidia0",), True),
        ("linux", "x86_64", ("/dev/kfd",), True),
        ("win32", "AMD64", ("nvidia-smi",), True),
        ("win32", "AMD64", (), False),
    ],
)
def test_a_gpu_is_suspected_without_torch(
    monkeypatch: pytest.MonkeyPatch, platform: str, processor: str, present: tuple[str, ...], likely: bool
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("platform.machine", lambda: processor)
    monkeypatch.setattr("shutil.which", lambda name: name if name in present else None)
    monkeypatch.setattr(Path, "exists", lambda path: path.as_posix() in present)
    assert may_have_accelerator() == likely
