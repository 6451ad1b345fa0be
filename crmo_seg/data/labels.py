"""The values of a label file -> the classes of a head."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from crmo_seg.anatomy import HEAD_CLASS_OF_LABEL
from crmo_seg.errors import InputError
from crmo_seg.keys import BONES
from crmo_seg.plan import Head
from crmo_seg.volume import Volume


def as_classes(labels: Volume, head: Head, path: Path) -> Volume:
    """Fine bones become head classes; any other value beyond the head's classes is an error that names the file.

    Raises:
        InputError: where a value belongs to no class.
    """
    wrong = wrong_values(np.unique(labels.array).tolist(), head)
    if wrong:
        raise InputError(path, f"holds the value {wrong[-1]}", expected_values(head))
    return labels.with_array(HEAD_CLASS_OF_LABEL[labels.array] if head.name == BONES else labels.array)


def wrong_values(values: Iterable[int], head: Head) -> tuple[int, ...]:
    """The values that are no class of the head, in order.

    >>> wrong_values([0, 1, 2, 7], Head("hippocampus", ("anterior", "posterior")))
    (7,)
    """
    classes = {value: int(HEAD_CLASS_OF_LABEL[value]) if head.name == BONES else value for value in values}
    return tuple(sorted(value for value, number in classes.items() if number > len(head.classes)))


def expected_values(head: Head) -> str:
    """What a label file of a head may hold, for messages."""
    expected = "a label of the table of bones" if head.name == BONES else f"0 to {len(head.classes)}"
    return f"label_{head.name} takes {expected} ({', '.join(head.classes)})"
