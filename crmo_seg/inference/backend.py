"""What runs a window, and which of them runs it here: OpenVINO on a CPU, torch on a GPU and wherever OpenVINO cannot.

Importing this, and running by OpenVINO, needs no torch.
"""

from __future__ import annotations

import logging
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from crmo_seg.bundle import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.inference.windows import Float32Array

if TYPE_CHECKING:
    from crmo_seg.inference.openvino_files import OpenVinoFiles

DEVICES: Final = ("auto", "cpu", "cuda", "mps")
PRECISIONS: Final = ("auto", "f32", "bf16")

_LOG: Final = logging.getLogger("crmo_seg")
"""Writes to the standard error where a program has set up no logging."""

Notice = Callable[[str], None]

_ACCELERATOR_FILES: Final = ("/dev/nvidia0", "/dev/kfd", "/dev/dxg")
"""Of an NVIDIA GPU, of an AMD GPU, and of any GPU under WSL."""

_OUT_OF_MEMORY: Final = re.compile(
    r"out of memory|(can't|cannot|not|failed to|unable to) allocate|not enough memory|bad_alloc|alloc_failed", re.I
)


class Backend(Protocol):
    """The networks of a bundle, ready to run. Several threads may call one backend at once.

    Attributes:
        name: ``openvino`` or ``torch``.
        device: ``cpu``, ``cuda`` or ``mps``.
        precision: ``f32``, ``bf16`` or ``f16``, of the convolutions.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def device(self) -> str: ...  # noqa: D102

    @property
    def precision(self) -> str: ...  # noqa: D102

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        """(1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z), the mean of the members'.

        Raises:
            WindowTooLarge: where the memory does not suffice; a smaller window may do.
        """

    def each(self, window: Float32Array) -> Iterator[Mapping[str, Float32Array]]:
        """Of each member: (1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z).

        Raises:
            WindowTooLarge: where the memory does not suffice; a smaller window may do.
        """


class WindowTooLarge(MemoryError):  # noqa: N818  (what happened, not what to name it)
    """The memory does not suffice for a window of this shape."""


class OpenVinoUnusable(Exception):  # noqa: N818
    """OpenVINO cannot run this bundle here; the message says why. Torch can, so this is no error of the user."""


def load_backend(
    bundle: ModelBundle,
    folder: Path | None,
    device: str = "auto",
    precision: str = "auto",
    notice: Notice = _LOG.warning,
) -> Backend:
    """The fastest backend that this machine has for a bundle, and that has shown that it computes the same.

    Args:
        bundle: the model.
        folder: that it was loaded from and that may hold its OpenVINO models; None where it is in memory only.
        device: one of ``DEVICES``; ``auto`` takes cuda, then mps, then cpu.
        precision: ``auto`` is bf16 or f16 where the device computes it faster; ``f32`` never is.
        notice: is told in one line why a slower way is taken.

    Raises:
        InputError: where device or precision are unknown or not to be had, or nothing is installed that could run it.
    """
    _check_choice("--device", device, DEVICES)
    _check_choice("--precision", precision, PRECISIONS)
    if device == "auto":
        device = _accelerator() or "cpu"
    if device != "cpu":
        return _torch_backend(bundle, device, precision)
    try:
        return _openvino_backend(bundle, folder, precision, notice)
    except OpenVinoUnusable as reason:
        return _torch_backend_instead(bundle, precision, notice, reason)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an exception of a library means that the memory does not suffice.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    True
    >>> is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    False
    """
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None


def is_installed(library: str) -> bool:
    """Whether a library can be imported, without importing it."""
    return find_spec(library) is not None


def may_have_accelerator() -> bool:
    """Whether this machine looks as if torch might find a GPU; importing torch to be told no takes seconds."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return shutil.which("nvidia-smi") is not None or any(Path(name).exists() for name in _ACCELERATOR_FILES)


def _check_choice(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(option, f"{value!r} is unknown", f"choose one of {', '.join(allowed)}")


def _accelerator() -> str | None:
    if not (may_have_accelerator() and is_installed("torch")):
        return None
    from crmo_seg.inference.torch_backend import choose_device

    found = choose_device("auto").type
    return None if found == "cpu" else found


def _openvino_backend(bundle: ModelBundle, folder: Path | None, precision: str, notice: Notice) -> Backend:
    from crmo_seg.inference.openvino_files import find_openvino_files

    files = find_openvino_files(bundle, folder)
    try:
        from crmo_seg.inference.openvino_backend import precisions_to_try
    except ImportError as error:
        raise OpenVinoUnusable(f"it cannot be imported: {error}") from error
    *faster, last = precisions_to_try(precision)
    for choice in faster:
        try:
            return _checked_openvino(bundle, files, choice)
        except OpenVinoUnusable as reason:
            notice(f"bundle {bundle.name}: runs in {last} instead of {choice}, slower ({reason})")
    return _checked_openvino(bundle, files, last)


def _checked_openvino(bundle: ModelBundle, files: OpenVinoFiles, precision: str) -> Backend:
    from crmo_seg.inference.openvino_backend import OpenVinoBackend, describe_machine
    from crmo_seg.inference.self_check import refuse_wrong

    backend = OpenVinoBackend(bundle.plan, files.models, precision)
    return refuse_wrong(backend, files, bundle.threshold, describe_machine())


def _torch_backend(bundle: ModelBundle, device: str, precision: str) -> Backend:
    if not is_installed("torch"):
        raise InputError("--device", f"{device} needs torch, which is not installed", "install torch, or choose cpu")
    from crmo_seg.inference.torch_backend import TorchBackend

    return TorchBackend(bundle, device, precision)


def _torch_backend_instead(bundle: ModelBundle, precision: str, notice: Notice, reason: OpenVinoUnusable) -> Backend:
    if not is_installed("torch"):
        problem = f"cannot run by OpenVINO ({reason}), and torch is not installed"
        raise InputError(f"bundle {bundle.name}", problem, "install torch")
    notice(f"bundle {bundle.name}: runs by torch instead of OpenVINO, slower ({reason})")
    return _torch_backend(bundle, "cpu", precision)
