"""Which sites of one child are ill: sites are drawn one after the other, each with its mirror image or without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.phantom.body.bone_kinds import kind_of
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.edema.frequencies import (
    MIRRORED,
    NEIGHBOURLY,
    OTHER_SITE,
    Pattern,
    draw_propensity,
    part_of,
    weight_of,
)
from crmo_seg.phantom.edema.lesion import SiteKey
from crmo_seg.phantom.solids.shapes import Vector


@dataclass(frozen=True, eq=False)
class Seat:
    """A site of the skeleton with its bone."""

    key: SiteKey
    solid: SolidBone
    site: LesionSite


Holds: TypeAlias = Callable[[Seat], bool]
"""Whether a site is large enough for a lesion."""


def seats_of(skeleton: Sequence[SolidBone]) -> tuple[Seat, ...]:
    """Every site of the skeleton, in the order of the bones."""
    seats = []
    for solid in skeleton:
        bone, seen = bone_named(solid.full_name), Counter[str]()
        for site in solid.sites:
            seats.append(Seat(SiteKey(bone, site.region, seen[site.region]), solid, site))
            seen[site.region] += 1
    return tuple(seats)


def mirrored(key: SiteKey) -> SiteKey | None:
    """The same site of the other side; None in bones of the midline."""
    if key.bone.side is None:
        return None
    other = Side.LEFT if key.bone.side is Side.RIGHT else Side.RIGHT
    return SiteKey(bone_named(f"{key.bone.name}_{other.value}"), key.region, key.number)


def choose_seats(
    seats: Sequence[Seat], pattern: Pattern, count: int, rng: np.random.Generator, holds: Holds
) -> tuple[Seat, ...]:
    """Up to ``count`` different sites that hold a lesion; fewer only where the skeleton has no more."""
    draw = _Draw(tuple(seats), _pattern_weights(seats, pattern, rng), count, rng, holds)
    for kind, required in (("tibia", pattern.tibia), ("clavicle", pattern.clavicle)):
        if required:
            draw.take_one(np.array([seat.key.bone.name == kind for seat in seats]), with_mirror=False)
    for key in [seat.key for seat in draw.chosen]:
        draw.take_mirror(key)
    everywhere = np.ones(len(seats), dtype=bool)
    while len(draw.chosen) < count and draw.take_one(everywhere, with_mirror=True):
        pass
    return tuple(draw.chosen)


def without(seats: Sequence[Seat], taken: Collection[SiteKey]) -> tuple[Seat, ...]:
    """The sites that are still free."""
    return tuple(seat for seat in seats if seat.key not in taken)


_NEIGHBOURS: Final = frozenset({"vertebra", "rib"})


@dataclass(eq=False)
class _Draw:
    """The state of drawing sites without replacement."""

    seats: tuple[Seat, ...]
    weights: Vector
    count: int
    rng: np.random.Generator
    holds: Holds
    chosen: list[Seat] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.index = {seat.key: i for i, seat in enumerate(self.seats)}

    def take_one(self, among: NDArray[np.bool_], *, with_mirror: bool) -> bool:
        """Draw a site; False where none is left."""
        while (weights := self.weights * among).any():
            pick = int(self.rng.choice(len(weights), p=weights / weights.sum()))
            if self._take(pick):
                if with_mirror:
                    self.take_mirror(self.seats[pick].key)
                return True
        return False

    def take_mirror(self, key: SiteKey) -> None:
        """Draw whether the same bone of the other side is ill too, mostly at the same site."""
        wanted, elsewhere = self.rng.random(2) < (MIRRORED, OTHER_SITE)
        other = mirrored(key)
        if not wanted or other is None or len(self.chosen) >= self.count:
            return
        beside = np.array([seat.key.bone == other.bone and seat.key != other for seat in self.seats])
        if elsewhere and (self.weights * beside).any():
            self.take_one(beside, with_mirror=False)
        elif other in self.index:
            self._take(self.index[other])

    def _take(self, pick: int) -> bool:
        if self.weights[pick] == 0:
            return False
        self.weights[pick] = 0
        if not self.holds(self.seats[pick]):
            return False
        self.chosen.append(self.seats[pick])
        self._rouse(kind_of(self.seats[pick].key.bone))
        return True

    def _rouse(self, kind: str) -> None:
        """The first ill vertebra or rib makes its fellows more likely."""
        fellows = [kind_of(seat.key.bone) == kind for seat in self.chosen]
        if kind in _NEIGHBOURS and sum(fellows) == 1:
            self.weights *= [NEIGHBOURLY if kind_of(seat.key.bone) == kind else 1.0 for seat in self.seats]


def _pattern_weights(seats: Sequence[Seat], pattern: Pattern, rng: np.random.Generator) -> Vector:
    parts = tuple(dict.fromkeys(part_of(seat.key.bone) for seat in seats))
    propensity = draw_propensity(parts, rng)
    spared = {name for name, ill in (("tibia", pattern.tibia), ("clavicle", pattern.clavicle)) if ill is False}
    return np.array(
        [
            0.0
            if (bone := seat.key.bone).name in spared
            else weight_of(bone, seat.key.region) * propensity[part_of(bone)]
            for seat in seats
        ]
    )
