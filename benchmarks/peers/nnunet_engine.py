"""Run nnU-Net's sliding window with a network of crmo_seg; runs in an environment that has nnunetv2.

python nnunet_engine.py BUNDLE IMAGE.npy WINDOW(x,y,z) OVERLAP OUT.npz     with crmo_seg on PYTHONPATH
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from nnunetv2.inference import predict_from_raw_data
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from torch import Tensor, nn

from crmo_seg.bundle import load_bundle
from crmo_seg.inference.windows import gaussian_weight
from crmo_seg.network import build_network
from crmo_seg.volume import Array


class OneTensor(nn.Module):
    """What a network says of all heads in one tensor, as nnU-Net wants it: logits, or probabilities."""

    def __init__(self, network: nn.Module, as_probability: bool) -> None:
        super().__init__()
        self.network = network
        self.as_probability = as_probability

    def forward(self, image: Tensor) -> Tensor:
        """(1, channels of all heads, x, y, z)."""
        heads = self.network(image).values()
        return torch.cat([_probability(logits) if self.as_probability else logits for logits in heads], dim=1)


def _probability(logits: Tensor) -> Tensor:
    return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)


def our_weights(tile_size: tuple[int, ...], value_scaling_factor: float = 1, **_: object) -> Tensor:
    """In place of nnU-Net's ``compute_gaussian``: the weights of crmo_seg, whose middle lies half a voxel before."""
    x, y, z = tile_size
    return torch.from_numpy(gaussian_weight((x, y, z)) * value_scaling_factor).half()


def timed(predictor: nnUNetPredictor, array: Tensor) -> tuple[float, Array]:
    """Seconds of the sliding window and what it averaged."""
    start = time.perf_counter()
    averaged = predictor.predict_sliding_window_return_logits(array)
    return time.perf_counter() - start, averaged.numpy()


def main(folder: str, image: str, window: str, overlap: str, out: str) -> None:
    """Write the averages by nnU-Net's rules and by ours as float16; print the seconds of both."""
    bundle = load_bundle(Path(folder))
    network = build_network(bundle.network_class, bundle.plan)
    network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in bundle.weights.items()})
    predictor = nnUNetPredictor(
        tile_step_size=1 - float(overlap), use_gaussian=True, use_mirroring=False, device=torch.device("cpu"),
        allow_tqdm=False,
    )  # fmt: skip
    predictor.configuration_manager = SimpleNamespace(patch_size=[int(side) for side in window.split(",")])
    channels = sum(head.channels for head in bundle.plan.heads)
    predictor.label_manager = SimpleNamespace(num_segmentation_heads=channels)
    array = torch.from_numpy(np.load(image))
    predictor.network = OneTensor(network, as_probability=False)
    logits_s, logits = timed(predictor, array)
    predictor.network = OneTensor(network, as_probability=True)
    our_weights.cache_clear = lambda: None  # type: ignore[attr-defined]  # nnU-Net clears the cache of its own
    predict_from_raw_data.compute_gaussian = our_weights
    probabilities_s, probabilities = timed(predictor, array)
    np.savez(out, logits=logits, probabilities=probabilities)
    print(logits_s, probabilities_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
