"""The Lightning module: steps and optimizer, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from crmo_seg.data.sample import IMAGE, Sample, label_key, labelled_key
from crmo_seg.inference.torch_backend import probabilities
from crmo_seg.inference.windows import Float32Array, classes_of, predict_windows
from crmo_seg.network import UNet
from crmo_seg.plan import Head, Plan
from crmo_seg.training.losses import deep_supervision_loss
from crmo_seg.training.metrics import PooledDice
from crmo_seg.volume import Array

BuildOptimizer: TypeAlias = Callable[[Iterator[nn.Parameter]], Optimizer]
Schedule: TypeAlias = Callable[[float], float]

VALIDATION_THRESHOLD = 0.5


class SegmentationModule(pl.LightningModule):
    """Trains a network on patches and validates it on whole cases by sliding window.

    Args:
        plan: heads and patch.
        network: to train.
        losses: of each head, see ``losses``.
        head_weights: weight of each head in the sum.
        optimizer: makes one from the parameters.
        schedule: share of training done, 0 to 1 -> factor of the learning rate.

    Logs ``train/loss``, ``train/<head>_loss`` and ``val/<head>_dice``.
    """

    def __init__(
        self,
        plan: Plan,
        network: UNet,
        losses: Mapping[str, nn.Module],
        head_weights: Mapping[str, float],
        optimizer: BuildOptimizer,
        schedule: Schedule,
    ) -> None:
        super().__init__()
        self.plan = plan
        self.network = network
        self.losses = nn.ModuleDict(dict(losses))
        self.head_weights = dict(head_weights)
        self.build_optimizer = optimizer
        self.schedule = schedule
        self.dice = {head.name: PooledDice(head) for head in plan.heads}

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        """Loss of a batch of patches, summed over heads, averaged over resolutions."""
        total = torch.zeros((), device=self.device)
        for head, outputs in self.network.forward_deep(batch[IMAGE]).items():
            loss = deep_supervision_loss(self.losses[head], outputs, batch[label_key(head)], batch[labelled_key(head)])
            self.log(f"train/{head}_loss", loss, on_step=False, on_epoch=True, batch_size=len(batch[IMAGE]))
            total = total + self.head_weights.get(head, 1.0) * loss
        self.log("train/loss", total, prog_bar=True, on_step=False, on_epoch=True, batch_size=len(batch[IMAGE]))
        return total

    def validation_step(self, sample: Sample, batch_index: int) -> None:
        """Compare one whole case with its labels."""
        outputs = predict_windows(sample[IMAGE], self._run_window, self.plan.patch)
        for head in self.plan.heads:
            if sample[labelled_key(head.name)]:
                pred = _class_values(head, outputs[head.name])
                self.dice[head.name].update(pred=pred, ref=sample[label_key(head.name)][0])

    def on_validation_epoch_end(self) -> None:
        """Log the Dice pooled over the cases."""
        for name, dice in self.dice.items():
            self.log(f"val/{name}_dice", dice.mean(), prog_bar=True)
            dice.reset()

    def configure_optimizers(self) -> Any:  # noqa: ANN401  (Lightning's union of dictionaries)
        """One optimizer, its learning rate scaled at every step."""
        optimizer = self.build_optimizer(self.network.parameters())
        steps = max(1, int(self.trainer.estimated_stepping_batches))
        scheduler = LambdaLR(optimizer, lambda step: self.schedule(min(step / steps, 1.0)))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _run_window(self, window: Float32Array) -> Mapping[str, Float32Array]:
        logits = self.network(torch.from_numpy(window).to(self.device))
        return {head: probabilities(output).cpu().numpy() for head, output in logits.items()}


def warmup_cosine(progress: float, *, warmup: float) -> float:
    """Linear rise over the first share ``warmup`` of training, then half a cosine to zero.

    >>> [round(warmup_cosine(p, warmup=0.1), 2) for p in (0.0, 0.05, 0.1, 0.55, 1.0)]
    [0.01, 0.5, 1.0, 0.5, 0.0]
    """
    if progress < warmup:
        return max(progress / warmup, 0.01)
    return float(0.5 * (1 + np.cos(np.pi * (progress - warmup) / (1 - warmup))))


def _class_values(head: Head, probability: Float32Array) -> Array:
    if head.channels > 1:
        return classes_of(probability)
    values: Array = (probability[0] >= VALIDATION_THRESHOLD).astype(np.uint8)
    return values
