"""What became of each site: bone and side, at both visits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crmo_seg.anatomy import Side
from crmo_seg.lesions import Lesion
from crmo_seg.longitudinal.change import Change, LesionChange


@dataclass(frozen=True)
class SiteChange:
    """The lesions of one bone and side at two visits.

    Attributes:
        bone: name without the side; None for lesions without a bone.
        side: None for the midline, or where it is not known.
        lesions_before: how many.
        lesions_now: how many.
        volume_before_ml: of all of them.
        volume_now_ml: of all of them.
        signal_before: signal ratio to muscle, mean weighted by volume; None where it is not known.
        signal_now: the same at the second visit.
        counts: groups of lesions by what became of them.
    """

    bone: str | None
    side: Side | None
    lesions_before: int
    lesions_now: int
    volume_before_ml: float
    volume_now_ml: float
    signal_before: float | None
    signal_now: float | None
    counts: Counter[Change]


def site_changes(changes: Sequence[LesionChange]) -> tuple[SiteChange, ...]:
    """One entry a site that has a lesion at either visit, the most volume first.

    A group counts once, at the site of its largest lesion now, or before where there is none now.
    """
    sites = {(lesion.site.bone, lesion.site.side) for change in changes for lesion in lesions_of(change)}
    found = [_site_change(bone, side, changes) for bone, side in sites]
    return tuple(sorted(found, key=lambda one: (-max(one.volume_before_ml, one.volume_now_ml), str(one.bone))))


def lesions_of(change: LesionChange) -> tuple[Lesion, ...]:
    """All lesions of a group, of both visits."""
    return tuple(one.lesion for one in (*change.before, *change.now))


def main_lesion(change: LesionChange) -> Lesion:
    """The largest lesion now, or before where there is none now: it names the group's site."""
    return max((one.lesion for one in change.now or change.before), key=lambda lesion: lesion.volume_ml)


def mean_signal_ratio(lesions: Iterable[Lesion]) -> float | None:
    """Mean weighted by volume over the lesions that have one; None where none has.

    >>> mean_signal_ratio([Lesion(1, 3.0, 9.0, (0, 0, 0), signal_ratio=4.0), Lesion(2, 1.0, 9.0, (0, 0, 0))])
    4.0
    """
    known = [(one.signal_ratio, one.volume_ml) for one in lesions if one.signal_ratio is not None]
    volume_ml = sum(volume for _, volume in known)
    return sum(ratio * volume for ratio, volume in known) / volume_ml if volume_ml > 0 else None


def _site_change(bone: str | None, side: Side | None, changes: Sequence[LesionChange]) -> SiteChange:
    before = [one.lesion for change in changes for one in change.before if _is_at(one.lesion, bone, side)]
    now = [one.lesion for change in changes for one in change.now if _is_at(one.lesion, bone, side)]
    return SiteChange(
        bone=bone,
        side=side,
        lesions_before=len(before),
        lesions_now=len(now),
        volume_before_ml=sum(lesion.volume_ml for lesion in before),
        volume_now_ml=sum(lesion.volume_ml for lesion in now),
        signal_before=mean_signal_ratio(before),
        signal_now=mean_signal_ratio(now),
        counts=Counter(change.change for change in changes if _is_at(main_lesion(change), bone, side)),
    )


def _is_at(lesion: Lesion, bone: str | None, side: Side | None) -> bool:
    return (lesion.site.bone, lesion.site.side) == (bone, side)
