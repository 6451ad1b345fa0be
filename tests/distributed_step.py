"""One step of a small network on a part of a joint batch, as a rank of several or alone."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from crmo_seg.network import UNet
from crmo_seg.plan import EDEMA_HEAD, Head, NetworkPlan
from crmo_seg.training.losses import DiceCrossEntropy, DiceFocal, TverskyCrossEntropy, deep_supervision_loss

HEADS = (EDEMA_HEAD, Head("parts", ("first", "second")))
LOSSES = {
    "dice per sample": lambda: DiceCrossEntropy(batch_dice=False),
    "dice of the batch": lambda: DiceCrossEntropy(positive_weight=3.0, batch_dice=True),
    "focal": DiceFocal,
    "tversky": TverskyCrossEntropy,
}
LABELLED = {"edema": [1.0, 1.0, 0.0, 1.0], "parts": [0.0, 0.0, 0.0, 1.0]}
"""Of the second head the first rank has no label at all: the counts of the ranks differ."""


def make_network() -> UNet:
    torch.manual_seed(0)
    return UNet(1, NetworkPlan((4, 6), ((1, 1, 1), (2, 2, 1)), ((3, 3, 1), (3, 3, 3))), HEADS)


def joint_batch() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    torch.manual_seed(1)
    targets = {head.name: torch.randint(0, len(head.classes) + 1, (4, 1, 8, 8, 4)) for head in HEADS}
    return torch.randn(4, 1, 8, 8, 4), targets


class Step(torch.nn.Module):
    """The network and its losses on a part of the joint batch."""

    def __init__(self, loss: str) -> None:
        super().__init__()
        self.network = make_network()
        self.loss = LOSSES[loss]()

    def forward(self, part: slice) -> torch.Tensor:
        images, targets = joint_batch()
        outputs = self.network.forward_deep(images[part])
        values = [
            deep_supervision_loss(self.loss, outputs[name], targets[name][part], torch.tensor(LABELLED[name])[part])
            for name in outputs
        ]
        return torch.stack(values).sum()


def gradients(step: Step, run: torch.nn.Module, part: slice) -> tuple[float, list[torch.Tensor]]:
    loss = run(part)
    loss.backward()
    return loss.item(), [weight.grad for weight in step.parameters() if weight.grad is not None]


def one_rank(number: int, loss: str, folder: str) -> None:
    """Writes its loss and gradients to ``<number>.pt``."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=number, world_size=2)
    step = Step(loss)
    result = gradients(step, DistributedDataParallel(step), slice(2 * number, 2 * number + 2))
    torch.save(result, Path(folder) / f"{number}.pt")
    dist.destroy_process_group()
