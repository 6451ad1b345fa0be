from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.edema.fates import Fate, NextVisit, draw_fate, next_visit
from crmo_seg.phantom.edema.lesion import PlannedLesion
from crmo_seg.phantom.edema.plan import plan_lesions
from crmo_seg.phantom.edema.settings import EdemaSettings

Visits = tuple[tuple[PlannedLesion, ...], NextVisit]
ILL = EdemaSettings(lesion_free=0.0)


@pytest.fixture(scope="module")
def visits(skeletons: list[tuple[SolidBone, ...]]) -> list[Visits]:
    """Each child is 3 years older at its second visit."""
    pairs = []
    for i in range(60):
        before = plan_lesions(skeletons[i % 4], np.random.default_rng([i, 0]), ILL)
        lasting = [lesion.lasting for lesion in before]
        pairs.append((before, next_visit(lasting, skeletons[i % 4 + 1], np.random.default_rng([i, 1]))))
    return pairs


def test_every_lesion_has_a_fate(visits: list[Visits]) -> None:
    for before, after in visits:
        was, now = {le.lesion_key for le in before}, {le.lesion_key for le in after.lesions}
        assert set(after.fates) == was | now
        for key, fate in after.fates.items():
            assert (key in was, key in now) == (fate is not Fate.NEW, fate is not Fate.RESOLVED)


def test_fates_are_told_by_the_volumes(visits: list[Visits]) -> None:
    for before, after in visits:
        volumes = {le.lesion_key: le.planned_ml for le in before}
        for lesion in after.lesions:
            if after.fates[lesion.lesion_key] is not Fate.NEW:
                change = lesion.planned_ml / volumes[lesion.lesion_key]
                fate = after.fates[lesion.lesion_key]
                assert (change >= 1.2, change <= 1 / 1.2) == (fate is Fate.GROWN, fate is Fate.SHRUNK)


def test_a_lesion_stays_at_its_site_and_a_new_one_takes_another(visits: list[Visits]) -> None:
    for before, after in visits:
        sites = {le.lesion_key: le.lasting.site for le in before}
        for lesion in after.lesions:
            assert sites.get(lesion.lesion_key, lesion.lasting.site) == lesion.lasting.site
            assert lesion.lesion_key in sites or lesion.lasting.site not in sites.values()


def test_rates_of_the_fates() -> None:
    rng = np.random.default_rng(0)
    fates = [draw_fate(rng, responder=bool(i % 2)) for i in range(4000)]
    assert fates.count(Fate.RESOLVED) / 4000 == pytest.approx(96 / 279, abs=0.025)
    assert fates.count(Fate.GROWN) / 4000 == pytest.approx(21 / 279 / 0.9, abs=0.015)
    assert fates.count(Fate.SHRUNK) == pytest.approx(fates.count(Fate.STABLE), rel=0.15)
    assert fates[1::2].count(Fate.RESOLVED) > fates[::2].count(Fate.RESOLVED)  # responders
    assert Fate.NEW not in fates


def test_the_signal_of_non_responders_rises_more(visits: list[Visits]) -> None:
    changes: dict[bool, list[float]] = {True: [], False: []}
    for before, after in visits:
        ratios = {le.lesion_key: le.signal_ratio for le in before}
        for lesion in after.lesions:
            if lesion.lesion_key in ratios:
                changes[lesion.lasting.responder].append(lesion.signal_ratio / ratios[lesion.lesion_key])
    assert np.mean(changes[True]) == pytest.approx(5.8 / 5.6, abs=0.03)
    assert np.mean(changes[False]) == pytest.approx(7.2 / 6.1, abs=0.03)


def test_a_child_without_lesions_stays_without(skeleton: tuple[SolidBone, ...]) -> None:
    after = next_visit((), skeleton, np.random.default_rng(0))
    assert (after.lesions, dict(after.fates)) == ((), {})


def test_the_same_seed_gives_the_same_visit(skeleton: tuple[SolidBone, ...]) -> None:
    before = [lesion.lasting for lesion in plan_lesions(skeleton, np.random.default_rng(2), ILL)]
    one, again = (next_visit(before, skeleton, np.random.default_rng(9)) for _ in range(2))
    assert one.fates == again.fates
    assert [le.planned_ml for le in one.lesions] == [le.planned_ml for le in again.lesions]
