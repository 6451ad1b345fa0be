"""How fast a training runs, and how much of its time it waits for data."""

from __future__ import annotations

import time

import lightning.pytorch as pl

from crmo_seg.data.sample import IMAGE, Sample


class Throughput(pl.Callback):
    """Logs of each epoch ``train/images_per_s`` and ``train/waiting_share``.

    An image is a patch; those of all processes count. Waiting is the time between two steps in which the next batch
    is drawn, augmented and moved; on a GPU that of the host, while the GPU may still work on the step before.
    Validations count as neither.
    """

    def __init__(self) -> None:
        self._images = 0
        self._waiting_s = 0.0
        self._stepping_s = 0.0
        self._since = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start counting."""
        self._images, self._waiting_s, self._stepping_s = 0, 0.0, 0.0
        self._since = time.perf_counter()

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Sample,
        batch_idx: int,
    ) -> None:
        """The batch is there."""
        self._waiting_s += self._seconds_since()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Sample,
        batch_idx: int,
    ) -> None:
        """The step is done."""
        self._stepping_s += self._seconds_since()
        self._images += len(batch[IMAGE]) * trainer.world_size

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the epoch's figures."""
        seconds = self._waiting_s + self._stepping_s
        if seconds > 0:
            pl_module.log("train/images_per_s", self._images / seconds)
            pl_module.log("train/waiting_share", self._waiting_s / seconds)

    def _seconds_since(self) -> float:
        now = time.perf_counter()
        seconds, self._since = now - self._since, now
        return seconds
