from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.body.solid_bone import GrowthPlate, LesionSite, SolidBone
from crmo_seg.phantom.edema.choice import Seat, seats_of
from crmo_seg.phantom.edema.lesion import LastingLesion, LesionShape, ellipsoid_ml
from crmo_seg.phantom.edema.placing import MARROW_SHARE, epiphyseal_room, lesion_radii, place_lesion
from crmo_seg.phantom.edema.room import marrow_ml, plate_of
from crmo_seg.phantom.solids.shapes import Capsule, Vector, vector


def lasting(seat: Seat, **changes: object) -> LastingLesion:
    lesion = LastingLesion(
        key="one",
        site=seat.key,
        offset=np.array([0.5, 0.0, 1.0]),
        stretch=np.ones(3),
        volume_ml=4.0,
        signal_ratio=5.0,
        responder=True,
        lobe_share=0.25,
        halo_mm=5.0,
        border_mm=6.0,
        shape=LesionShape(np.zeros((1, 3)), np.zeros(1), np.empty((0, 4))),
    )
    return replace(lesion, **changes)  # type: ignore[arg-type]


def moved(bone: SolidBone, size: float, turn: Vector, shift: Vector) -> SolidBone:
    """The rod larger, turned and elsewhere: the same child, older and in another pose."""

    def point(p: Vector) -> Vector:
        return p * size @ turn + shift

    rod = bone.shapes[0]
    assert isinstance(rod, Capsule)
    shape = Capsule(point(rod.start), point(rod.end), rod.radius_start * size, rod.radius_end * size)
    plate = GrowthPlate(point(bone.growth_plates[0].centre), bone.growth_plates[0].normal @ turn, 20.0 * size)
    sites = tuple(LesionSite(s.region, s.segment, point(s.centre), s.radii * size, s.axes @ turn) for s in bone.sites)
    return replace(bone, shapes=(shape,), growth_plates=(plate,), sites=sites)


def test_radii_follow_the_volume(rod: SolidBone) -> None:
    seat = seats_of([rod])[0]
    radii = lesion_radii(lasting(seat, lobe_share=0.0), seat.site)
    assert ellipsoid_ml(radii) == pytest.approx(4.0 / MARROW_SHARE)
    assert radii / seat.site.radii == pytest.approx(np.full(3, radii[0] / 16))
    assert (lesion_radii(lasting(seat, volume_ml=500.0), seat.site) <= seat.site.radii).all()


def test_a_lesion_touches_the_plate_where_its_offset_says(rod: SolidBone) -> None:
    seat = seats_of([rod])[0]
    beside, away = (place_lesion(lasting(seat, offset=np.array([0, 0, w])), seat) for w in (1.0, -1.0))
    assert beside.physis_distance_mm == pytest.approx(0, abs=1e-6)
    assert beside.juxtaphyseal is True
    assert away.physis_distance_mm == pytest.approx(40 - 2 * away.place.radii[2], abs=1e-6)
    assert away.juxtaphyseal is False


def test_the_same_lesion_on_the_grown_and_turned_bone(rod: SolidBone) -> None:
    angle = 0.7
    turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])[[2, 0, 1]]
    grown = moved(rod, 1.3, turn, vector(40, -60, 900))
    before, after = seats_of([rod])[0], seats_of([grown])[0]
    lesion = lasting(before)
    one, other = place_lesion(lesion, before), place_lesion(replace(lesion, volume_ml=4.0 * 1.3**3), after)
    assert other.lesion_key == one.lesion_key
    assert other.place.centre == pytest.approx(one.place.centre * 1.3 @ turn + vector(40, -60, 900))
    assert other.place.radii == pytest.approx(one.place.radii * 1.3)
    assert one.epiphyseal_lobe is not None
    assert other.epiphyseal_lobe is not None
    assert other.epiphyseal_lobe.radii[2] / one.epiphyseal_lobe.radii[2] == pytest.approx(1.3, rel=0.1)
    assert other.physis_distance_mm == pytest.approx(0.3 * 1.5)  # the plate has not become thicker
    assert other.juxtaphyseal is True


def test_no_more_is_planned_than_the_marrow_within_reach(rod: SolidBone) -> None:
    seat = seats_of([rod])[0]
    planned = place_lesion(lasting(seat, volume_ml=200.0, lobe_share=0.0), seat)
    assert planned.planned_ml < 0.9 * marrow_ml(rod, replace(seat.site, radii=seat.site.radii * 1.5))


def test_a_bone_without_room_beyond_the_plate_gets_no_lobe(rod: SolidBone) -> None:
    seat = seats_of([rod])[0]
    planned = place_lesion(lasting(seat), seat, lambda b, s: 0.0 if s.segment is Segment.EPIPHYSIS else marrow_ml(b, s))
    assert planned.epiphyseal_lobe is None
    assert not planned.crosses_plate
    assert planned.planned_ml == pytest.approx(3.0)


def test_long_bones_without_an_epiphyseal_site_have_a_room_beyond_the_plate(skeleton: tuple[SolidBone, ...]) -> None:
    fibula = next(bone for bone in skeleton if bone.full_name == "fibula_left")
    plate = fibula.growth_plates[0]
    room = epiphyseal_room(fibula, plate)
    assert (room.centre - plate.centre) @ plate.normal > room.radii[2]
    assert plate_of(fibula, room) is plate
    assert marrow_ml(fibula, room) > 0.3 * ellipsoid_ml(room.radii)
