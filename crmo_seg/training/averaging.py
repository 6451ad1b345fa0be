"""Exponential moving average of the weights: validation, checkpoints and the bundle use the average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

_HEAD_START = 10


class MovingAverage(WeightAveraging):
    """Averages the weights after every step, with a shorter memory at the beginning.

    With n steps averaged the decay is min(decay, (1 + n) / (10 + n)), as in TensorFlow's ExponentialMovingAverage: a
    fixed decay of 0.999 would keep a third of the untrained weights after a thousand steps.

    Args:
        decay: share of the old average that a step keeps; 0.999 averages over the last thousand steps or so.
    """

    def __init__(self, decay: float = 0.999) -> None:
        super().__init__(multi_avg_fn=_update_with(decay))

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the average in place; not after training, when the module holds what is to be validated."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_validation_epoch_start(trainer, pl_module)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the weights that learn back in place."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_validation_epoch_end(trainer, pl_module)


def decay_after(steps: float, decay: float) -> float:
    """The decay of the next step.

    >>> [round(decay_after(n, 0.999), 3) for n in (1, 90, 100_000)]
    [0.182, 0.91, 0.999]
    """
    return min(decay, (1 + steps) / (_HEAD_START + steps))


def _update_with(decay: float) -> Any:  # noqa: ANN401  (torch types these functions loosely)
    @torch.no_grad()
    def update(averages: Sequence[Tensor], current: Sequence[Tensor], averaged: Tensor) -> None:
        share = 1 - decay_after(float(averaged), decay)
        torch._foreach_lerp_(list(averages), list(current), share)

    return update
