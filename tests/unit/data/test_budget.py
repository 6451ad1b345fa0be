from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from crmo_seg.data import budget
from crmo_seg.data.budget import budget_of, usable_memory_gb
from crmo_seg.errors import InputError
from crmo_seg.plan import Budget


def test_what_is_set_is_kept() -> None:
    settings = {"size": "medium", "memory_gb": 6, "step_gflop": 500}
    assert budget_of(settings, "cpu") == budget_of(settings, "cuda") == Budget(6.0, 24, 500.0)


def test_a_gpu_gets_a_large_network_in_most_of_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = SimpleNamespace(total_memory=12e9)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: gpu)
    assert budget_of({}, "cuda") == Budget(10.2, 32, None)
    gpu.total_memory = 80e9
    assert usable_memory_gb("cuda") == 24.0  # no more unasked


def test_a_cpu_gets_half_of_what_the_container_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(budget, "_CGROUP_LIMIT", limit)
    whole = usable_memory_gb("cpu")
    limit.write_text("max\n")
    assert usable_memory_gb("cpu") == whole > 0
    limit.write_text("2000000000\n")
    assert budget_of({"size": None, "memory_gb": None}, "cpu") == Budget(1.0, 16, 200.0)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(InputError, match="network.budget: has no setting gb; known: size, memory_gb, step_gflop"):
        budget_of({"gb": 3}, "cpu")
