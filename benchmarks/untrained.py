"""The default network with drawn weights, as a bundle with its OpenVINO model: speed does not depend on weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from hydra import compose, initialize_config_dir

from crmo_seg.bundle import ModelBundle, save_bundle
from crmo_seg.inference.openvino_export import export_openvino
from crmo_seg.network import build_network
from crmo_seg.plan import Head, Plan
from crmo_seg.training.planning import fixed_plan

CONFIGS: Final = Path(__file__).parents[1] / "configs"
NETWORK: Final = "crmo_seg.network.UNet"
_SURE_OF_NOTHING: Final = -6.0  # logit of edema: drawn weights would find a thousand lesions


def default_plan(*overrides: str, classes: int | None = None) -> Plan:
    """The plan of ``configs``, changed by overrides; with one head of so many classes where a number is given."""
    with initialize_config_dir(str(CONFIGS), version_base=None):
        plan = fixed_plan(compose("train", list(overrides)))
    if classes is None:
        return plan
    return replace(plan, heads=(Head("parts", tuple(f"part {number}" for number in range(1, classes + 1))),))


def save_untrained(folder: Path, plan: Plan) -> ModelBundle:
    """Write the bundle and its OpenVINO model."""
    torch.manual_seed(0)
    weights = {name: tensor.numpy().copy() for name, tensor in build_network(NETWORK, plan).state_dict().items()}
    for name in weights:
        if name.startswith("heads.edema.") and name.endswith("bias"):
            weights[name][...] = _SURE_OF_NOTHING
    bundle = ModelBundle("untrained", plan, weights)
    save_bundle(bundle, folder)
    export_openvino(bundle, folder)
    return bundle
