"""Which lesion of one visit is which of the other: one to one first, then what merged and what split."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.volume import Float64Array

_IMPOSSIBLE: Final = 1e6
_ON_IT: Final = 0.5
"""Merged lesions lie on each other within this share of the tolerance."""
_OTHER_BONE: Final = 1.0
"""Added to the cost of a pair in different bones, as much as a distance of both radii: masks of bones err too."""


@dataclass(frozen=True)
class Group:
    """Lesions of both visits that are one thing: indices of the sequences that were matched.

    One of either side is a match; none on one side is a lesion without a partner; several before are a merge, several
    now are a split.
    """

    before: tuple[int, ...]
    now: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PairMeasures:
    """All pairs of lesions, shape (before, now) each.

    Attributes:
        cost: distance of the centres in units of both radii and the tolerance; large where they cannot be one.
        part_before: share of the earlier lesion that lies on the later one.
        part_now: share of the later lesion that lies on the earlier one.
    """

    cost: Float64Array
    part_before: Float64Array
    part_now: Float64Array


def match_lesions(
    before: Sequence[Carried], now: Sequence[Carried], settings: CompareSettings = DEFAULT_SETTINGS
) -> tuple[Group, ...]:
    """Every lesion in one group, in the order of the earlier ones, then of the new ones.

    The pairs with the least sum of costs are chosen, as many as possible (Kuhn 1955, doi:10.1002/nav.3800020109). A
    lesion that is left over and lies mostly on a lesion of the other visit joins that one's group, where their volumes
    agree better then.

    Args:
        before: lesions of the first visit.
        now: lesions of the second visit.
        settings: how near is near.
    """
    measures = measure_pairs(before, now, settings)
    groups = [Group((i,), (j,)) for i, j in _assigned(measures.cost)]
    groups = _with_left_over(groups, measures, _Volumes(before, now), settings.least_join)
    used_before = {i for group in groups for i in group.before}
    used_now = {j for group in groups for j in group.now}
    groups += [Group((i,), ()) for i in range(len(before)) if i not in used_before]
    groups.sort(key=lambda group: group.before)
    return (*groups, *(Group((), (j,)) for j in range(len(now)) if j not in used_now))


def measure_pairs(before: Sequence[Carried], now: Sequence[Carried], settings: CompareSettings) -> PairMeasures:
    """Costs and overlaps; lesions that are far apart are not looked at closely."""
    shape = (len(before), len(now))
    cost, part_before, part_now = np.full(shape, _IMPOSSIBLE), np.zeros(shape), np.zeros(shape)
    trees = [cKDTree(lesion.own_mm) for lesion in now]
    arrived = [cKDTree(lesion.there_mm) for lesion in before]
    for i, j in _near_pairs(before, now):
        first, second = before[i], now[j]
        tolerance = max(first.error_mm, second.error_mm)
        to_now, _ = trees[j].query(first.there_mm)
        to_before, _ = arrived[i].query(second.own_mm)
        cover = max(float((to_now <= tolerance).mean()), float((to_before <= tolerance).mean()))
        part_before[i, j] = float((to_now <= _ON_IT * tolerance).mean())
        part_now[i, j] = float((to_before <= _ON_IT * tolerance).mean())
        if cover >= settings.least_cover:
            cost[i, j] = _cost(first, second, tolerance)
    return PairMeasures(cost, part_before, part_now)


def _near_pairs(before: Sequence[Carried], now: Sequence[Carried]) -> list[tuple[int, int]]:
    """Pairs whose boxes are within the tolerance."""
    if not before or not now:
        return []
    one, other = [lesion.there_mm for lesion in before], [lesion.own_mm for lesion in now]
    low, high = (np.array([edge(points, axis=0) for points in one])[:, None] for edge in (np.min, np.max))
    other_low, other_high = (np.array([edge(points, axis=0) for points in other])[None] for edge in (np.min, np.max))
    gap = (np.maximum(low, other_low) - np.minimum(high, other_high)).max(axis=2)
    errors = np.maximum.outer([lesion.error_mm for lesion in before], [lesion.error_mm for lesion in now])
    return [(int(i), int(j)) for i, j in np.argwhere(gap <= errors)]


def _cost(first: Carried, second: Carried, tolerance: float) -> float:
    distance = float(np.linalg.norm(first.there_mm.mean(axis=0) - second.own_mm.mean(axis=0)))
    penalty = 0.0 if _same_bone(first, second) else _OTHER_BONE
    return distance / (first.radius_mm + second.radius_mm + tolerance) + penalty


def _same_bone(first: Carried, second: Carried) -> bool:
    one, other = first.bone, second.bone
    return (one.unit.name if one else None) == (other.unit.name if other else None)


def _assigned(cost: Float64Array) -> list[tuple[int, int]]:
    rows, columns = linear_sum_assignment(cost)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if cost[i, j] < _IMPOSSIBLE]


class _Volumes:
    """How well the volumes of a group agree."""

    def __init__(self, before: Sequence[Carried], now: Sequence[Carried]) -> None:
        self._before = np.array([one.lesion.volume_ml for one in before])
        self._now = np.array([one.lesion.volume_ml for one in now])

    def disagreement(self, group: Group) -> float:
        """Absolute logarithm of the ratio of volumes."""
        first, second = self._before[list(group.before)].sum(), self._now[list(group.now)].sum()
        return abs(math.log(float(second / first)))


def _with_left_over(
    groups: Sequence[Group], measures: PairMeasures, volumes: _Volumes, least_join: float
) -> list[Group]:
    """Pairs, and what lies on them of the lesions without a partner, if the volumes then agree better.

    Without the second condition a lesion that resolved close to another one would have merged with it.
    """
    joined = list(groups)
    left_before = set(range(measures.cost.shape[0])) - {group.before[0] for group in groups}
    left_now = set(range(measures.cost.shape[1])) - {group.now[0] for group in groups}
    left = [(i, True) for i in sorted(left_before)] + [(j, False) for j in sorted(left_now)]
    for lesion, is_before in left:
        parts = [_part(group, lesion, measures, is_before=is_before) for group in joined]
        host = int(np.argmax(parts)) if parts else -1
        if host < 0 or parts[host] < least_join:
            continue
        larger = _with(joined[host], lesion, is_before=is_before)
        if volumes.disagreement(larger) <= volumes.disagreement(joined[host]):
            joined[host] = larger
    return joined


def _part(group: Group, lesion: int, measures: PairMeasures, *, is_before: bool) -> float:
    """Share of a lesion that lies on a lesion of a group at the other visit."""
    if is_before:
        return float(measures.part_before[lesion, list(group.now)].max())
    return float(measures.part_now[list(group.before), lesion].max())


def _with(group: Group, lesion: int, *, is_before: bool) -> Group:
    if is_before:
        return Group(tuple(sorted((*group.before, lesion))), group.now)
    return Group(group.before, tuple(sorted((*group.now, lesion))))
