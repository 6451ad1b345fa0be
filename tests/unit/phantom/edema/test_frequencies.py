from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.edema.frequencies import (
    MIXED,
    PATTERNS,
    count_at,
    part_of,
    pattern_at,
)
from crmo_seg.phantom.edema.literature import CLAVICLE, CLAVICLE_AND_TIBIA, SITES_RANGE, TIBIA


def test_shares_of_the_patterns_are_those_of_the_bones() -> None:
    total = sum(pattern.share for pattern in PATTERNS)
    tibia, clavicle, both = (
        sum(p.share for p in PATTERNS if chosen(p)) / total
        for chosen in (lambda p: p.tibia, lambda p: p.clavicle, lambda p: p.tibia and p.clavicle)
    )
    assert (tibia, clavicle, both) == pytest.approx((TIBIA.value, CLAVICLE.value, CLAVICLE_AND_TIBIA.value), abs=0.01)


def test_patterns_have_their_share_of_the_chances() -> None:
    drawn = [pattern_at(chance) for chance in (np.arange(2000) + 0.5) / 2000]
    total = sum(pattern.share for pattern in PATTERNS)
    for pattern in PATTERNS:
        assert drawn.count(pattern) / 2000 == pytest.approx(pattern.share / total, abs=0.002)
    assert (pattern_at(0.0), pattern_at(1.0)) == (PATTERNS[0], PATTERNS[-1])


def test_counts_stay_in_the_published_range() -> None:
    counts = [count_at(MIXED, chance) for chance in (np.arange(2000) + 0.5) / 2000]
    assert min(counts) == 2  # a tibia and a clavicle
    assert max(counts) == SITES_RANGE[1]
    assert np.median(counts) == pytest.approx(MIXED.sites_median, abs=0.6)
    assert (np.diff(counts) >= 0).all()


@pytest.mark.parametrize(
    ("bone", "part"),
    [("vertebra_T5", "spine"), ("rib_3_left", "thorax"), ("sacrum", "pelvis"), ("femur_right", "thigh")],
)
def test_parts(bone: str, part: str) -> None:
    assert part_of(bone_named(bone)) == part
