"""Lesions of several visits chained into courses: which lesion of one visit is which of every other.

A chain is a connected component. Every lesion of every visit is a node; two lesions are joined where a comparison of
two visits puts them into one group (``match``). So each lesion lies in exactly one course, and the order in which
pairs are looked at makes no difference.

*Merges and splits.* Lesions that merge, and those that one splits into, are one course through all visits, from
before they met to after they parted; a course may have several lesions at a visit, whose volumes are added, as
``compare`` does with a group. The alternative, a course that forks, would count a volume twice or name an heir.

*Parts.* Two lesions of one visit that are known to be parts of one, such as those on either side of a growth plate, are
one course too, also at the visits that show one part only.

*Gaps.* First, neighbouring visits are joined. A course that ends then and one that begins two or more visits later may
be one that came back, or one whose place a picture between did not show. These two visits are compared with each other
directly, as if they were neighbours, and the courses are joined where a whole group of that comparison consists of
lesions of courses that end at the one visit and begin at the other, in bones that are well aligned in both. Narrow gaps
come first. What is not decided so stays two courses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from crmo_seg.longitudinal.change import LesionChange

Between: TypeAlias = Callable[[int, int], Sequence[LesionChange] | None]
"""What became of all lesions from an earlier visit (index from 0) to a later one; None where they cannot be aligned."""

Members: TypeAlias = tuple[tuple[int, ...], ...]
"""The lesion ids of a course at each visit; empty where it has none."""

_Key: TypeAlias = tuple[int, int]


def chain_lesions(
    lesion_ids: Sequence[Iterable[int]], between: Between, parts: Sequence[Iterable[frozenset[int]]] = ()
) -> tuple[Members, ...]:
    """The courses, by the visit and the lesion id at which they begin.

    So a course keeps its place in this order when a later visit is added, unless courses are then joined.

    Args:
        lesion_ids: of each visit.
        between: asked for neighbouring visits, and for others where a course ends at one and another begins at the
            other.
        parts: of each visit the lesions that are parts of one; none are, if left out.

    >>> chain_lesions([[1, 2], [], [1]], lambda earlier, later: None)
    (((1,), (), ()), ((2,), (), ()), ((), (), (1,)))
    """
    visits = [tuple(ids) for ids in lesion_ids]
    chains = _Chains((visit, one) for visit, ids in enumerate(visits) for one in ids)
    for visit, together in enumerate(parts):
        for ids in together:
            chains.join({(visit, one) for one in ids})
    for visit in range(len(visits) - 1):
        for change in between(visit, visit + 1) or ():
            chains.join(_keys(change, visit, visit + 1))
    for earlier, later in _gaps(len(visits)):
        _bridge(chains, earlier, later, between)
    return tuple(_members(chain, len(visits)) for chain in chains.all())


class _Chains:
    """Disjoint sets of lesions; each lesion knows its set."""

    def __init__(self, keys: Iterable[_Key]) -> None:
        self._of: dict[_Key, frozenset[_Key]] = {key: frozenset([key]) for key in keys}

    def join(self, keys: Iterable[_Key]) -> None:
        joined = frozenset[_Key]().union(*(self._of[key] for key in keys))
        self._of.update(dict.fromkeys(joined, joined))

    def ending_at(self, visit: int) -> set[_Key]:
        """The lesions of a visit whose courses have none later."""
        return {key for key, chain in self._of.items() if key[0] == visit == max(chain)[0]}

    def beginning_at(self, visit: int) -> set[_Key]:
        """The lesions of a visit whose courses have none before."""
        return {key for key, chain in self._of.items() if key[0] == visit == min(chain)[0]}

    def all(self) -> list[frozenset[_Key]]:
        return sorted(set(self._of.values()), key=min)


def _bridge(chains: _Chains, earlier: int, later: int, between: Between) -> None:
    """Join courses that end at one visit with those that begin at another, where a direct comparison matches them."""
    ended, begun = chains.ending_at(earlier), chains.beginning_at(later)
    if not ended or not begun:
        return
    for change in between(earlier, later) or ():
        keys = _keys(change, earlier, later)
        sure = all(one.reliable for one in (*change.before, *change.now))
        if change.before and change.now and sure and keys <= ended | begun:
            chains.join(keys)


def _gaps(visits: int) -> Iterator[tuple[int, int]]:
    """Pairs with a visit between them, the nearest first."""
    for width in range(2, visits):
        for earlier in range(visits - width):
            yield earlier, earlier + width


def _keys(change: LesionChange, earlier: int, later: int) -> set[_Key]:
    before = {(earlier, one.lesion.lesion_id) for one in change.before}
    return before | {(later, one.lesion.lesion_id) for one in change.now}


def _members(chain: Iterable[_Key], visits: int) -> Members:
    keys = sorted(chain)
    return tuple(tuple(one for found, one in keys if found == visit) for visit in range(visits))
