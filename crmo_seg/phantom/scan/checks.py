"""One check with one error, for settings of many fields."""

from __future__ import annotations

from crmo_seg.errors import InputError


def require(source: str, right: bool, problem: str, remedy: str) -> None:
    """Raise ``InputError`` unless ``right``.

    >>> require("scan settings", 2 > 1, "two is less than one", "give more")
    """
    if not right:
        raise InputError(source, problem, remedy)
