"""The lesions of one child, planned on the skeleton without any voxel."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.edema.choice import Seat, choose_seats, seats_of, without
from crmo_seg.phantom.edema.frequencies import Pattern, count_at, pattern_at
from crmo_seg.phantom.edema.lesion import PlannedLesion, SiteKey
from crmo_seg.phantom.edema.positions import LARGEST_SHARE, ChildTraits, draw_lesion, draw_traits
from crmo_seg.phantom.edema.room import RoomMl, marrow_ml
from crmo_seg.phantom.edema.settings import DEFAULT_SETTINGS, EdemaSettings
from crmo_seg.phantom.edema.spread import Chances

__all__ = ["PlannedLesion", "Planner", "plan_lesions"]


def plan_lesions(
    skeleton: Sequence[SolidBone],
    rng: np.random.Generator,
    settings: EdemaSettings = DEFAULT_SETTINGS,
    *,
    chances: Chances | None = None,
    room_ml: RoomMl = marrow_ml,
) -> tuple[PlannedLesion, ...]:
    """Lesions of a child at its first visit: none with probability ``lesion_free``, else each at another site.

    Args:
        skeleton: the bones with their sites, RAS+ mm.
        rng: source of chance; each lesion has a stream of its own.
        settings: how many children are ill, how large and bright lesions are.
        chances: decide whether the child is ill, with which pattern and how many lesions; drawn from ``rng`` unless
            ``cohort_chances`` gives them, which makes a cohort of some hundred children match the reports closely.
        room_ml: marrow that a place of a bone holds; give another one where part of a bone is still cartilage.
    """
    child, sites, lesions = rng.spawn(3)
    is_free, kind, number = chances or tuple(child.random(3).tolist())
    if is_free < settings.lesion_free:
        return ()
    pattern = pattern_at(kind)
    count = max(1, round(settings.number_factor * count_at(pattern, number)))
    planner = Planner(settings, room_ml)
    return planner.new_lesions(skeleton, (pattern, count), draw_traits(lesions), (sites, lesions))


class Planner:
    """Draws lesions at free sites; the same for a first visit and for what is new at a later one."""

    def __init__(self, settings: EdemaSettings, room_ml: RoomMl) -> None:
        self.settings = settings
        self.room_ml = room_ml

    def new_lesions(
        self,
        skeleton: Sequence[SolidBone],
        wanted: tuple[Pattern, int],
        traits: ChildTraits,
        streams: tuple[np.random.Generator, np.random.Generator],
        taken: Collection[SiteKey] = (),
    ) -> tuple[PlannedLesion, ...]:
        """So many lesions of a pattern at sites that are not taken; streams for the sites and for the lesions."""
        seats = without(seats_of(skeleton), taken)
        chosen = choose_seats(seats, *wanted, streams[0], self.holds)
        own = streams[1].spawn(len(chosen))
        return tuple(
            draw_lesion(seat, traits, stream, self.settings, self.room_ml)
            for seat, stream in zip(chosen, own, strict=True)
        )

    def holds(self, seat: Seat) -> bool:
        """Whether the smallest lesion fits."""
        return self.room_ml(seat.solid, seat.site) * LARGEST_SHARE >= self.settings.smallest_ml
