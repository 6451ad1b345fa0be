from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.phantom.body.child import Variation
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import grown_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.solids.shapes import Capsule


def marks(age: float = 9.0, seed: int = 7, strength: float = 1.0) -> Landmarks:
    child = child_at(draw_person(np.random.default_rng(0)), age)
    return find_landmarks(replace(child, variation=Variation(seed, strength)))


def bones(marks: Landmarks) -> dict[str, SolidBone]:
    return {bone.full_name: bone for bone in grown_skeleton(marks)}


def shaft_radius(bone: SolidBone) -> float:
    rods = [shape for shape in bone.shapes if isinstance(shape, Capsule)]
    return min(min(rod.radius_start, rod.radius_end) for rod in rods)


def test_strength_0_gives_the_mean_shapes() -> None:
    mean, none = bones(marks(strength=0.0)), bones(find_landmarks(replace(marks().child, variation=None)))
    del mean["skull"]  # has a mouth only for a person
    for name, bone in mean.items():
        for shape, other in zip(bone.shapes, none[name].shapes, strict=True):
            assert np.array(shape.bounds()) == pytest.approx(np.array(other.bounds()))


def test_the_same_bones_at_each_visit() -> None:
    young, old = bones(marks(6.0)), bones(marks(6.5))
    mean_young, mean_old = bones(marks(6.0, strength=0)), bones(marks(6.5, strength=0))
    for name in ("femur_left", "rib_5_right", "vertebra_T8", "ilium_left"):
        change = np.array(young[name].shapes[0].bounds()) - np.array(mean_young[name].shapes[0].bounds())
        later = np.array(old[name].shapes[0].bounds()) - np.array(mean_old[name].shapes[0].bounds())
        assert later == pytest.approx(change, rel=0.25, abs=0.3)
        assert young[name].ripple is not None


def test_thickness_differs_between_people_more_than_between_sides() -> None:
    left, right = (
        np.log([shaft_radius(bones(marks(seed=i))[f"femur_{side}"]) for i in range(25)]) for side in ("left", "right")
    )
    assert 0.05 < left.std() < 0.15
    assert np.corrcoef(left, right)[0, 1] > 0.6
    assert (left != right).all()


def test_hips_stay_in_their_sockets() -> None:
    for seed in range(10):
        joints = marks(seed=seed)
        head = bones(joints)["femur_left"].shapes[0]
        low, high = head.bounds()
        shift = (low + high) / 2 - joints.joints[next(s for s in joints.joints if s.value == "left")].hip
        assert np.abs(shift).max() < 1.0


def test_the_surface_is_uneven_but_not_torn() -> None:
    for bone in bones(marks()).values():
        assert bone.ripple is not None
        assert 0 < bone.ripple.reach_mm <= 1.6 + 1e-9
