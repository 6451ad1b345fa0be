"""What became of lesions: a class only where the change exceeds the error of measuring it.

A volume V of a mask of voxels of volume v, n of them on its surface, errs by the partial volume of these n, and two
readings of one lesion differ even so. On the scale of logarithms, where growing by a factor and shrinking by it are
the same, the 95 % limit of both visits together is:

    error = sqrt(ln(1 + repeat)^2 + (1.96 * surface_error)^2 * (n_before * v^2 / V_before^2 + n_now * v^2 / V_now^2))

A lesion is stable while V_now / V_before lies between exp(-error) and growth * exp(error), where growth is the factor
by which bone of this child grew: a lesion that kept its size, and one that grew along with its bone, are both stable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.match import Group
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings

LEVEL_95: Final = 1.96
"""Standard deviations."""
LOOKS_LIKE_CHANGE: Final = 1.2
WHOLLY_IN_VIEW: Final = 0.9
"""A lesion of which more than a tenth lies outside of the other picture has no volume there."""


class Change(Enum):
    """What became of a lesion; Panwar's words (88 whole-body MRI of CNO) in brackets."""

    NEW = "new"
    GROWN = "grown"  # worsened
    STABLE = "stable"
    SHRUNK = "shrunk"  # improved
    RESOLVED = "resolved"
    NOT_IN_VIEW = "not_in_view"
    UNCERTAIN = "uncertain"


class Relation(Enum):
    """How many lesions of either visit are one."""

    UNPAIRED = "unpaired"
    ONE_TO_ONE = "one_to_one"
    MERGED = "merged"
    SPLIT = "split"
    REGROUPED = "regrouped"


@dataclass(frozen=True)
class LesionChange:
    """One lesion, or one group of lesions, at two visits.

    Attributes:
        before: its lesions at the first visit; empty where there is none.
        now: its lesions at the second visit; empty where there is none.
        change: the class.
        relation: one to one, merged, split.
        volume_before_ml: of all of them together; None where there is none.
        volume_now_ml: the same at the second visit.
        stable_from: lowest ratio of volumes that is no change; None without a pair.
        stable_to: highest such ratio.
        growth: factor of volume by which the child's bones grew.
        displacement_mm: from where the first visit's lesion would be to where the second visit's is.
        error_mm: of that place.
        note: what a reader should know; empty where there is nothing.
    """

    before: tuple[Carried, ...]
    now: tuple[Carried, ...]
    change: Change
    relation: Relation
    volume_before_ml: float | None
    volume_now_ml: float | None
    stable_from: float | None
    stable_to: float | None
    growth: float
    displacement_mm: float | None
    error_mm: float
    note: str = ""

    @property
    def volume_ratio(self) -> float | None:
        """Volume now over volume before."""
        if self.volume_before_ml is None or self.volume_now_ml is None:
            return None
        return self.volume_now_ml / self.volume_before_ml

    @property
    def grown_ratio(self) -> float | None:
        """The same, corrected for growth: 1 for a lesion that grew along with its bone."""
        return None if self.volume_ratio is None else self.volume_ratio / self.growth


def classify_changes(
    before: Sequence[Carried],
    now: Sequence[Carried],
    groups: Sequence[Group],
    growth: float,
    settings: CompareSettings = DEFAULT_SETTINGS,
) -> tuple[LesionChange, ...]:
    """What became of each group.

    Args:
        before: lesions of the first visit.
        now: lesions of the second visit.
        groups: indices of both.
        growth: factor of volume by which the bones grew.
        settings: the errors.
    """
    return tuple(
        _change([before[i] for i in group.before], [now[j] for j in group.now], growth, settings) for group in groups
    )


def volume_error(lesions: Sequence[Carried], surface_error: float) -> float:
    """95 % limit of the relative error of a volume, from the voxels on the surfaces.

    Args:
        lesions: of one visit, taken together.
        surface_error: standard deviation of what a voxel on the surface adds, in voxels.
    """
    variance_ml2 = sum(one.surface_voxels * one.voxel_ml**2 for one in lesions)
    return LEVEL_95 * surface_error * math.sqrt(variance_ml2) / _volume_ml(lesions)


def stable_range(
    before: Sequence[Carried], now: Sequence[Carried], growth: float, settings: CompareSettings
) -> tuple[float, float]:
    """Lowest and highest ratio of volumes that is no change."""
    surfaces = (volume_error(lesions, settings.surface_error) for lesions in (before, now))
    error = math.exp(math.hypot(math.log1p(settings.repeat_variation), *surfaces))
    return min(1.0, growth) / error, max(1.0, growth) * error


def _change(
    before: Sequence[Carried], now: Sequence[Carried], growth: float, settings: CompareSettings
) -> LesionChange:
    paired = bool(before and now)
    low, high = stable_range(before, now, growth, settings) if paired else (None, None)
    volume_before, volume_now = (_volume_ml(lesions) if lesions else None for lesions in (before, now))
    change = _paired_class(before, now, (low, high), settings) if paired else _single_class(before, now, settings)
    return LesionChange(
        before=tuple(before),
        now=tuple(now),
        change=change,
        relation=_relation(len(before), len(now)),
        volume_before_ml=volume_before,
        volume_now_ml=volume_now,
        stable_from=low,
        stable_to=high,
        growth=growth,
        displacement_mm=_displacement_mm(before, now) if paired else None,
        error_mm=max(one.error_mm for one in (*before, *now)),
        note=" ".join((*_size_notes(before, now, change, (low, high)), *_notes(before, now, change, settings))),
    )


def _paired_class(
    before: Sequence[Carried],
    now: Sequence[Carried],
    stable: tuple[float | None, float | None],
    settings: CompareSettings,
) -> Change:
    if _least_in_view(before, now) < WHOLLY_IN_VIEW:
        return Change.UNCERTAIN
    ratio = _volume_ml(now) / _volume_ml(before)
    low, high = stable
    if low is not None and ratio < low:
        return Change.SHRUNK
    return Change.GROWN if high is not None and ratio > high else Change.STABLE


def _single_class(before: Sequence[Carried], now: Sequence[Carried], settings: CompareSettings) -> Change:
    if _least_in_view(before, now) < settings.least_in_view:
        return Change.NOT_IN_VIEW
    if not all(one.reliable for one in (*before, *now)):
        return Change.UNCERTAIN
    return Change.RESOLVED if before else Change.NEW


def _relation(n_before: int, n_now: int) -> Relation:
    if 0 in (n_before, n_now):
        return Relation.UNPAIRED
    if n_before == n_now == 1:
        return Relation.ONE_TO_ONE
    if n_now == 1:
        return Relation.MERGED
    return Relation.SPLIT if n_before == 1 else Relation.REGROUPED


def _size_notes(
    before: Sequence[Carried], now: Sequence[Carried], change: Change, stable: tuple[float | None, float | None]
) -> Iterator[str]:
    """A ratio of volumes that looks like a change, and is none, is explained."""
    low, high = stable
    if change is Change.STABLE and low is not None and high is not None:
        ratio = _volume_ml(now) / _volume_ml(before)
        if not 1 / LOOKS_LIKE_CHANGE < ratio < LOOKS_LIKE_CHANGE:
            yield f"Ratios of {low:.2f} to {high:.2f} are within the error of so few voxels, and growth."


def _notes(
    before: Sequence[Carried], now: Sequence[Carried], change: Change, settings: CompareSettings
) -> Iterator[str]:
    lesions = (*before, *now)
    if change is Change.NOT_IN_VIEW:
        yield "Its place is not in the picture of the other visit."
    elif _least_in_view(before, now) < WHOLLY_IN_VIEW:
        yield "It reaches beyond the picture of the other visit."
    if not all(one.reliable for one in lesions):
        yield "Its bone is not marked at both visits, or could not be aligned well."
    if change in (Change.NEW, Change.RESOLVED) and _volume_ml(lesions) < settings.smallest_sure_ml:
        yield "It is so small that it may be seen or missed by chance."


def _least_in_view(before: Sequence[Carried], now: Sequence[Carried]) -> float:
    return min(one.in_view for one in (*before, *now))


def _volume_ml(lesions: Sequence[Carried]) -> float:
    return sum(one.lesion.volume_ml for one in lesions)


def _displacement_mm(before: Sequence[Carried], now: Sequence[Carried]) -> float:
    there = np.average([one.there_mm.mean(axis=0) for one in before], axis=0, weights=_weights(before))
    here = np.average([one.own_mm.mean(axis=0) for one in now], axis=0, weights=_weights(now))
    return float(np.linalg.norm(there - here))


def _weights(lesions: Sequence[Carried]) -> list[float]:
    return [one.lesion.volume_ml for one in lesions]
