"""Run windows with torch, on cpu, cuda or mps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
import torch

from crmo_seg.bundle import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.inference.backend import DEVICES, WindowTooLarge, is_out_of_memory
from crmo_seg.inference.windows import Float32Array, mean_of
from crmo_seg.network import Network, build_network

Logits: TypeAlias = Mapping[str, torch.Tensor]
"""Head -> (1, channel, x, y, z)."""

_PRECISIONS: Final = MappingProxyType({None: "f32", torch.bfloat16: "bf16", torch.float16: "f16"})


class TorchBackend:
    """The network of a bundle, or those of an ensemble, ready to run; see ``backend.Backend``.

    Args:
        bundle: weights and plan.
        device: one of ``backend.DEVICES``; ``auto`` takes cuda, then mps, then cpu.
        precision: one of ``backend.PRECISIONS``; ``auto`` takes the half precision that pays on the device.
        compiled: by ``torch.compile``, which takes most of a minute and needs a compiler: for many studies on one GPU.

    Raises:
        InputError: where the device or its precision are not there, or the weights do not fit the network.
    """

    name: Final = "torch"

    def __init__(
        self, bundle: ModelBundle, device: str = "auto", precision: str = "auto", *, compiled: bool = False
    ) -> None:
        chosen = choose_device(device)
        self.device = str(chosen)
        self.autocast_dtype = _dtype(precision, chosen.type)
        self.precision = _PRECISIONS[self.autocast_dtype]
        networks = [load_network(member).to(chosen).eval() for member in bundle.members]
        self.networks = [torch.compile(network) for network in networks] if compiled else networks

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        """The mean of what ``each`` gives."""
        return mean_of(self.each(window))

    def each(self, window: Float32Array) -> Iterator[Mapping[str, Float32Array]]:
        """Of each member: (1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z).

        Raises:
            WindowTooLarge: where the memory does not suffice.
        """
        for network in self.networks:
            yield self._run(network, window)

    def _run(self, network: Callable[[torch.Tensor], Logits], window: Float32Array) -> dict[str, Float32Array]:
        try:
            return self._outputs(network, window)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            too_large = WindowTooLarge(f"window {window.shape[2:]}")
        # Here the error is gone, and with it the frames that hold its tensors.
        if self.device == "cuda":
            torch.cuda.empty_cache()
        raise too_large

    def _outputs(self, network: Callable[[torch.Tensor], Logits], window: Float32Array) -> dict[str, Float32Array]:
        with (
            torch.inference_mode(),
            torch.autocast(torch.device(self.device).type, self.autocast_dtype, enabled=self.precision != "f32"),
        ):
            logits = network(torch.from_numpy(window).to(self.device))
            return {head: probabilities(one).cpu().numpy() for head, one in logits.items()}


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Sigmoid of a head with one channel, softmax of one with more, as float32."""
    return logits.float().sigmoid() if logits.shape[1] == 1 else logits.float().softmax(dim=1)


def load_network(bundle: ModelBundle) -> Network:
    """The bundle's network with its weights."""
    network = build_network(bundle.network_class, bundle.plan)
    # safetensors gives read-only arrays, which torch warns of: hence the copy.
    state = {name: torch.from_numpy(np.array(array)) for name, array in bundle.weights.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        problem = f"weights do not fit the plan ({str(error).splitlines()[-1].strip()})"
        raise InputError(f"bundle {bundle.name}", problem, "save the model again") from None
    return network


def choose_device(name: str) -> torch.device:
    """The torch device of a name.

    Raises:
        InputError: where the name is unknown or this machine has no such device.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if available[kind]))
    if name not in available:
        raise InputError("--device", f"{name!r} is unknown", f"choose one of {', '.join(DEVICES)}")
    if not available[name]:
        raise InputError("--device", f"{name} is not available here", "choose auto or cpu")
    return torch.device(name)


def _dtype(precision: str, device_type: str) -> torch.dtype | None:
    if precision == "auto":
        return autocast_dtype(device_type)
    if precision == "bf16" and autocast_dtype(device_type) is not torch.bfloat16:
        raise InputError("--precision", f"bf16 is not computed by this {device_type}", "choose auto or f32")
    return torch.bfloat16 if precision == "bf16" else None


def autocast_dtype(device_type: str) -> torch.dtype | None:
    """The half precision that pays on this device, or None.

    On a CPU without bf16 arithmetic autocast is slower than float32 (pytorch#118499).
    """
    if device_type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device_type == "cpu" and cpu_has_bf16():
        return torch.bfloat16
    return None


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX)."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
