"""From a lasting lesion, relative to its bone, to its place on the skeleton of one visit."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.body.solid_bone import GrowthPlate, LesionSite, SolidBone
from crmo_seg.phantom.edema.choice import Seat
from crmo_seg.phantom.edema.lesion import LastingLesion, PlannedLesion, ellipsoid_ml
from crmo_seg.phantom.edema.room import PLATE_HALF_MM, RoomMl, marrow_ml, plate_of
from crmo_seg.phantom.solids.shapes import Vector

GROWN_SHARE: Final = 0.85
"""Part of the marrow within reach that a lesion fills at most."""
MARROW_SHARE: Final = 0.8
"""A lesion's ellipsoid is planned larger than its volume by this, since cortex takes some."""
REACH: Final = 1.45
"""Up to so many of its radii a lesion spreads where its ellipsoid holds too little marrow."""
SMALLEST_LOBE_ML: Final = 0.05
BORDERS_MM: Final = (1.5, 8.0)
BORDER_SHARE: Final = 1.2
"""Widest border over the smallest radius; then the middle is still all edema."""
_BEYOND: Final = np.array((0.85, 0.85, 0.6))
"""Radii of the room beyond a plate whose bone has no site there, in radii of the plate, the last along the normal."""


def place_lesion(lesion: LastingLesion, seat: Seat, room_ml: RoomMl = marrow_ml) -> PlannedLesion:
    """The lesion on the skeleton of a visit; smaller than before only where its site does not hold it any more."""
    solid, site = seat.solid, seat.site
    radii = lesion_radii(lesion, site)
    centre = site.centre + (lesion.offset * (site.radii - radii)) @ site.axes
    place, plate = LesionSite(site.region, site.segment, centre, radii, site.axes), plate_of(solid, site)
    main_ml = min(lesion.volume_ml * (1 - lesion.lobe_share), _reachable_ml(solid, place, room_ml))
    lobe, lobe_ml = _place_lobe(lesion, main_ml, (solid, plate), room_ml)
    thinnest = float(min(radii.min(), np.inf if lobe is None else lobe.radii.min()))
    return PlannedLesion(
        lasting=lesion,
        segment=site.segment,
        place=place,
        planned_ml=main_ml + lobe_ml,
        plate=plate,
        physis_distance_mm=_physis_distance_mm(solid, place),
        epiphyseal_lobe=lobe,
        lobe_ml=lobe_ml,
        border_mm=min(lesion.border_mm, max(BORDERS_MM[0], thinnest * BORDER_SHARE)),
    )


def lesion_radii(lesion: LastingLesion, site: LesionSite) -> Vector:
    """Radii of the part on the site's side of the plate, mm; never beyond the site."""
    wanted = lesion.volume_ml * (1 - lesion.lobe_share) / MARROW_SHARE
    scale = (wanted / ellipsoid_ml(site.radii)) ** (1 / 3)
    radii: Vector = np.minimum(site.radii * lesion.stretch * scale, site.radii)
    return radii


def epiphyseal_room(solid: SolidBone, plate: GrowthPlate) -> LesionSite:
    """The site beyond a growth plate, or a room of the plate's size where the skeleton has none."""
    beyond = [s for s in solid.sites if s.segment is Segment.EPIPHYSIS and plate_of(solid, s) is plate]
    if beyond:
        return beyond[0]
    metaphysis = next(s for s in solid.sites if s.segment is Segment.METAPHYSIS and plate_of(solid, s) is plate)
    radii = _BEYOND * plate.radius_mm
    centre = plate.centre + plate.normal * (radii[2] + PLATE_HALF_MM)
    return LesionSite("epiphysis", Segment.EPIPHYSIS, centre, radii, metaphysis.axes)


def _place_lobe(
    lesion: LastingLesion, main_ml: float, beside: tuple[SolidBone, GrowthPlate | None], room_ml: RoomMl
) -> tuple[LesionSite | None, float]:
    """A lobe that sits on the far side of the plate, opposite the rest of the lesion, and its volume in ml."""
    solid, plate = beside
    wanted = main_ml * lesion.lobe_share / (1 - lesion.lobe_share)
    if plate is None or wanted <= 0:
        return None, 0.0
    room = epiphyseal_room(solid, plate)
    radii = np.minimum(room.radii * (wanted / MARROW_SHARE / ellipsoid_ml(room.radii)) ** (1 / 3), room.radii)
    offset = np.array([*(lesion.offset[:2] * 0.7), -1.0])
    lobe = replace(room, centre=room.centre + (offset * (room.radii - radii)) @ room.axes, radii=radii)
    volume = min(wanted, _reachable_ml(solid, lobe, room_ml))
    return (lobe, volume) if volume >= SMALLEST_LOBE_ML / 2 else (None, 0.0)


def _reachable_ml(solid: SolidBone, place: LesionSite, room_ml: RoomMl) -> float:
    """Marrow that a lobe planned there can fill."""
    return room_ml(solid, replace(place, radii=place.radii * REACH)) * GROWN_SHARE


def _physis_distance_mm(solid: SolidBone, place: LesionSite) -> float | None:
    """From the ellipsoid to the surface of the nearest growth plate of the bone."""
    if not solid.growth_plates:
        return None
    gaps = []
    for plate in solid.growth_plates:
        reach = float(np.sqrt((((place.axes @ plate.normal) * place.radii) ** 2).sum()))
        gaps.append(abs(float((place.centre - plate.centre) @ plate.normal)) - reach - PLATE_HALF_MM)
    return max(min(gaps), 0.0)
