"""Two programs' masks of one scan, head by head and class by class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from crmo_seg.evaluation.case import mean_of_defined
from crmo_seg.evaluation.voxel import Overlap, overlap_by_class, pooled
from crmo_seg.volume import Volume

HeadOverlaps: TypeAlias = Mapping[str, Mapping[int, Overlap]]
"""Head -> class -> what both mark with it; classes that neither marks are absent."""


def overlaps_of_heads(*, pred: Mapping[str, Volume], ref: Mapping[str, Volume]) -> HeadOverlaps:
    """Every head of the reference.

    Raises:
        GeometryError: where two masks do not share one grid.
    """
    return {head: overlap_by_class(pred=pred[head], ref=mask) for head, mask in ref.items()}


def pooled_scans(scans: Iterable[HeadOverlaps]) -> HeadOverlaps:
    """Several scans as if they were one."""
    listed = list(scans)
    heads = {head: sorted({value for scan in listed for value in scan[head]}) for head in (listed[0] if listed else ())}
    return {
        head: {value: pooled(scan[head][value] for scan in listed if value in scan[head]) for value in values}
        for head, values in heads.items()
    }


def pooled_dice(overlaps: HeadOverlaps) -> float:
    """Of all classes of all heads together: a voxel agrees where both say the same class of it."""
    return pooled(one for classes in overlaps.values() for one in classes.values()).dice


def dice_of_heads(overlaps: HeadOverlaps) -> str:
    """In words: each head's pooled Dice, and of several classes their number, mean and smallest Dice.

    >>> dice_of_heads({"edema": {1: Overlap(1.0, 1.0, 1.0)}, "bones": {1: Overlap(1, 1, 1), 2: Overlap(1, 3, 1)}})
    'edema 1.0000; bones 0.6667 (2 classes: mean 0.7500, smallest 0.5000)'
    """
    return "; ".join(_in_words(head, classes) for head, classes in overlaps.items())


def _in_words(head: str, classes: Mapping[int, Overlap]) -> str:
    dice = [one.dice for one in classes.values()]
    words = f"{head} {pooled(classes.values()).dice:.4f}"
    if len(dice) < 2:
        return words
    return f"{words} ({len(dice)} classes: mean {mean_of_defined(dice).value:.4f}, smallest {min(dice):.4f})"
