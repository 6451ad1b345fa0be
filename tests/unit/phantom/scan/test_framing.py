from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.phantom.scan.framing import Slices, draw_slices, fitted, region_field, spine_field, whole_body_field
from crmo_seg.phantom.scan.settings import TINY, ScanSettings

BODY = np.array((-200.0, -100.0, 0.0)), np.array((200.0, 100.0, 1300.0))
TRUNK = np.array((-140.0, -90.0, 600.0)), np.array((140.0, 90.0, 1100.0))
SLICES = Slices(axis=1, in_plane_mm=1.3, thickness_mm=5.0, pitch_mm=5.5, sub_slices=2)


@given(seed=st.integers(0, 1000), view=st.sampled_from(["coronal_whole_body", "sagittal_spine", "region"]))
def test_voxels_lie_in_the_ranges(seed: int, view: str) -> None:
    drawn = draw_slices(ScanSettings(), view, 1, np.random.default_rng(seed))
    assert 0.8 <= drawn.in_plane_mm <= 1.8
    assert 3 <= drawn.thickness_mm <= 8
    assert drawn.thickness_mm <= drawn.pitch_mm <= 1.2 * drawn.thickness_mm
    assert drawn.sub_slices == max(1, round(drawn.pitch_mm / 3))


def test_tiny_voxels_are_drawn_once_a_slice() -> None:
    assert draw_slices(TINY, "coronal_whole_body", 1, np.random.default_rng(0)) == Slices(1, 4.0, 8.0, 8.0, 1)


@pytest.mark.parametrize("seed", range(10))
def test_the_whole_body_lies_in_its_field(seed: int) -> None:
    low, high = whole_body_field(ScanSettings(), BODY, TRUNK, 0.0, np.random.default_rng(seed))
    assert (low <= BODY[0]).all()
    assert (high >= BODY[1]).all()


@pytest.mark.parametrize("narrowing", [0.1, 0.2, 0.6])
def test_a_narrow_field_leaves_out_arms_but_no_trunk(narrowing: float) -> None:
    low, high = whole_body_field(ScanSettings(), BODY, TRUNK, narrowing, np.random.default_rng(0))
    assert low[0] > BODY[0][0]
    assert high[0] < BODY[1][0]
    assert low[0] < TRUNK[0][0]
    assert high[0] > TRUNK[1][0]


def test_no_field_is_wider_than_the_scanner() -> None:
    low, high = whole_body_field(replace(ScanSettings(), widest_mm=350.0), BODY, TRUNK, 0.0, np.random.default_rng(0))
    assert high[0] - low[0] == 350


def test_a_spine_field_is_narrow_and_holds_the_spine() -> None:
    spine = np.array((-25.0, -80.0, 600.0)), np.array((25.0, -10.0, 1150.0))
    low, high = spine_field(BODY, spine, np.random.default_rng(0))
    assert 56 <= high[0] - low[0] <= 90
    assert low[1] < spine[0][1]
    assert spine[1][1] + 80 < high[1]
    assert (low[2], high[2]) < (spine[0][2], spine[1][2] + 100)


def test_a_region_gets_some_air() -> None:
    low, high = region_field(TRUNK, np.random.default_rng(0))
    assert (low < TRUNK[0]).all()
    assert (high > TRUNK[1]).all()


def test_fields_are_whole_voxels_around_what_is_wanted() -> None:
    slices, (low, high) = fitted(ScanSettings(), BODY, SLICES, np.random.default_rng(0))
    voxels = (np.array(high) - low) / slices.spacing_mm
    np.testing.assert_allclose(voxels, np.rint(voxels), atol=1e-6)
    assert (np.array(low) <= BODY[0] + 1e-9).all()
    assert (np.array(high) >= BODY[1] - 1e-9).all()


def test_large_fields_get_large_voxels() -> None:
    settings = replace(ScanSettings(), fine_voxels=4e6)
    slices, (low, high) = fitted(settings, BODY, SLICES, np.random.default_rng(0))
    voxels = np.prod((np.array(high) - low) / slices.spacing_mm) * slices.sub_slices
    assert slices.in_plane_mm > 1.3
    assert voxels == pytest.approx(4e6, rel=0.05)


def test_too_deep_a_body_loses_its_front() -> None:
    settings = replace(ScanSettings(), most_slices=(20, 20))
    _, (low, high) = fitted(settings, BODY, SLICES, np.random.default_rng(0))
    assert low[1] == BODY[0][1]
    assert high[1] == pytest.approx(BODY[0][1] + 20 * 5.5)
