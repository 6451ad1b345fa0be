"""Run windows by OpenVINO on a CPU. Imports neither torch nor monai, and sends no telemetry."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.inference.backend import OpenVinoUnusable, WindowTooLarge, is_out_of_memory
from crmo_seg.inference.openvino_constants import RebuiltModel
from crmo_seg.inference.openvino_library import openvino
from crmo_seg.inference.windows import Float32Array, mean_of
from crmo_seg.plan import Plan

KEPT_SHAPES: Final = 4
"""Compiled window shapes that are kept: a study needs one, and another after it ran out of memory."""


class OpenVinoBackend:
    """The OpenVINO models of a bundle's members; see ``backend.Backend``.

    Args:
        plan: of the bundle.
        models: of each member; see ``OpenVinoFiles``.
        precision: ``f32`` or ``bf16``; of ``precisions_to_try``.

    A window shape is compiled when it first comes, in about a second, and kept.

    Raises:
        OpenVinoUnusable: where OpenVINO cannot read a model.
    """

    name: Final = "openvino"
    device: Final = "cpu"

    def __init__(self, plan: Plan, models: Sequence[Path | RebuiltModel], precision: str) -> None:
        self.precision = precision
        self._heads = [head.name for head in plan.heads]
        self._divisors = plan.network.divisors
        self._core = openvino.Core()
        # A mapped file could not be replaced on Windows, and would crash the process where it is cut off.
        self._core.set_property({"ENABLE_MMAP": False})
        try:
            self._models = [read_model(self._core, model) for model in models]
        except RuntimeError as error:
            raise OpenVinoUnusable(f"OpenVINO {openvino.__version__} cannot read it") from error
        self._compiled: OrderedDict[tuple[int, ...], list[openvino.CompiledModel]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        """The mean of what ``each`` gives."""
        return mean_of(self.each(window))

    def each(self, window: Float32Array) -> Iterator[Mapping[str, Float32Array]]:
        """Of each member: (1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z).

        Raises:
            WindowTooLarge: where the memory does not suffice.
            ValueError: where a side is no multiple of the network's divisors.
        """
        self._check_size(window.shape[2:])
        try:
            for network in self._networks(window.shape):
                yield self._outputs(network, np.ascontiguousarray(window, dtype=np.float32))
        except (MemoryError, RuntimeError) as error:
            if is_out_of_memory(error):
                self._forget(window.shape)
                raise WindowTooLarge(f"window {window.shape[2:]}") from error
            raise

    def _networks(self, shape: tuple[int, ...]) -> list[openvino.CompiledModel]:
        with self._lock:
            if shape not in self._compiled:
                self._compiled[shape] = [self._compile(model, shape) for model in self._models]
            self._compiled.move_to_end(shape)
            while len(self._compiled) > KEPT_SHAPES:
                self._compiled.popitem(last=False)
            return self._compiled[shape]

    def _forget(self, shape: tuple[int, ...]) -> None:
        """Give back what a compiled shape holds: its weights and the space of its features."""
        with self._lock:
            self._compiled.pop(shape, None)

    def _compile(self, model: openvino.Model, shape: tuple[int, ...]) -> openvino.CompiledModel:
        of_this_shape = model.clone()
        of_this_shape.reshape(list(shape))
        return self._core.compile_model(of_this_shape, "CPU", cpu_settings(self.precision))

    def _outputs(self, network: openvino.CompiledModel, window: Float32Array) -> dict[str, Float32Array]:
        """An infer request belongs to one call, so that threads do not overwrite each other's outputs."""
        request = network.create_infer_request()
        request.infer([window], share_inputs=True)
        return {head: np.array(request.get_output_tensor(i).data) for i, head in enumerate(self._heads)}

    def _check_size(self, sides: tuple[int, ...]) -> None:
        if any(side % divisor for side, divisor in zip(sides, self._divisors, strict=True)):
            raise ValueError(f"window {sides} is no multiple of {self._divisors}")


def precisions_to_try(precision: str) -> tuple[str, ...]:
    """Precisions of this CPU, the fastest first.

    Args:
        precision: ``auto``, or the one that it has to be.

    Raises:
        InputError: where this CPU does not compute it.
    """
    # Where a CPU has no bf16 arithmetic, OpenVINO would compute it by f32 and gain nothing.
    has_bf16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "bf16" and not has_bf16:
        raise InputError("--precision", "bf16 is not computed by this processor", "choose auto or f32")
    if precision == "auto":
        return ("bf16", "f32") if has_bf16 else ("f32",)
    return (precision,)


def cpu_settings(precision: str) -> dict[str, str | int | bool]:
    """Properties of OpenVINO's CPU device.

    Left alone it rounds to bf16 where it can, and binds its threads to cores.
    """
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": usable_cores(),
        "ENABLE_CPU_PINNING": False,  # two processes would share the first cores and leave the others idle
    }


def usable_cores() -> int:
    """Cores that this process may use, at most ``OMP_NUM_THREADS``, as in torch."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if limit.isdigit() and int(limit) else cores


def describe_machine() -> str:
    """OpenVINO's version and what it says of this CPU; where these stay, so do its results."""
    core = openvino.Core()
    properties = (core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES"))
    return " ".join([openvino.get_version(), *map(str, properties)])


def read_model(core: openvino.Core, model: Path | RebuiltModel) -> openvino.Model:
    """A model of ``OpenVinoFiles``."""
    if isinstance(model, RebuiltModel):
        return core.read_model(model.xml.read_bytes(), model.constants)
    return core.read_model(model)
