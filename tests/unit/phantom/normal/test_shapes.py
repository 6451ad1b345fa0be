from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.normal.shapes import named_part, part_site, patch_place, speckle_place
from crmo_seg.phantom.solids.shapes import Capsule, Drum, Ellipsoid, axes_along, vector


def foot_and_hand(age: float) -> tuple[Child, dict[str, SolidBone]]:
    child = child_at(replace(draw_person(np.random.default_rng(1)), maturity_years=0.0), age)
    return child, {bone.full_name: bone for bone in build_skeleton(find_landmarks(child))}


def test_small_bones_are_found_by_name_once_they_are_ossified() -> None:
    grown, adult = foot_and_hand(16.0)
    young, toddler = foot_and_hand(3.2)
    assert named_part(adult["carpus_left"], "scaphoid", grown) is adult["carpus_left"].shapes[0]
    assert named_part(toddler["carpus_left"], "scaphoid", young) is None
    capitate = named_part(toddler["carpus_left"], "capitate", young)
    assert capitate is not None
    assert len(toddler["carpus_left"].shapes) < len(adult["carpus_left"].shapes)


def test_rods_are_found_by_index() -> None:
    grown, adult = foot_and_hand(16.0)
    assert named_part(adult["metacarpals_left"], 8, grown) is adult["metacarpals_left"].shapes[8]
    assert named_part(adult["metacarpals_left"], 99, grown) is None


def test_a_lump_is_its_own_site() -> None:
    lump = Ellipsoid(vector(1, 2, 3), vector(4, 5, 6))
    site = part_site(lump)
    np.testing.assert_array_equal(site.centre, lump.centre)
    np.testing.assert_array_equal(site.radii, lump.radii)
    np.testing.assert_array_equal(site.axes, np.eye(3))


def test_the_site_of_a_rod_is_its_first_half() -> None:
    site = part_site(Capsule(vector(0, 0, 0), vector(0, 0, 20), 3.0, 2.0))
    reach = site.centre[2] - site.radii[2], site.centre[2] + site.radii[2]
    assert reach == pytest.approx((-3, 10))
    np.testing.assert_allclose(site.axes[2], [0, 0, 1])


def test_any_other_solid_has_its_box() -> None:
    site = part_site(Drum(vector(0, 0, 5), np.array([3.0, 4.0]), 2.0))
    np.testing.assert_allclose(site.radii, [3, 4, 2])
    np.testing.assert_allclose(site.centre, [0, 0, 5])


@given(seed=st.integers(0, 1000), extension=st.floats(0.05, 1.0))
def test_patches_and_specks_stay_in_their_site(seed: int, extension: float) -> None:
    rng = np.random.default_rng(seed)
    axes = axes_along(rng.standard_normal(3), vector(0.1, 0.9, 0.2))
    site = LesionSite("roof", None, rng.normal(0, 50, 3), rng.uniform(3, 20, 3), axes)
    for place in (patch_place(site, extension, rng), speckle_place(site, extension, rng)):
        offset = np.abs(axes @ (place.centre - site.centre))
        assert (offset + place.radii <= site.radii + 1e-6).all()
        assert place.region == "roof"
