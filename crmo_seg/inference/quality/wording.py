"""Names as they stand in the sentences of quality flags."""

from __future__ import annotations

from collections.abc import Sequence


def enumeration(names: Sequence[str]) -> str:
    """Names as in a sentence.

    >>> enumeration(["head"]), enumeration(["head", "spine", "legs"])
    ('head', 'head, spine and legs')
    """
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def image_name(sequence: str) -> str:
    """A sequence as in a sentence.

    >>> image_name("t2_dixon_water")
    'T2 DIXON WATER image'
    """
    return f"{sequence.upper().replace('_', ' ')} image"
