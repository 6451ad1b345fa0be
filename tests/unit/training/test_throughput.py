from types import SimpleNamespace
from typing import Any

import pytest
import torch

from crmo_seg.data.sample import IMAGE
from crmo_seg.training import throughput
from crmo_seg.training.throughput import Throughput


def test_waiting_and_images_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps of 3 images in two processes: 1 s waiting and 4 s learning each, 10 s in all."""
    clock = iter([100.0, 101.0, 105.0, 106.0, 110.0])
    monkeypatch.setattr(throughput.time, "perf_counter", lambda: next(clock))
    logged: dict[str, float] = {}
    module: Any = SimpleNamespace(log=logged.__setitem__)
    trainer: Any = SimpleNamespace(world_size=2)
    batch = {IMAGE: torch.zeros(3, 1, 2, 2, 2)}
    callback = Throughput()
    callback.on_train_epoch_start(trainer, module)
    for step in range(2):
        callback.on_train_batch_start(trainer, module, batch, step)
        callback.on_train_batch_end(trainer, module, None, batch, step)
    callback.on_train_epoch_end(trainer, module)
    assert logged == {"train/images_per_s": pytest.approx(1.2), "train/waiting_share": pytest.approx(0.2)}


def test_an_epoch_without_steps_logs_nothing() -> None:
    callback = Throughput()
    module: Any = SimpleNamespace(log=None)
    callback.on_train_epoch_start(SimpleNamespace(), module)  # type: ignore[arg-type]
    callback.on_train_epoch_end(SimpleNamespace(), module)  # type: ignore[arg-type]
