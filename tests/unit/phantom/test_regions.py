"""Boxes of regions around the bones that they are named for."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.regions import region_bounds
from crmo_seg.phantom.scan.draw_artefacts import BRACES_REGION, BREATHING_REGION, UNEVEN_REGIONS
from crmo_seg.phantom.scan.settings import ScanSettings
from crmo_seg.phantom.solids.grid import bounds_of
from crmo_seg.phantom.solids.shapes import Bounds

Body = tuple[Landmarks, tuple[SolidBone, ...]]


@pytest.fixture(scope="module", params=[(1, 4.0), (2, 10.0), (3, 16.0)], ids=lambda pair: f"{pair[1]:g} years")
def body(request: pytest.FixtureRequest) -> Body:
    seed, age_years = request.param
    person = draw_person(np.random.default_rng(seed))
    marks = find_landmarks(child_at(person, age_years, np.random.default_rng(seed)))
    return marks, build_skeleton(marks)


def holds(outer: Bounds, inner: Bounds) -> bool:
    return bool((outer[0] <= inner[0] + 1e-6).all() and (outer[1] >= inner[1] - 1e-6).all())


def of_bone(skeleton: tuple[SolidBone, ...], name: str) -> Bounds:
    return bounds_of([shape for bone in skeleton if bone.full_name == name for shape in bone.shapes])


def test_every_region_that_scans_and_artefacts_ask_for_is_there(body: Body) -> None:
    names = set(region_bounds(*body))
    assert {*ScanSettings().regions, *UNEVEN_REGIONS, BREATHING_REGION, BRACES_REGION, "spine", "trunk"} <= names


def test_boxes_rise_and_are_of_a_size_that_a_region_has(body: Body) -> None:
    stature = body[0].unit_mm
    for name, (low, high) in region_bounds(*body).items():
        assert (high > low).all(), name
        assert (high - low).max() < 0.65 * stature, name
        assert (high - low).min() > 0.01 * stature, name


@pytest.mark.parametrize(
    ("region", "bones"),
    [
        ("spine", ("vertebra_C1", "vertebra_T6", "vertebra_L5", "sacrum")),
        ("pelvis", ("ilium_left", "ischium_right", "pubis_left", "sacrum")),
        ("chest", ("rib_1_left", "rib_12_right", "clavicle_left", "manubrium")),
        ("thighs", ("femur_left", "femur_right")),
        ("trunk", ("vertebra_T1", "rib_7_left", "ilium_right")),
        ("neck", ("vertebra_C1", "vertebra_C7")),
        ("jaw", ("mandible",)),
        ("hand_left", ("carpus_left", "metacarpals_left", "hand_phalanges_left")),
        ("foot_right", ("calcaneus_right", "talus_right", "foot_phalanges_right")),
        ("knee_left", ("patella_left",)),
    ],
)
def test_a_region_holds_its_bones(body: Body, region: str, bones: tuple[str, ...]) -> None:
    box = region_bounds(*body)[region]
    present = {bone.full_name for bone in body[1]}
    assert [name for name in bones if name in present and not holds(box, of_bone(body[1], name))] == []
    assert set(bones) & present


def test_joints_lie_in_the_middle_of_their_boxes_and_left_is_left(body: Body) -> None:
    marks, skeleton = body
    boxes = region_bounds(marks, skeleton)
    for side in Side:
        joints = marks.joints[side]
        for name, joint in (("knee", joints.knee), ("ankle", joints.ankle), ("shoulder", joints.shoulder)):
            low, high = boxes[f"{name}_{side.value}"]
            assert (low + high) / 2 == pytest.approx(joint)
            assert ((low + high)[0] > 0) == (side is Side.RIGHT)


@pytest.mark.parametrize("name", ["knee", "ankle"])
def test_both_sides_together(body: Body, name: str) -> None:
    boxes = region_bounds(*body)
    left, right, both = (boxes[key] for key in (f"{name}_left", f"{name}_right", f"{name}s"))
    assert holds(both, left)
    assert holds(both, right)
    assert both[0] == pytest.approx(np.minimum(left[0], right[0]))


def test_a_joint_of_an_arm_or_leg_is_not_cut(body: Body) -> None:
    """The ends of the bones that meet there, as far as the growth plates."""
    marks, skeleton = body
    boxes = region_bounds(marks, skeleton)
    for side in Side:
        for region, bone in (("knee", "femur"), ("knee", "tibia"), ("ankle", "tibia"), ("shoulder", "humerus")):
            low, high = boxes[f"{region}_{side.value}"]
            plates = next(one for one in skeleton if one.full_name == f"{bone}_{side.value}").growth_plates
            nearest = min(plates, key=lambda plate: float(np.linalg.norm(plate.centre - (low + high) / 2)))
            assert (nearest.centre - nearest.radius_mm > low).all(), (region, bone)
            assert (nearest.centre + nearest.radius_mm < high).all(), (region, bone)


def test_the_boxes_cannot_be_changed(body: Body) -> None:
    with pytest.raises(TypeError):
        region_bounds(*body)["spine"] = (np.zeros(3), np.ones(3))  # type: ignore[index]
