"""Where in its site a lesion lies, how large and how bright it is; and from there to its place on a skeleton.

Positions in long bones follow Falip 2013: beside the growth plate, across it, nodular, with inflamed soft tissue.
Volumes are an assumption (see ``EdemaSettings``); signal ratios follow Kieninger 2021.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.edema.choice import Seat
from crmo_seg.phantom.edema.lesion import LONG_BONES, LastingLesion, LesionShape, PlannedLesion
from crmo_seg.phantom.edema.literature import (
    JUXTAPHYSEAL,
    NODULAR,
    RATIO_BEFORE,
    REACHING_EPIPHYSIS,
    WITH_HALO,
)
from crmo_seg.phantom.edema.placing import BORDERS_MM, SMALLEST_LOBE_ML, epiphyseal_room, lesion_radii, place_lesion
from crmo_seg.phantom.edema.room import RoomMl, marrow_depth_mm, marrow_ml, plate_of
from crmo_seg.phantom.edema.settings import EdemaSettings
from crmo_seg.phantom.solids.shapes import Vector, unit

LARGEST_SHARE: Final = 0.6
"""Part of the marrow of its site that a new lesion fills at most, so that it can still grow."""
AWAY_MM: Final = 5.0
"""A lesion that is not juxtaphyseal stays at least so far from the plate."""
LOBE_SHARE: Final = (0.08, 0.35)
"""Part of a crossing lesion beyond the plate: minimal in most, as the mapping study says of epiphyseal lesions."""
LARGEST_LOBE: Final = 0.6
EPIPHYSEAL_ALONE: Final = 0.08
"""Part of the lesions at the ends of long bones that lie in the epiphysis only (from ``SITE_WEIGHTS``)."""
NODULAR_ELSEWHERE: Final = 0.1
RATIO_CHILD_SPREAD: Final = 0.09
"""Between children, of the logarithm; follows from the p value of Kieninger's two groups of ten."""
HALO_MM: Final = (3.0, 12.0)
SHARPER_MM: Final = 3.0
"""Borders of nodules are narrower than this, those of others mostly wider."""
_WAVES: Final = 5
_TRIES: Final = 24


@dataclass(frozen=True)
class ChildTraits:
    """What the lesions of a child have in common: how they answer to treatment and how bright they are."""

    responder: bool
    ratio_mean: float


def draw_traits(rng: np.random.Generator) -> ChildTraits:
    """Half of the children are responders, with paler lesions (Kieninger 2021)."""
    responder = bool(rng.random() < 0.5)
    mean = RATIO_BEFORE.first if responder else RATIO_BEFORE.second
    return ChildTraits(responder, mean * around_one(rng, RATIO_CHILD_SPREAD))


def draw_lesion(
    seat: Seat, traits: ChildTraits, rng: np.random.Generator, settings: EdemaSettings, room_ml: RoomMl = marrow_ml
) -> PlannedLesion:
    """A lesion at a site that holds the smallest volume, as large as drawn or as the marrow there allows."""
    spot, look = rng.spawn(2)
    main_ml = _draw_volume(room_ml(seat.solid, seat.site), spot, settings)
    metaphyseal = seat.key.bone.name in LONG_BONES and seat.site.segment is Segment.METAPHYSIS
    beside_plate = bool(spot.random() < JUXTAPHYSEAL.value)
    lobe_ml = _draw_lobe(seat, main_ml, spot, (settings, room_ml)) if metaphyseal and beside_plate else 0.0
    nodular_share = (NODULAR.value / JUXTAPHYSEAL.value if beside_plate else 0.0) if metaphyseal else NODULAR_ELSEWHERE
    nodular = bool(look.random() < nodular_share)
    ratio = traits.ratio_mean * around_one(look, settings.ratio_spread)
    lesion = LastingLesion(
        key=_draw_key(seat, look),
        site=seat.key,
        offset=np.zeros(3),
        stretch=_draw_stretch(spot),
        volume_ml=main_ml + lobe_ml,
        signal_ratio=float(np.clip(ratio, *settings.ratio_range)),
        responder=traits.responder,
        lobe_share=lobe_ml / (main_ml + lobe_ml),
        halo_mm=float(look.uniform(*HALO_MM)) if look.random() < WITH_HALO.value else 0.0,
        border_mm=float(look.uniform(*((BORDERS_MM[0], SHARPER_MM) if nodular else (2.5, BORDERS_MM[1])))),
        shape=_draw_shape(look, nodular=nodular),
    )
    offset = _draw_offset(seat, lesion, spot, beside_plate=beside_plate)
    planned = place_lesion(replace(lesion, offset=offset), seat, room_ml)
    return replace(planned, lasting=replace(planned.lasting, volume_ml=planned.planned_ml))


def _draw_volume(room: float, rng: np.random.Generator, settings: EdemaSettings) -> float:
    """Volume of the part in the site, so that a lobe beyond the plate can still be added."""
    filled = settings.filled_median * float(np.exp(settings.filled_spread * rng.standard_normal()))
    largest = max(min(settings.largest_ml * (1 - LOBE_SHARE[1]), room * LARGEST_SHARE), settings.smallest_ml)
    return float(np.clip(room * filled, settings.smallest_ml, largest))


def _draw_lobe(seat: Seat, main_ml: float, rng: np.random.Generator, limits: tuple[EdemaSettings, RoomMl]) -> float:
    """Volume beyond the plate; 0 in lesions that stop there."""
    settings, room_ml = limits
    both = (REACHING_EPIPHYSIS.value - EPIPHYSEAL_ALONE) / (1 - EPIPHYSEAL_ALONE)
    crosses = rng.random() < both / JUXTAPHYSEAL.value
    share = float(rng.uniform(*LOBE_SHARE))
    plate = plate_of(seat.solid, seat.site)
    if not crosses or plate is None:
        return 0.0
    smallest = max(SMALLEST_LOBE_ML, settings.smallest_ml / 2)
    largest = LARGEST_LOBE * room_ml(seat.solid, epiphyseal_room(seat.solid, plate))
    return min(max(main_ml * share / (1 - share), smallest), largest) if largest >= smallest else 0.0


def _draw_offset(seat: Seat, lesion: LastingLesion, rng: np.random.Generator, *, beside_plate: bool) -> Vector:
    """Towards the plate or away from it; off the axis of the site, yet with its middle in marrow."""
    site, plate = seat.site, plate_of(seat.solid, seat.site)
    free = site.radii - lesion_radii(lesion, site)
    offsets: Vector = rng.uniform(-1, 1, (_TRIES, 3)) * np.linspace(0.8, 0.2, _TRIES)[:, None]
    if plate is not None:
        towards = 1.0 if site.segment is Segment.METAPHYSIS else -1.0
        furthest = max(1 - AWAY_MM / max(float(free[2]), 1e-3), -1.0)
        offsets[:, 2] = towards * (1.0 if beside_plate else rng.uniform(-1.0, furthest))
    depth = marrow_depth_mm(seat.solid, site.centre + (offsets * free) @ site.axes)
    deep_enough = np.flatnonzero(depth > 1.0)
    chosen: Vector = offsets[deep_enough[0] if len(deep_enough) else int(depth.argmax())]
    return chosen


def _draw_stretch(rng: np.random.Generator) -> Vector:
    drawn = np.exp(0.22 * np.clip(rng.standard_normal(3), -2, 2))
    stretch: Vector = drawn / np.prod(drawn) ** (1 / 3)
    return stretch


def _draw_shape(rng: np.random.Generator, *, nodular: bool) -> LesionShape:
    directions = np.stack([unit(row) for row in rng.standard_normal((_WAVES, 3))])
    waves = directions * rng.uniform(1.5, 4.5, (_WAVES, 1))
    nodules = _draw_nodules(rng) if nodular else np.empty((0, 4))
    return LesionShape(waves, rng.uniform(0, 2 * np.pi, _WAVES), nodules)


def _draw_nodules(rng: np.random.Generator) -> Vector:
    """Two to five balls, each touching an earlier one; together about as large as a ball of radius 1."""
    balls = [np.array([0.0, 0.0, 0.0, rng.uniform(0.7, 1.0)])]
    for _ in range(int(rng.integers(1, 5))):
        base, radius = balls[int(rng.integers(len(balls)))], float(rng.uniform(0.5, 1.0))
        step = unit(rng.standard_normal(3)) * (base[3] + radius) * 0.85
        balls.append(np.array([*(base[:3] + step), radius]))
    cluster = np.stack(balls)
    cluster[:, :3] -= np.average(cluster[:, :3], axis=0, weights=cluster[:, 3] ** 3)
    scaled: Vector = cluster / float((cluster[:, 3] ** 3).sum() ** (1 / 3))
    return scaled


def _draw_key(seat: Seat, rng: np.random.Generator) -> str:
    name = f"{seat.key.bone.full_name}-{seat.key.region}".replace(" ", "_")
    return f"{name}-{int(rng.integers(16**6)):06x}"


def around_one(rng: np.random.Generator, spread: float) -> float:
    """A log-normal factor whose mean is about 1."""
    return float(np.exp(spread * np.clip(rng.standard_normal(), -3, 3) - spread**2 / 2))
