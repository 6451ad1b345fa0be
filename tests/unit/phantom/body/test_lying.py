from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.landmarks import LimbJoints, find_landmarks
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.pose import STRETCHED, ArmPose, LegPose, Pose


def child(seed: int = 0, age: float = 9.0) -> Child:
    return child_at(draw_person(np.random.default_rng(seed)), age)


def lengths(joints: LimbJoints) -> list[float]:
    pairs = ((joints.shoulder, joints.elbow), (joints.hip, joints.knee), (joints.knee, joints.ankle))
    return [float(np.linalg.norm(a - b)) for a, b in pairs]


def test_the_reference_pose_moves_nothing() -> None:
    straight, posed = find_landmarks(child()), find_landmarks(replace(child(), pose=STRETCHED))
    for side in Side:
        for name in ("elbow", "wrist", "knee", "ankle", "foot"):
            assert getattr(posed.joints[side], name) == pytest.approx(getattr(straight.joints[side], name))


@pytest.mark.parametrize("seed", range(8))
def test_a_pose_moves_joints_but_keeps_lengths(seed: int) -> None:
    straight = child(seed)
    posed = child_at(draw_person(np.random.default_rng(seed)), 9.0, np.random.default_rng(seed))
    for side in Side:
        before, after = find_landmarks(straight).joints[side], find_landmarks(posed).joints[side]
        assert lengths(after) == pytest.approx(lengths(before))
        assert np.linalg.norm(after.ankle - before.ankle) > 1
        assert after.foot @ after.foot.T == pytest.approx(np.eye(3))


def test_signs_of_the_angles_are_the_same_on_both_sides() -> None:
    arms = dict.fromkeys(Side, ArmPose(lift=15, elbow=60, twist=70))
    legs = dict.fromkeys(Side, LegPose(spread=10, hip=10, knee=20, twist=20))
    straight, posed = find_landmarks(child()), find_landmarks(replace(child(), pose=Pose(arms, legs)))
    for side in Side:
        before, after, outward = straight.joints[side], posed.joints[side], straight.joints[side].outward
        assert outward * (after.elbow - before.elbow)[0] > 0
        assert outward * (after.wrist - after.elbow)[0] < 0
        assert (after.wrist - after.elbow)[1] > 0
        assert outward * (after.ankle - before.ankle)[0] > 0
        assert (after.knee - before.knee)[1] > 0 > (after.ankle - after.knee)[1]
        assert outward * (after.foot[2] - before.foot[2])[0] > 0


def test_the_head_turns_to_the_right_and_nods() -> None:
    pose = Pose(head_turn=20, head_nod=10)
    motion = find_landmarks(replace(child(), pose=pose)).motion("head")
    ahead = motion.direction(np.array([0.0, 1.0, 0.0]))
    assert ahead[0] > 0.3
    assert ahead[2] < -0.1


def test_poses_are_varied_and_within_limits() -> None:
    person = draw_person(np.random.default_rng(2))
    poses = [child_at(person, 9.0, np.random.default_rng(i)).pose for i in range(40)]
    arms = [pose.arms[side] for pose in poses if pose for side in Side]
    assert max(arm.elbow for arm in arms) > 60
    assert all(-8 < arm.lift < 32 for arm in arms)
    assert sum(arm.elbow < 30 for arm in arms) > 30
    knees = [pose.legs[side].knee for pose in poses if pose for side in Side]
    assert max(knees) > 12
    assert min(knees) < 5
