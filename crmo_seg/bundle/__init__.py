"""A trained model as a folder: ``model.safetensors``, ``bundle.yaml`` and a model card. No pickle, no torch.

An ensemble is a bundle too: of one plan, with further weights in ``model_1.safetensors``, ``model_2.safetensors``, ...
whose hashes stand under ``other_weights_sha256`` in ``bundle.yaml``. Its probability is the mean of its members'.
A bundle may have parts, bundles below ``parts/0``, ``parts/1``, ...: networks that mark other heads, each on its own
grid, for example bones on a coarse one; their hashes stand under ``parts_sha256``. A published bundle has weights of
float16. Inference may add ``openvino/``, the same networks for a faster library; a bundle is whole without it.
"""

from crmo_seg.bundle.combine import combined
from crmo_seg.bundle.ensemble import ensemble_bundles
from crmo_seg.bundle.files import (
    CARD_FILE,
    CONTRACT_FILE,
    WEIGHTS_FILE,
    load_bundle,
    part_folder,
    save_bundle,
    with_folders,
)
from crmo_seg.bundle.half import has_half_weights, with_half_weights
from crmo_seg.bundle.model import FORMAT_VERSION, ModelBundle
from crmo_seg.plan.networks import NETWORKS

__all__ = [
    "CARD_FILE",
    "CONTRACT_FILE",
    "FORMAT_VERSION",
    "NETWORKS",
    "WEIGHTS_FILE",
    "ModelBundle",
    "combined",
    "ensemble_bundles",
    "has_half_weights",
    "load_bundle",
    "part_folder",
    "save_bundle",
    "with_folders",
    "with_half_weights",
]
