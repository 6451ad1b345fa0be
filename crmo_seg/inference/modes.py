"""How a study is predicted: overlap of the windows, how often each is seen mirrored, and who marks the edema."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from crmo_seg.errors import InputError

UNMIRRORED: Final = ((),)


@dataclass(frozen=True)
class Mode:
    """How the windows of a study are laid and run.

    Attributes:
        name: as on the command line.
        overlap: share of a window that neighbouring windows have in common, at least.
        mirrored_axes: one set of axes of the model grid for each pass over a window; it is mirrored along all of the
            set, and the passes are averaged. The empty set is the window itself.
        most_members: how many members of an ensemble are run, the first ones; None is all.
        largest_window: side of a window in training patches, at most: networks know windows of a patch.
        thresholds_edema: edema is what stands out within the predicted bones (``inference.baseline``), not what the
            network's own head for it marks.

    Raises:
        ValueError: where windows would not advance, or nothing would be run.

    >>> BEST.passes, DEFAULT.passes
    (4, 1)
    """

    name: str
    overlap: float
    mirrored_axes: tuple[tuple[int, ...], ...] = UNMIRRORED
    most_members: int | None = None
    largest_window: float = 1.5
    thresholds_edema: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < 1:
            raise ValueError(f"mode {self.name}: the overlap {self.overlap} is not in [0, 1)")
        if not self.mirrored_axes or any(axis not in (0, 1, 2) for axes in self.mirrored_axes for axis in axes):
            raise ValueError(f"mode {self.name}: {self.mirrored_axes} are no passes mirrored along axes 0, 1 or 2")

    @property
    def passes(self) -> int:
        """How often the network sees each window."""
        return len(self.mirrored_axes)

    def mirroring_only(self, axes: Collection[int]) -> Mode:
        """The same mode without passes along other axes: a network that never saw a mirrored body may not know it.

        >>> BEST.mirroring_only([0]).mirrored_axes
        ((), (0,))
        """
        kept = tuple(passed for passed in self.mirrored_axes if set(passed) <= set(axes))
        return replace(self, mirrored_axes=kept or UNMIRRORED)


FAST: Final = Mode("fast", 0.1, most_members=1)
DEFAULT: Final = Mode("default", 0.25)
BEST: Final = Mode("best", 0.5, ((), (0,), (1,), (0, 1)))
"""Mirrored along the in-plane axes that the training mirrored too."""

BASELINE: Final = Mode("baseline", DEFAULT.overlap, thresholds_edema=True)
"""What a threshold finds within the model's bones: the number that the model has to beat."""

MODES: Final = {mode.name: mode for mode in (FAST, DEFAULT, BEST, BASELINE)}


def mode_named(name: str) -> Mode:
    """The mode of a name.

    Raises:
        InputError: where there is none.

    >>> mode_named("fast").overlap
    0.1
    """
    if name not in MODES:
        raise InputError("mode", f"{name!r} is unknown", f"choose one of {', '.join(MODES)}")
    return MODES[name]
