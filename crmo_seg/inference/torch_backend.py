"""Run windows with torch, on cpu, cuda or mps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from crmo_seg.bundle import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.inference.windows import Float32Array
from crmo_seg.network import UNet, build_network

DEVICES = ("auto", "cpu", "cuda", "mps")


class TorchBackend:
    """The network of a bundle, or those of an ensemble, ready to run.

    Args:
        bundle: weights and plan.
        device: one of ``DEVICES``; ``auto`` takes cuda, then mps, then cpu.

    Raises:
        InputError: where the device is not there, or the weights do not fit the network.
    """

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        self.device = choose_device(device)
        self.networks = [load_network(member).to(self.device).eval() for member in bundle.members]
        self.autocast_dtype = autocast_dtype(self.device.type)

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        """(1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z); of an ensemble the mean."""
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, self.autocast_dtype, enabled=self.autocast_dtype is not None),
        ):
            image = torch.from_numpy(window).to(self.device)
            members = [network(image) for network in self.networks]
            return {
                head: torch.stack([probabilities(logits[head]) for logits in members]).mean(dim=0).cpu().numpy()
                for head in members[0]
            }


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Sigmoid of a head with one channel, softmax of one with more, as float32."""
    return logits.float().sigmoid() if logits.shape[1] == 1 else logits.float().softmax(dim=1)


def load_network(bundle: ModelBundle) -> UNet:
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
