from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import BONES_TABLE, Side, bone_named
from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.plain.edema import SITE_WEIGHTS
from crmo_seg.phantom.solids.grid import bounds_of

COMPLETE = {bone.full_name for bone in BONES_TABLE if bone.complete}


def landmarks(age: float, seed: int = 0) -> Landmarks:
    return find_landmarks(draw_child(np.random.default_rng(seed), age_years=(age, age)))


@pytest.mark.parametrize("age", [3.0, 10.0, 17.0])
def test_each_bone_of_the_table_once(age: float) -> None:
    names = [bone.full_name for bone in build_skeleton(landmarks(age))]
    assert sorted(names) == sorted(COMPLETE)


def test_paired_bones_lie_on_their_side() -> None:
    for solid in build_skeleton(landmarks(9.0)):
        side = bone_named(solid.full_name).side
        low, high = bounds_of(solid.shapes)
        middle = (low[0] + high[0]) / 2
        if side is not None:
            assert np.sign(middle) == (1 if side is Side.RIGHT else -1), solid.full_name
        else:
            assert abs(middle) < 8, solid.full_name


def test_the_regions_of_all_sites_have_a_frequency() -> None:
    used = set()
    for solid in build_skeleton(landmarks(9.0)):
        name = bone_named(solid.full_name).name
        kind = name.split("_")[0] if name.startswith(("vertebra_", "rib_")) else name
        used |= {(kind, site.region) for site in solid.sites}
    assert used == set(SITE_WEIGHTS)


def test_the_centres_of_the_sites_lie_in_their_bones() -> None:
    for solid in build_skeleton(landmarks(9.0)):
        for site in solid.sites:
            point = [np.float32(c).reshape(1, 1, 1) for c in site.centre]
            assert min(shape.distance(*point).item() for shape in solid.shapes) < 0, (solid.full_name, site.region)


def test_metaphyses_lie_on_the_side_of_the_shaft() -> None:
    femur = next(bone for bone in build_skeleton(landmarks(9.0)) if bone.full_name == "femur_left")
    heights = {site.region: site.centre[2] for site in femur.sites}
    distal = femur.growth_plates[1].centre[2]
    assert heights["distal epiphysis"] < distal < heights["distal metaphysis"] < heights["diaphysis"]
