from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.child import Child, Sex
from crmo_seg.phantom.body.joints import JOINTS, gap_mm, joint_spaces
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton, grown_skeleton


def child(age: float) -> Child:
    return child_at(replace(draw_person(np.random.default_rng(1)), sex=Sex.BOY, maturity_years=0.0), age)


def test_all_bones_exist_and_no_pair_comes_twice() -> None:
    pairs = [(joint.first, joint.second) for joint in JOINTS]
    assert len(set(pairs)) == len(pairs)
    assert all(bone_named(name).complete for pair in pairs for name in pair)


def test_the_triradiate_cartilage_closes() -> None:
    joint = next(joint for joint in JOINTS if (joint.first, joint.second) == ("ilium_left", "pubis_left"))
    widths = [gap_mm(joint, child(age)) for age in (8.0, 13.0, 16.0)]
    assert widths[0] > widths[1] > widths[2] == 0


def test_the_second_bone_gives_way() -> None:
    marks = find_landmarks(child(9.0))
    before = {bone.full_name: bone for bone in grown_skeleton(marks)}
    after = {bone.full_name: bone for bone in build_skeleton(marks)}
    assert len(after["femur_left"].holes) == len(before["femur_left"].holes)
    assert len(after["tibia_left"].holes) > len(before["tibia_left"].holes)


def test_the_spaces_are_between_the_bones() -> None:
    marks = find_landmarks(child(9.0))
    spaces = joint_spaces(build_skeleton(marks), marks.child)
    assert {tissue for tissue, _ in spaces} == {"cartilage", "growth_plate"}
    for _, shapes in spaces:
        for shape in shapes:
            low, high = shape.bounds()
            assert (high - low).max() < 120 or (low > high).any()


@pytest.mark.parametrize("age", [4.0, 16.0])
def test_gaps_are_wider_in_small_children(age: float) -> None:
    joint = next(joint for joint in JOINTS if joint.first == "femur_left" and joint.second == "tibia_left")
    of = child(age)
    assert gap_mm(joint, of) / of.height_mm == pytest.approx(joint.gap * (1.455 if age == 4 else 1.0), rel=0.02)
