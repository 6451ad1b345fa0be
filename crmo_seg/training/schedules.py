"""Learning rate by the share of training that is done.

The share counts steps; where ``trainer.max_time`` is set, it is the share of steps or of time, whichever is further.
Without ``max_time`` it depends on steps only, so that a resumed run repeats the learning rates of an uninterrupted one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Timer

from crmo_seg.errors import InputError

Schedule: TypeAlias = Callable[[float], float]
"""Share of training done, 0 to 1 -> factor of the learning rate."""

_FIRST_FACTOR = 0.01


def constant(progress: float) -> float:
    """The same learning rate all the time."""
    return 1.0


def warmup_cosine(progress: float, *, warmup: float) -> float:
    """Linear rise over the first share ``warmup`` of training, then half a cosine to zero (arXiv:1608.03983).

    >>> [round(warmup_cosine(p, warmup=0.1), 2) for p in (0.0, 0.05, 0.1, 0.55, 1.0)]
    [0.01, 0.5, 1.0, 0.5, 0.0]
    """
    if progress < warmup:
        return max(progress / warmup, _FIRST_FACTOR)
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def poly(progress: float, *, exponent: float) -> float:
    """The remaining share to a power; 0.9 in nnU-Net (doi:10.1038/s41592-020-01008-z).

    >>> [round(poly(p, exponent=0.9), 2) for p in (0.0, 0.5, 1.0)]
    [1.0, 0.54, 0.0]
    """
    return float(max(1.0 - progress, 0.0) ** exponent)


def training_share(trainer: pl.Trainer) -> Callable[[int], float]:
    """Step -> share of the training done, 0 to 1.

    Raises:
        InputError: where the training has no end.
    """
    steps = float(trainer.estimated_stepping_batches)
    timer = _timer(trainer)
    if timer is None and math.isinf(steps):
        remedy = "set trainer.max_time or trainer.max_steps, or a number of epochs"
        raise InputError("trainer.max_epochs", "is -1: training would have no end", remedy)
    if timer is None:
        return lambda step: min(step / steps, 1.0)
    return lambda step: min(max(step / steps, _time_share(trainer, timer)), 1.0)


def _timer(trainer: pl.Trainer) -> Timer | None:
    timers = (callback for callback in trainer.callbacks if isinstance(callback, Timer))  # type: ignore[attr-defined]
    return next((timer for timer in timers if timer.time_remaining() is not None), None)


def _time_share(trainer: pl.Trainer, timer: Timer) -> float:
    elapsed, remaining = timer.time_elapsed(), timer.time_remaining() or 0.0
    share = elapsed / max(elapsed + remaining, 1e-9)
    # All ranks take the first one's clock: weights drift apart where learning rates differ.
    return float(trainer.strategy.broadcast(share))
