from __future__ import annotations

import numpy as np

from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.normal.ends import bone_ends

BONES = {
    bone.full_name: bone
    for bone in build_skeleton(find_landmarks(draw_child(np.random.default_rng(0), age_years=(9, 9))))
}


def test_the_upper_plate_of_the_femur_is_the_proximal_one() -> None:
    ends = {end.name: end.plate for end in bone_ends(BONES["femur_right"])}
    assert set(ends) == {"proximal", "distal"}
    assert ends["proximal"].centre[2] > ends["distal"].centre[2]


def test_the_clavicle_ends_at_the_sternum() -> None:
    (end,) = bone_ends(BONES["clavicle_left"])
    assert end.name == "medial"


def test_a_vertebra_has_no_ends() -> None:
    assert bone_ends(BONES["vertebra_L1"]) == ()
