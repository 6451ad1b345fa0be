from __future__ import annotations

from dataclasses import replace

import numpy as np

from crmo_seg.phantom.scan.draw_artefacts import LARGEST_SHIFT_VOXELS, draw_artefacts
from crmo_seg.phantom.scan.protocol import Artefacts
from crmo_seg.phantom.scan.settings import NO_ARTEFACTS, ArtefactSettings, Chance

FIELD = ((-200.0, -100.0, 0.0), (200.0, 100.0, 1300.0))
REGIONS = {
    "neck": (np.array((-50.0, -60.0, 1050.0)), np.array((50.0, 40.0, 1150.0))),
    "chest": (np.array((-120.0, -80.0, 800.0)), np.array((120.0, 80.0, 1080.0))),
    "jaw": (np.array((-40.0, 10.0, 1120.0)), np.array((40.0, 80.0, 1170.0))),
}


def drawn(settings: ArtefactSettings, seed: int = 0, regions: dict[str, tuple] = REGIONS) -> Artefacts:
    return draw_artefacts(settings, regions, FIELD, 1.25, np.random.default_rng(seed))


def test_a_perfect_scanner_draws_none() -> None:
    assert replace(drawn(NO_ARTEFACTS), ghost_box=None) == Artefacts()


def test_artefacts_are_as_frequent_as_their_settings() -> None:
    many = [drawn(ArtefactSettings(), seed) for seed in range(1500)]
    assert abs(np.mean([one.cross_talk > 0 for one in many]) - 0.10) < 0.03
    assert abs(np.mean([one.noise > 0.1 for one in many]) - 0.09) < 0.03
    assert abs(np.mean([bool(one.suppression_failures) for one in many]) - 0.30) < 0.04
    assert all(one.noise > 0 for one in many)
    assert {one.seam_shift_voxels for one in many} == {0, 1, 2, 3}


def test_shifts_are_bounded_in_voxels() -> None:
    far = replace(ArtefactSettings(), seam_shift_mm=Chance(1.0, (20.0, 20.0)))
    assert drawn(far).seam_shift_voxels == LARGEST_SHIFT_VOXELS


def test_places_lie_at_their_regions() -> None:
    always = replace(
        ArtefactSettings(), suppression_failure=Chance(1.0, (1.0, 1.0)), metal_radius_mm=Chance(1.0, (10.0, 10.0))
    )
    one = drawn(always)
    (failure,) = one.suppression_failures
    assert (np.abs(np.array(failure.centre_mm) - (0, -10, 1100)) <= (30, 30, 30)).all()
    assert one.metal is not None
    assert one.metal.centre_mm == (0.0, 75.0, 1145.0)
    np.testing.assert_array_equal(one.ghost_box, REGIONS["chest"])


def test_missing_regions_have_no_artefacts() -> None:
    always = replace(
        ArtefactSettings(), suppression_failure=Chance(1.0, (1.0, 1.0)), metal_radius_mm=Chance(1.0, (10.0, 10.0))
    )
    one = drawn(always, regions={})
    assert one.suppression_failures == ()
    assert one.metal is None
    assert one.ghost_box is not None  # vessels in the middle


def test_large_voxels_are_not_interpolated() -> None:
    always = replace(ArtefactSettings(), interpolation=Chance(1.0, (2.0, 2.0)), gibbs=1.0)
    coarse = draw_artefacts(always, REGIONS, FIELD, 4.0, np.random.default_rng(0))
    assert coarse.interpolation == 1
    assert not coarse.gibbs
    assert drawn(always).interpolation == 2.2 / 1.25
