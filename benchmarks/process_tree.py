"""Seconds and memory of a program and everything that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

_BETWEEN_LOOKS_S = 0.05


def run_measured(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Wall time in seconds, and the largest sum of resident memory of the process tree in MB.

    Its output goes to the terminal's error stream. It may keep the bytecode of its modules, as on a user's machine, so
    that a run after the first does not compile them.

    Raises:
        subprocess.CalledProcessError: where it fails.
    """
    words = [str(part) for part in command]
    start, peak = time.perf_counter(), 0
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(words, stdout=sys.stderr, env={**variables, **(environment or {})}) as running:
        root = psutil.Process(running.pid)
        while running.poll() is None:
            peak = max(peak, _resident(root))
            time.sleep(_BETWEEN_LOOKS_S)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, words)
    return time.perf_counter() - start, peak / 1e6


def _resident(root: psutil.Process) -> int:
    total = 0
    try:
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:  # it ended between two looks
        return total
    return total
