from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.normal.marrow import MarrowPhenotype
from crmo_seg.phantom.normal.plan import plan_findings
from crmo_seg.phantom.normal.posed import posed
from crmo_seg.phantom.normal.settings import NormalSettings
from crmo_seg.phantom.solids.shapes import Capsule

PATIENT = MarrowPhenotype(speed=1.0, patchiness=0.2, side_lag=0.0, focality=2.0, symmetry=0.9, seed=5)


def lying() -> Landmarks:
    rng = np.random.default_rng(2)
    return find_landmarks(child_at(draw_person(rng), 10.0, rng))


def test_a_place_beside_the_knee_stays_beside_the_knee() -> None:
    marks = lying()
    straight, bent = marks.reference.joints[Side.LEFT].knee, marks.joints[Side.LEFT].knee
    offset = np.array([0.0, 12.0, 3.0])
    place = posed(LesionSite("recess", None, straight + offset, np.ones(3), np.eye(3)), marks, "shin", Side.LEFT)
    assert isinstance(place, LesionSite)
    assert np.linalg.norm(place.centre - bent) == pytest.approx(np.linalg.norm(offset), abs=1e-6)
    np.testing.assert_allclose(place.axes @ place.axes.T, np.eye(3), atol=1e-9)


def test_a_vein_keeps_its_length() -> None:
    marks = lying()
    rod = Capsule(np.array([80.0, 0.0, 900.0]), np.array([90.0, 5.0, 800.0]), 2.0, 1.5)
    moved = posed(rod, marks, "forearm", Side.RIGHT)
    assert isinstance(moved, Capsule)
    assert np.linalg.norm(moved.end - moved.start) == pytest.approx(float(np.linalg.norm(rod.end - rod.start)))


def test_the_trunk_stays() -> None:
    rod = Capsule(np.zeros(3), np.ones(3), 2.0, 1.5)
    moved = posed(rod, lying(), "trunk", Side.RIGHT)
    assert isinstance(moved, Capsule)
    np.testing.assert_array_equal(moved.end, rod.end)


def test_another_pose_moves_the_lasting_findings_but_does_not_change_them() -> None:
    person = draw_person(np.random.default_rng(3))
    plans = []
    for seed in (1, 2):
        marks = find_landmarks(child_at(person, 9.0, np.random.default_rng(seed)))
        rng, settings = np.random.default_rng(0), NormalSettings(kinds=("flame", "speckle", "vessel", "lymph_node"))
        plans.append(plan_findings(build_skeleton(marks), marks, PATIENT, rng, settings))
    assert [f.key for f in plans[0]] == [f.key for f in plans[1]]
    assert [f.strength for f in plans[0]] == [f.strength for f in plans[1]]
    flames = [(a, b) for a, b in zip(*plans, strict=True) if a.kind == "flame"]
    for one, other in flames:
        assert not isinstance(one.place, Capsule)
        assert not isinstance(other.place, Capsule)
        np.testing.assert_allclose(one.place.radii, other.place.radii, rtol=1e-9)


def test_more_of_everything_can_be_asked_for() -> None:
    marks = lying()
    usual, more = (
        plan_findings(build_skeleton(marks), marks, PATIENT, np.random.default_rng(0), settings)
        for settings in (NormalSettings(), replace(NormalSettings(), frequency=2.0))
    )
    assert {f.key for f in usual if f.kind != "lymph_node"} <= {f.key for f in more}
