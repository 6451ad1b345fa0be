"""Keep freed memory in the process: a training step asks for the same large blocks again and again."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_MAX: Final = -4
"""Parameters of glibc's ``mallopt`` (malloc.h)."""

_NEVER_TRIM: Final = 2**31 - 1
_TOP_PAD_BYTES: Final = 256 * 2**20


def keep_freed_memory() -> bool:
    """Tell glibc to reuse freed blocks instead of giving them back, for the life of this process.

    By default it maps each block above some megabytes anew, and the kernel fills its pages with zeros, which costs a
    training on a CPU about an eighth of its time (measured in docs/training.md). The process keeps its peak of memory.

    Returns:
        Whether it was done: false where the C library is another one (macOS, Windows, musl).
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _NEVER_TRIM), (_TOP_PAD, _TOP_PAD_BYTES))
    done = [mallopt(parameter, value) == 1 for parameter, value in settings]
    return all(done)
