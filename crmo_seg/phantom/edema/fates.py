"""What becomes of lesions until the next visit: resolved, shrunk, stable, grown; and new ones.

Rates of the resolved, the worsened (here: grown) and the new: the pamidronate study, after one cycle. What neither
resolved nor worsened is split into shrunk and stable by assumption. That responders do better, and how the signal
changes: Kieninger 2021; by how much their lesions differ in fate is an assumption that keeps the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.edema.choice import seats_of
from crmo_seg.phantom.edema.frequencies import Pattern
from crmo_seg.phantom.edema.lesion import LastingLesion, PlannedLesion
from crmo_seg.phantom.edema.literature import NEW, RATIO_AFTER, RATIO_BEFORE, RESOLVED, WORSENED
from crmo_seg.phantom.edema.placing import place_lesion
from crmo_seg.phantom.edema.plan import Planner
from crmo_seg.phantom.edema.positions import ChildTraits, around_one
from crmo_seg.phantom.edema.room import RoomMl, marrow_ml
from crmo_seg.phantom.edema.settings import DEFAULT_SETTINGS, EdemaSettings


class Fate(Enum):
    """What became of a lesion between two visits."""

    RESOLVED = "resolved"
    SHRUNK = "shrunk"
    STABLE = "stable"
    GROWN = "grown"
    NEW = "new"


@dataclass(frozen=True, eq=False)
class NextVisit:
    """The lesions of a later visit.

    Attributes:
        lesions: those that are still there, in their old order, then the new ones.
        fates: of every lesion of both visits by its key.
    """

    lesions: tuple[PlannedLesion, ...]
    fates: Mapping[str, Fate]


VOLUME_FACTORS: Final[Mapping[Fate, tuple[float, float]]] = MappingProxyType(
    {Fate.SHRUNK: (0.2, 0.75), Fate.STABLE: (0.9, 1.1), Fate.GROWN: (1.4, 2.5)}
)
"""Volume over that of the visit before; an assumption."""
LEAST_CHANGE: Final = 1.2
"""A lesion whose volume changes by less, as its bone holds no more or it is tiny already, is stable."""
HAVE_ROOM: Final = 0.9
"""Of the lesions that are to grow, so many find marrow to grow into; more are drawn to make up for the others."""
SIGNAL_CHANGE_SPREAD: Final = 0.06
RESPONSE: Final = 0.3
"""By how much of the mean rate responders do better and the others worse; an assumption."""
SHRUNK_SHARE: Final = 0.5
"""Of the lesions that neither resolve nor grow; an assumption."""


def next_visit(
    before: Sequence[LastingLesion],
    skeleton: Sequence[SolidBone],
    rng: np.random.Generator,
    settings: EdemaSettings = DEFAULT_SETTINGS,
    *,
    room_ml: RoomMl = marrow_ml,
) -> NextVisit:
    """The lesions of the same child at its next visit, on the skeleton as it is then: grown, in another pose.

    A child without lesions stays without. A lesion keeps its key; a key is never given twice.

    Args:
        before: the lesions of the visit before, relative to their bones.
        skeleton: the bones of this visit, RAS+ mm.
        rng: source of chance; each lesion has a stream of its own.
        settings: how large and bright lesions are.
        room_ml: marrow that a place of a bone holds.
    """
    changes, sites, lesions = rng.spawn(3)
    seats = {seat.key: seat for seat in seats_of(skeleton)}
    kept, fates = [], {}
    for lesion, own in zip(before, changes.spawn(len(before)), strict=True):
        changed = _change(lesion, draw_fate(own, responder=lesion.responder), own, settings)
        placed = place_lesion(changed, seats[lesion.site], room_ml) if changed is not None else None
        fates[lesion.key] = fate_by_volume(lesion.volume_ml, placed)
        kept += [placed] if placed is not None else []
    planner = Planner(settings, room_ml)
    new = planner.new_lesions(
        skeleton, _new_pattern(before, sites), _traits_after(before), (sites, lesions), {le.site for le in before}
    )
    return NextVisit((*kept, *new), MappingProxyType(fates | {le.lesion_key: Fate.NEW for le in new}))


def draw_fate(rng: np.random.Generator, *, responder: bool) -> Fate:
    """One of the fates of a lesion that was there before."""
    resolved, grown = _rate(RESOLVED.value, better=responder), _rate(WORSENED.value / HAVE_ROOM, better=not responder)
    shrunk = (1 - resolved - grown) * SHRUNK_SHARE
    fates = (Fate.RESOLVED, Fate.GROWN, Fate.SHRUNK, Fate.STABLE)
    return fates[int(rng.choice(4, p=(resolved, grown, shrunk, 1 - resolved - grown - shrunk)))]


def fate_by_volume(before_ml: float, now: PlannedLesion | None) -> Fate:
    """The fate that two volumes tell."""
    if now is None:
        return Fate.RESOLVED
    if now.planned_ml >= before_ml * LEAST_CHANGE:
        return Fate.GROWN
    return Fate.SHRUNK if now.planned_ml <= before_ml / LEAST_CHANGE else Fate.STABLE


def _rate(mean: float, *, better: bool) -> float:
    return mean * (1 + RESPONSE if better else 1 - RESPONSE)


def _change(
    lesion: LastingLesion, fate: Fate, rng: np.random.Generator, settings: EdemaSettings
) -> LastingLesion | None:
    """The lesion at the next visit, None where it resolved."""
    if fate is Fate.RESOLVED:
        return None
    volume = lesion.volume_ml * float(rng.uniform(*VOLUME_FACTORS[fate]))
    ratio = lesion.signal_ratio * _signal_change(responder=lesion.responder) * around_one(rng, SIGNAL_CHANGE_SPREAD)
    return replace(
        lesion,
        volume_ml=float(np.clip(volume, settings.smallest_ml, settings.largest_ml)),
        signal_ratio=float(np.clip(ratio, *settings.ratio_range)),
    )


def _signal_change(*, responder: bool) -> float:
    if responder:
        return RATIO_AFTER.first / RATIO_BEFORE.first
    return RATIO_AFTER.second / RATIO_BEFORE.second


def _new_pattern(before: Sequence[LastingLesion], rng: np.random.Generator) -> tuple[Pattern, int]:
    """As many new ones as the rate says; tibia and clavicle stay spared where they were."""
    responder = any(lesion.responder for lesion in before)
    count = int(rng.binomial(len(before), _rate(NEW.value, better=not responder)))
    ill = {lesion.site.bone.name for lesion in before}
    tibia, clavicle = (None if name in ill else False for name in ("tibia", "clavicle"))
    return Pattern(1.0, float(count), tibia, clavicle), count


def _traits_after(before: Sequence[LastingLesion]) -> ChildTraits:
    responder = any(lesion.responder for lesion in before)
    return ChildTraits(responder, RATIO_AFTER.first if responder else RATIO_AFTER.second)
