"""Write a bundle's networks as OpenVINO models, with a window to check them by. Needs torch and OpenVINO."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from crmo_seg.bundle import CONTRACT_FILE, ModelBundle, has_half_weights, load_bundle
from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole
from crmo_seg.inference.backend import is_installed
from crmo_seg.inference.openvino_files import OPENVINO_FOLDER, SELF_CHECK_FILE, model_file, write_contents
from crmo_seg.inference.self_check import kept_window, make_self_check, noise_window
from crmo_seg.inference.torch_backend import TorchBackend, load_network, probabilities
from crmo_seg.inference.windows import Float32Array
from crmo_seg.network import Network

if TYPE_CHECKING:
    import openvino


def export_openvino(bundle: ModelBundle, folder: Path, window: Float32Array | None = None) -> Path:
    """Add OpenVINO models to the folder of a bundle, replacing older ones; complete or not at all.

    Args:
        bundle: as it was saved there.
        folder: of the bundle.
        window: (sequence, x, y, z) of the plan's patch, best of a validation case and with foreground, which later uses
            are checked on. None keeps the one that the folder has, or takes noise.

    Returns:
        ``folder/openvino``.

    Raises:
        InputError: where the folder is no bundle, OpenVINO is not installed, or the disk is full.
    """
    if not is_installed("openvino"):
        raise InputError("openvino", "is not installed", "install it, or run the model by torch")
    if not (folder / CONTRACT_FILE).is_file():
        raise InputError(folder, f"is no model bundle (it has no {CONTRACT_FILE})", "give a folder saved by training")
    from crmo_seg.inference.openvino_library import openvino

    if window is None:
        kept = kept_window(folder, bundle.plan)
        window = noise_window(bundle.plan) if kept is None else kept
    check = make_self_check(TorchBackend(bundle, "cpu", "f32"), window)
    with folder_written_whole(folder / OPENVINO_FOLDER) as part:
        for number, member in enumerate(bundle.members):
            # In 16 bits only those that are stored so already: others would be rounded.
            file, half = part / model_file(number), has_half_weights(member)
            openvino.save_model(_converted(member), file, compress_to_fp16=half)
        check.save(part / SELF_CHECK_FILE)
        write_contents(part, bundle)
    return folder / OPENVINO_FOLDER


def export_bundle(folder: Path, window: Float32Array | None = None) -> Path:
    """Add OpenVINO models to a bundle that was saved without; see ``export_openvino``."""
    return export_openvino(load_bundle(folder), folder, window)


class _Probabilities(nn.Module):
    """A network whose outputs are probabilities, one for each head in the plan's order."""

    def __init__(self, network: Network, heads: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self.heads = heads

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        logits = self.network(image)
        return tuple(probabilities(logits[head]) for head in self.heads)


def _converted(member: ModelBundle) -> openvino.Model:
    """The graph for the plan's patch, by tracing: ``torch.export`` takes instance norm apart, which makes it slower."""
    from crmo_seg.inference.openvino_library import openvino

    heads = tuple(head.name for head in member.plan.heads)
    sequences = len(member.plan.sequences)
    # The smallest window that the coarsest stage can normalise: a trace knows no sizes.
    example = torch.zeros(1, sequences, *(2 * divisor for divisor in member.plan.network.divisors))
    network = _Probabilities(load_network(member), heads).eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that tracing is deprecated, and that it takes the checks of sizes as passed
        # Torch's own check of a trace takes longer than all the rest; the self-check does more.
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        model = openvino.convert_model(traced)
    model.reshape([1, sequences, *member.plan.patch])
    # Left alone, OpenVINO numbers model and results as they come in this process: another file each time.
    model.set_friendly_name("network")
    for head, result in zip(heads, model.get_results(), strict=True):
        result.set_friendly_name(f"probability_{head}")
        result.output(0).get_tensor().set_names({head})
    return model
