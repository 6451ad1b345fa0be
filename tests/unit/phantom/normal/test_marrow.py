from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.phantom.body.child import Child, draw_child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.normal.conversion import conversion_of
from crmo_seg.phantom.normal.marrow import MarrowPhenotype, draw_phenotype, redness

AVERAGE = MarrowPhenotype(speed=1.0, patchiness=0.0, side_lag=0.0, focality=1.0, symmetry=0.9, seed=1)


def child_of(age: float) -> Child:
    return draw_child(np.random.default_rng(0), age_years=(age, age))


def bones_of(child: Child) -> dict[str, SolidBone]:
    return {bone.full_name: bone for bone in build_skeleton(find_landmarks(child))}


def red_at(name: str, region: str, age: float, phenotype: MarrowPhenotype = AVERAGE) -> float:
    child = child_of(age)
    bone = bones_of(child)[name]
    site = next(site for site in bone.sites if site.region == region)
    x, y, z = (np.full((1, 1, 1), c, dtype=np.float32) for c in site.centre)
    return redness(bone, child, phenotype, (x, y, z), np.zeros((1, 1, 1), np.float32)).item()


def test_a_femur_converts_epiphysis_first_proximal_metaphysis_last() -> None:
    order = ("distal epiphysis", "diaphysis", "distal metaphysis", "proximal metaphysis")
    shares = [red_at("femur_left", region, 7.0) for region in order]
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[-1] > 0.7


@pytest.mark.parametrize("region", ["diaphysis", "distal metaphysis", "proximal metaphysis"])
def test_red_marrow_only_recedes_with_age(region: str) -> None:
    shares = [red_at("femur_right", region, age) for age in (3.0, 7.0, 11.0, 15.0)]
    assert shares == sorted(shares, reverse=True)


def test_the_ages_of_the_femur_are_those_of_the_source() -> None:
    assert red_at("femur_right", "diaphysis", 10.0) < 0.2  # Moore 1990: converts at 1 to 10 years
    assert red_at("femur_right", "distal metaphysis", 9.0) > 0.5  # at 10 to 20 years


def test_feet_before_legs_before_spine() -> None:
    foot, leg = red_at("calcaneus_left", "body", 6.0), red_at("tibia_left", "proximal metaphysis", 6.0)
    assert foot < leg < red_at("vertebra_L3", "body", 6.0)


def test_half_of_the_marrow_is_fat_at_the_half_conversion_age() -> None:
    assert red_at("mandible", "body", conversion_of("mandible").shaft) == pytest.approx(0.5)


def test_a_fast_patient_is_ahead() -> None:
    assert red_at("femur_left", "diaphysis", 5.0, replace(AVERAGE, speed=1.4)) < red_at("femur_left", "diaphysis", 5.0)


def test_patchiness_follows_the_texture() -> None:
    child = child_of(9.0)
    bone = bones_of(child)["mandible"]
    axes = tuple(np.zeros(shape, np.float32) for shape in ((2, 1, 1), (1, 1, 1), (1, 1, 1)))
    texture = np.float32([-1.0, 1.0]).reshape(2, 1, 1)
    low, high = redness(bone, child, replace(AVERAGE, patchiness=0.2), axes, texture).ravel()
    assert (low, high) == pytest.approx((0.5 - 0.16, 0.5 + 0.16), abs=1e-3)  # steepness 0.8 times 0.2


@given(seed=st.integers(0, 10_000), age=st.floats(3, 17))
def test_a_share_everywhere_and_float32(seed: int, age: float) -> None:
    rng = np.random.default_rng(seed)
    child = child_of(age)
    bone = bones_of(child)["tibia_left"]
    low = bone.sites[0].centre - 40
    x, y, z = (np.linspace(c, c + 80, n, dtype=np.float32) for c, n in zip(low, (4, 5, 6), strict=True))
    points = x[:, None, None], y[None, :, None], z[None, None, :]
    share = redness(bone, child, draw_phenotype(rng), points, rng.standard_normal((4, 5, 6)).astype(np.float32))
    assert share.shape == (4, 5, 6)
    assert share.dtype == np.float32
    assert share.min() >= 0
    assert share.max() <= 1


def test_phenotypes_vary_around_one() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_phenotype(rng) for _ in range(2000)]
    assert np.mean([p.focality for p in drawn]) == pytest.approx(1, abs=0.06)
    assert np.median([p.speed for p in drawn]) == pytest.approx(1, abs=0.02)
    assert len({p.seed for p in drawn}) == len(drawn)
