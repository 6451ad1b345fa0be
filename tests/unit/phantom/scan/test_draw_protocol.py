from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.draw_protocol import draw_protocol
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.scan.settings import TINY, Chance, ScanSettings
from crmo_seg.phantom.scan.slices import fine_grid, image_geometry


def box(*numbers: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array(numbers[:3], dtype=float), np.array(numbers[3:], dtype=float)


BODY = box(-200, -100, 0, 200, 100, 1300)
REGIONS = {
    "spine": box(-25, -80, 600, 25, -10, 1150),
    "trunk": box(-140, -90, 600, 140, 90, 1100),
    "chest": box(-120, -80, 800, 120, 80, 1080),
    "pelvis": box(-120, -80, 560, 120, 80, 740),
    "knees": box(-120, -60, 280, 120, 60, 400),
    "neck": box(-50, -60, 1050, 50, 40, 1150),
}


def drawn(settings: ScanSettings, seed: int) -> Protocol:
    return draw_protocol(settings, BODY, REGIONS, np.random.default_rng(seed))


MANY = [drawn(ScanSettings(), seed) for seed in range(400)]
WHOLE = [one for one in MANY if one.view == "coronal_whole_body"]


def test_views_are_as_frequent_as_their_shares() -> None:
    views = Counter(one.view for one in MANY)
    assert abs(views["coronal_whole_body"] / 400 - 0.75) < 0.07
    assert abs(views["sagittal_spine"] / 400 - 0.12) < 0.05
    assert {one.region for one in MANY} == {None, "spine", "chest", "pelvis", "knees"}
    assert abs(np.mean([one.field_strength_t == 3 for one in MANY]) - 0.3) < 0.07


def test_every_protocol_is_one_of_the_issue() -> None:
    for one in MANY:
        assert 0.8 <= one.in_plane_mm <= 1.8
        assert 3 <= one.slice_thickness_mm <= 8
        assert one.slice_pitch_mm <= 1.2 * one.slice_thickness_mm + 1e-9
        assert np.linalg.norm(one.tilt_deg) <= 8 + 1e-9
        assert one.tilt_deg[one.slice_axis] == 0
        assert 0.08 <= one.overlap <= 0.2
        assert 40 - 1e-9 <= one.muscle_signal <= 400 + 1e-9
        assert np.prod(fine_grid(one).geometry.shape) < 42e6


def test_whole_bodies_have_three_to_six_stations_by_height() -> None:
    assert {one.stations for one in WHOLE} <= {3, 4, 5, 6}
    short = draw_protocol(ScanSettings(), (BODY[0], BODY[1] * (1, 1, 0.7)), REGIONS, np.random.default_rng(1))
    assert short.stations <= drawn(ScanSettings(), 1).stations
    assert all(25 <= image_geometry(one).shape[1] <= 75 or one.slice_pitch_mm > 8 for one in WHOLE)
    assert {one.stations for one in MANY if one.view == "sagittal_spine"} == {2}
    assert {one.stations for one in MANY if one.view == "region"} == {1}


def test_arms_are_outside_and_wrap_in_some() -> None:
    outside = [one for one in WHOLE if one.artefacts.arms_outside]
    assert abs(len(outside) / len(WHOLE) - 0.2) < 0.06
    for one in outside:
        assert one.field_of_view[1][0] < BODY[1][0]
    assert all(one.artefacts.wrap_mm == 0 for one in MANY if one not in outside)
    assert any(one.artefacts.wrap_mm > 0 for one in outside)


def test_the_same_seed_gives_the_same_protocol() -> None:
    assert drawn(ScanSettings(), 5) == drawn(ScanSettings(), 5) != drawn(ScanSettings(), 6)


def test_artefacts_do_not_change_the_geometry() -> None:
    noisy = replace(ScanSettings().artefacts, noise=Chance(1.0, (0.2, 0.3)), cross_talk=Chance(1.0, (0.2, 0.3)))
    one, other = drawn(ScanSettings(), 7), drawn(replace(ScanSettings(), artefacts=noisy), 7)
    assert one.artefacts.noise < other.artefacts.noise
    assert replace(one, artefacts=other.artefacts) == other


def test_a_protocol_takes_the_same_from_the_stream() -> None:
    left = set()
    for settings in (ScanSettings(), TINY):
        rng = np.random.default_rng(3)
        draw_protocol(settings, BODY, REGIONS, rng)
        left.add(rng.random())
    assert len(left) == 1


def test_tiny_is_small() -> None:
    one = drawn(TINY, 0)
    assert one.spacing_mm == (4.0, 8.0, 4.0)
    assert one.sub_slices == 1
    assert np.prod(image_geometry(one).shape) < 2e6


@pytest.mark.parametrize(("view", "name"), [("sagittal_spine", "spine"), ("region", "pelvis")])
def test_a_region_that_is_missing_is_named(view: str, name: str) -> None:
    shares = {"coronal_whole_body": 0.0, "sagittal_spine": 0.0, "region": 0.0, view: 1.0}
    with pytest.raises(InputError, match=f"region bounds: hold none of .*{name}.*; give one, or no share to {view}"):
        draw_protocol(ScanSettings(**shares), BODY, {}, np.random.default_rng(0))
