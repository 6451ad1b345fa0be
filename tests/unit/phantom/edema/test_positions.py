from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.edema.choice import seats_of
from crmo_seg.phantom.edema.lesion import PlannedLesion
from crmo_seg.phantom.edema.positions import AWAY_MM, LARGEST_SHARE, ChildTraits, draw_lesion, draw_traits
from crmo_seg.phantom.edema.room import marrow_depth_mm, marrow_ml
from crmo_seg.phantom.edema.settings import DEFAULT_SETTINGS, EdemaSettings

TRAITS = ChildTraits(responder=True, ratio_mean=5.6)


@pytest.fixture(scope="module")
def lesions(rod: SolidBone) -> list[PlannedLesion]:
    seat = seats_of([rod])[0]
    return [draw_lesion(seat, TRAITS, np.random.default_rng(i), DEFAULT_SETTINGS) for i in range(600)]


def test_shares_of_metaphyseal_lesions(lesions: list[PlannedLesion]) -> None:
    def share(hits: list[bool | None]) -> float:
        return float(np.mean([bool(hit) for hit in hits]))

    assert share([lesion.juxtaphyseal for lesion in lesions]) == pytest.approx(36 / 56, abs=0.06)
    assert share([lesion.crosses_plate for lesion in lesions]) == pytest.approx(0.51, abs=0.06)
    assert share([lesion.halo for lesion in lesions]) == pytest.approx(22 / 42, abs=0.06)
    assert share([lesion.nodular for lesion in lesions]) == pytest.approx(7 / 42, abs=0.05)


def test_nodular_and_crossing_lesions_touch_the_plate(lesions: list[PlannedLesion]) -> None:
    assert all(lesion.juxtaphyseal for lesion in lesions if lesion.crosses_plate or lesion.nodular)
    away = [lesion.physis_distance_mm or 0.0 for lesion in lesions if not lesion.juxtaphyseal]
    assert np.mean(np.array(away) >= AWAY_MM - 1e-6) > 0.9  # others are too long to keep away


def test_a_crossing_lesion_lies_on_both_sides(lesions: list[PlannedLesion]) -> None:
    crossing = [lesion for lesion in lesions if lesion.epiphyseal_lobe is not None]
    for lesion in crossing:
        (main, main_ml), (lobe, lobe_ml) = lesion.lobes
        assert main.centre[2] + main.radii[2] <= -1.5 + 1e-6
        assert lobe.centre[2] - lobe.radii[2] >= 1.5 - 1e-6
        assert main_ml + lobe_ml == pytest.approx(lesion.planned_ml)
        assert lobe_ml < main_ml
        assert lobe.segment is Segment.EPIPHYSIS
        assert lesion.segment is Segment.METAPHYSIS


def test_volumes_and_signals_stay_in_their_ranges(lesions: list[PlannedLesion], rod: SolidBone) -> None:
    room = marrow_ml(rod, rod.sites[0])
    assert all(0.05 <= lesion.planned_ml <= 40 for lesion in lesions)
    assert max(lesion.lobes[0][1] for lesion in lesions) <= LARGEST_SHARE * room + 1e-9
    ratios = [lesion.signal_ratio for lesion in lesions]
    assert np.mean(ratios) == pytest.approx(TRAITS.ratio_mean, abs=0.15)
    low, high = EdemaSettings().ratio_range
    assert low <= min(ratios) < max(ratios) <= high


def test_borders_are_soft_but_leave_a_core(lesions: list[PlannedLesion]) -> None:
    assert all(1.5 <= lesion.border_mm <= 8 for lesion in lesions)
    assert max(lesion.border_mm for lesion in lesions if lesion.nodular) <= 3
    assert all(2 <= len(lesion.shape.nodules) <= 5 for lesion in lesions if lesion.nodular)


@pytest.mark.parametrize("number", range(5))
def test_every_lesion_of_every_site_has_its_middle_in_marrow(
    skeletons: list[tuple[SolidBone, ...]], number: int
) -> None:
    for i, seat in enumerate(seats_of(skeletons[number])):
        if marrow_ml(seat.solid, seat.site) < 0.1 or seat.key.region == "base":
            continue  # the base of the skull is full of holes
        lesion = draw_lesion(seat, TRAITS, np.random.default_rng(i), DEFAULT_SETTINGS)
        assert marrow_depth_mm(seat.solid, lesion.place.centre[None])[0] > 0, seat.key


def test_half_of_the_children_respond() -> None:
    traits = [draw_traits(np.random.default_rng(i)) for i in range(800)]
    assert np.mean([one.responder for one in traits]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([one.ratio_mean for one in traits if one.responder]) == pytest.approx(5.6, abs=0.1)
    assert np.mean([one.ratio_mean for one in traits if not one.responder]) == pytest.approx(6.1, abs=0.1)
