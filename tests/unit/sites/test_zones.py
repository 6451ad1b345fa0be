"""Borders between regions of the spine."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.sites.classes import class_value
from crmo_seg.sites.spine import SPINE_CLASSES
from crmo_seg.sites.zones import find_zones

LUMBAR, THORACIC, CERVICAL = (class_value(name) for name in SPINE_CLASSES)


def voxels(*regions: tuple[int, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Heights, four to the millimetre, and classes."""
    heights = [np.arange(low, high, 0.25) for _, low, high in regions]
    values = [np.full(len(one), value) for one, (value, _, _) in zip(heights, regions, strict=True)]
    return np.concatenate(heights), np.concatenate(values).astype(np.uint8)


SPINE = ((LUMBAR, 0.0, 100.0), (THORACIC, 105.0, 300.0), (CERVICAL, 303.0, 380.0))


def test_borders_lie_between_the_regions() -> None:
    zones = find_zones(*voxels(*SPINE))
    assert 99 <= zones.borders_mm[0] <= 106
    assert 299 <= zones.borders_mm[1] <= 304
    assert zones.doubtful == (False, False)


def test_mistakes_far_from_a_border_do_not_move_it() -> None:
    heights, values = voxels(*SPINE)
    zones = find_zones(heights, values)
    values[(heights > 200) & (heights < 215)] = LUMBAR
    values[(heights > 30) & (heights < 50)] = CERVICAL
    assert find_zones(heights, values).borders_mm == zones.borders_mm
    settled = zones.settle(heights, values)
    np.testing.assert_array_equal(settled, zones.of(heights))


def test_voxels_near_a_border_keep_their_class() -> None:
    heights, values = voxels(*SPINE)
    zones = find_zones(heights, values)
    hanging = (heights > 90) & (heights < 95)
    values[hanging] = THORACIC
    assert (zones.settle(heights, values)[hanging] == THORACIC).all()


def test_a_border_that_the_voxels_do_not_agree_with_is_doubtful() -> None:
    heights, values = voxels(*SPINE)
    near = (heights > 85) & (heights < 125)
    values[near] = np.random.default_rng(0).choice([LUMBAR, THORACIC], near.sum())
    assert find_zones(heights, values).doubtful == (True, False)


def test_one_region_alone_is_all_of_the_picture() -> None:
    heights, values = voxels((THORACIC, 10.0, 80.0))
    zones = find_zones(heights, values)
    np.testing.assert_array_equal(zones.of(heights), values)
    assert zones.doubtful == (False, False)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from((LUMBAR, THORACIC, CERVICAL)), min_size=1, max_size=14))
def test_no_other_borders_leave_fewer_voxels_on_the_wrong_side(classes: list[int]) -> None:
    values = np.array(classes, dtype=np.uint8)
    heights = np.arange(len(classes), dtype=np.float64)
    wrong = int((find_zones(heights, values).of(heights) != values).sum())
    tried = (
        np.array([LUMBAR] * low + [THORACIC] * (high - low) + [CERVICAL] * (len(classes) - high))
        for low in range(len(classes) + 1)
        for high in range(low, len(classes) + 1)
    )
    assert wrong == min(int((one != values).sum()) for one in tried)
