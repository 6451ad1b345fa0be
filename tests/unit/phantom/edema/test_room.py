from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.body.child import Child, draw_child
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone, ball_site
from crmo_seg.phantom.edema.room import marrow_depth_mm, marrow_ml, ossified_room, plate_of
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import Ellipsoid, vector


def ball(radius_mm: float, cortex_mm: float, ripple: Ripple | None = None) -> SolidBone:
    shape = Ellipsoid(vector(5, 6, 7), np.full(3, radius_mm))
    return SolidBone("talus_left", (shape,), cortex_mm, ripple=ripple)


def test_depth_below_the_cortex_of_a_ball() -> None:
    points = np.array([[5.0, 6.0, 7.0], [5.0, 6.0, 15.0], [5.0, 6.0, 30.0]])
    assert marrow_depth_mm(ball(10.0, 1.5), points) == pytest.approx([8.5, 0.5, -14.5], abs=1e-4)


def test_holes_and_ripples_count() -> None:
    hollow = SolidBone("skull", ball(10.0, 1.0).shapes, 1.0, holes=(Ellipsoid(vector(5, 6, 7), np.full(3, 4.0)),))
    assert marrow_depth_mm(hollow, np.array([[5.0, 6.0, 7.0]]))[0] < 0
    rough = ball(10.0, 1.5, Ripple(vector(1, 2, 3), np.full((2, 3), 0.2), np.zeros((2, 3)), np.array([0.7, 0.4])))
    axes = (np.float32([[[5]], [[8]]]), np.float32([[[6]]]), np.float32([[[9]]]))
    assert rough.ripple is not None
    expected = -rough.shapes[0].distance(*axes) - rough.ripple.at(*axes) - 1.5
    points = np.array([[5.0, 6.0, 9.0], [8.0, 6.0, 9.0]])
    assert marrow_depth_mm(rough, points) == pytest.approx(expected.ravel(), abs=1e-4)


def test_the_marrow_of_a_ball_is_a_ball() -> None:
    site = ball_site(vector(5, 6, 7), 20.0)
    assert marrow_ml(ball(12.0, 2.0), site) == pytest.approx(4.189, rel=0.1)


def test_a_metaphysis_ends_at_the_growth_plate(rod: SolidBone) -> None:
    assert plate_of(rod, rod.sites[0]) is rod.growth_plates[0]
    beyond = LesionSite("distal metaphysis", Segment.METAPHYSIS, vector(0, 0, -5), np.full(3, 10.0), np.eye(3))
    shallow = marrow_ml(rod, beyond)
    cap = np.pi * 6.5**2 * (30 - 6.5) / 3 / 1000  # of the ball, beyond z = -1.5
    assert shallow == pytest.approx(4.189 - cap, rel=0.06)


def test_shafts_and_irregular_bones_adjoin_no_plate(rod: SolidBone) -> None:
    assert plate_of(rod, ball_site(vector(0, 0, 0), 5.0)) is None
    assert plate_of(ball(10.0, 1.0), ball_site(vector(0, 0, 0), 5.0)) is None


def child_of(age_years: float) -> Child:
    return draw_child(np.random.default_rng(0), age_years=(age_years, age_years))


def test_cartilage_of_the_young_is_no_room(skeletons: list[tuple[SolidBone, ...]]) -> None:
    femur = next(bone for bone in skeletons[0] if bone.full_name == "femur_left")
    metaphysis, epiphysis = (
        next(site for site in femur.sites if site.region == region)
        for region in ("distal metaphysis", "distal epiphysis")
    )
    young, old = ossified_room(child_of(4.0)), ossified_room(child_of(17.0))
    assert young(femur, epiphysis) < 0.95 * old(femur, epiphysis)
    assert old(femur, epiphysis) == pytest.approx(marrow_ml(femur, epiphysis))
    assert young(femur, metaphysis) == pytest.approx(marrow_ml(femur, metaphysis))
