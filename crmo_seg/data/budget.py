"""What the device of a training has to offer -> the budget of a plan."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch

from crmo_seg.errors import InputError
from crmo_seg.plan import Budget

_SHARE: Final = {"cpu": 0.5, "cuda": 0.85, "mps": 0.5}  # the rest is for the system, and for cases in its cache
_MOST_GB: Final = 24.0
"""More is not taken unasked: patches beyond that gain little (Isensee 2024, doi:10.1007/978-3-031-72114-4_47)."""

_UNKNOWN_GB: Final = 8.0  # a usual laptop, where the system does not say
_CGROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


def budget_of(settings: Mapping[str, Any], device_type: str) -> Budget:
    """The budget of the configuration's ``network.budget``; what is null there follows from the device.

    Args:
        settings: ``size``, ``memory_gb`` and ``step_gflop``.
        device_type: ``cpu``, ``cuda`` or ``mps``.

    Raises:
        InputError: where a setting is unknown or no number above 0.

    >>> budget_of({"memory_gb": 4.0}, "cpu")
    Budget(memory_gb=4.0, base_channels=16, step_gflop=200.0)
    """
    unknown = sorted(set(settings) - {"size", "memory_gb", "step_gflop"})
    if unknown:
        raise InputError("network.budget", f"has no setting {unknown[0]}", "known: size, memory_gb, step_gflop")
    size = settings.get("size") or ("large" if device_type == "cuda" else "small")
    memory_gb = settings.get("memory_gb")
    given = usable_memory_gb(device_type) if memory_gb is None else memory_gb
    return Budget.of_size(size, given, settings.get("step_gflop"))


def usable_memory_gb(device_type: str) -> float:
    """What a training takes of the device's memory if nothing else is said, to 0.1 GB."""
    if device_type == "cuda":
        total = torch.cuda.get_device_properties(0).total_memory / 1e9
    else:
        total = _main_memory_gb()
    return round(min(total * _SHARE[device_type], _MOST_GB), 1)


def _main_memory_gb() -> float:
    """Of this machine, or of the container that the process runs in."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):  # not on Windows
        return _UNKNOWN_GB
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.is_file() else "max"
    return min(total, int(limit) / 1e9) if limit.isdecimal() else total
