"""Skeletons and small hand-made bones for the tests of the edema."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import GrowthPlate, LesionSite, SolidBone
from crmo_seg.phantom.solids.shapes import Capsule, vector


def skeleton_of(seed: int, age_years: float) -> tuple[SolidBone, ...]:
    child = draw_child(np.random.default_rng(seed), age_years=(age_years, age_years))
    return build_skeleton(find_landmarks(child))


@pytest.fixture(scope="session")
def skeletons() -> list[tuple[SolidBone, ...]]:
    return [skeleton_of(i, age) for i, age in enumerate((4.0, 7.0, 10.0, 13.0, 16.0))]


@pytest.fixture(scope="session")
def skeleton(skeletons: list[tuple[SolidBone, ...]]) -> tuple[SolidBone, ...]:
    return skeletons[2]


@pytest.fixture(scope="session")
def rod() -> SolidBone:
    """A femur made simple: a rod of 20 mm radius along z with a growth plate at z = 0 and the joint above it."""
    plate = GrowthPlate(vector(0, 0, 0), vector(0, 0, 1), 20.0)
    axes = np.eye(3)
    sites = (
        LesionSite("distal metaphysis", Segment.METAPHYSIS, vector(0, 0, -21.5), vector(16, 16, 20), axes),
        LesionSite("distal epiphysis", Segment.EPIPHYSIS, vector(0, 0, 11.5), vector(16, 16, 10), axes),
    )
    shaft = Capsule(vector(0, 0, -100), vector(0, 0, 10), 20.0, 20.0)
    return SolidBone("femur_left", (shaft,), 1.0, growth_plates=(plate,), sites=sites)
