"""Freed memory stays in the process."""

import ctypes
import subprocess
import sys

import pytest

from crmo_seg.training import memory

BLOCK = 64 * 2**20
FAULTS = f"""
import resource
import numpy as np
from crmo_seg.training.memory import keep_freed_memory
keep = {{keep}}
assert not keep or keep_freed_memory()
np.ones({BLOCK}, dtype=np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones({BLOCK}, dtype=np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*, keep: bool) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library is not glibc")
def test_a_block_that_is_asked_for_again_takes_no_new_pages() -> None:
    assert faults(keep=True) * 10 < faults(keep=False)


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert not memory.keep_freed_memory()
