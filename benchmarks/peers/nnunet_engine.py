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
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from torch import Tensor, nn

from crmo_seg.bundle import load_bundle
from crmo_seg.network import build_network


class OneTensor(nn.Module):
    """The logits of all heads in one tensor, as nnU-Net wants them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        """(1, channels of all heads, x, y, z)."""
        return torch.cat(list(self.network(image).values()), dim=1)


def main(folder: str, image: str, window: str, overlap: str, out: str) -> None:
    """Write the logits as float16 and print the seconds."""
    bundle = load_bundle(Path(folder))
    network = build_network(bundle.network_class, bundle.plan)
    network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in bundle.weights.items()})
    predictor = nnUNetPredictor(
        tile_step_size=1 - float(overlap), use_gaussian=True, use_mirroring=False, device=torch.device("cpu"),
        allow_tqdm=False,
    )  # fmt: skip
    predictor.network = OneTensor(network)
    predictor.configuration_manager = SimpleNamespace(patch_size=[int(side) for side in window.split(",")])
    channels = sum(head.channels for head in bundle.plan.heads)
    predictor.label_manager = SimpleNamespace(num_segmentation_heads=channels)
    array = torch.from_numpy(np.load(image))
    start = time.perf_counter()
    logits = predictor.predict_sliding_window_return_logits(array)
    print(time.perf_counter() - start)
    np.savez(out, logits=logits.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
