"""Callbacks for tests: what may happen to a training, and what is measured on the way."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import lightning.pytorch as pl


class Kill(pl.Callback):
    """SIGKILL in the middle of an epoch: nothing is tidied up."""

    def __init__(self, epoch: int, step: int) -> None:
        self.epoch = epoch
        self.step = step

    def on_train_batch_start(self, trainer: pl.Trainer, module: pl.LightningModule, batch: object, index: int) -> None:
        if (trainer.current_epoch, index) == (self.epoch, self.step):
            os.kill(os.getpid(), signal.SIGKILL)


class FullDisk(pl.Callback):
    """From an epoch on no file can grow beyond some bytes; a limit on files stands for a disk."""

    def __init__(self, epoch: int, largest_bytes: int) -> None:
        self.epoch = epoch
        self.largest_bytes = largest_bytes

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epoch:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.largest_bytes, self.largest_bytes))


class Memory(pl.Callback):
    """Writes the resident memory (MB) after each epoch, a line each."""

    def __init__(self, file: str) -> None:
        self.file = Path(file)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        with self.file.open("a") as file:
            file.write(f"{pages * resource.getpagesize() / 2**20:.1f}\n")
