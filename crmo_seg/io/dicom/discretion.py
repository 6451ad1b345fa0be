"""DICOM libraries are kept from saying anything: what they warn of quotes names and dates of the patient."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LOGGERS: Final = ("highdicom", "pydicom")

_lock = threading.Lock()
_inside = 0
_levels: dict[str, int] = {}


@contextmanager
def discreet() -> Iterator[None]:
    """Neither warnings nor log lines of these libraries; values that bend the standard are everyday anyway.

    Several threads may be inside at once; the last one to leave puts the loggers back.

    >>> with discreet():
    ...     logging.getLogger("pydicom").warning("Invalid value for VR DA: '<birth date>'")
    """
    _enter()
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        _leave()


def _enter() -> None:
    global _inside
    with _lock:
        _inside += 1
        if _inside == 1:
            for name in _LOGGERS:
                logger = logging.getLogger(name)
                _levels[name] = logger.level
                logger.setLevel(logging.CRITICAL + 1)


def _leave() -> None:
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            for name in _LOGGERS:
                logging.getLogger(name).setLevel(_levels[name])
