"""Whole comparisons of stick children: what was done to the lesions is what is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from followup_builders import StickChild

from crmo_seg.anatomy import bone_named
from crmo_seg.errors import InputError
from crmo_seg.lesions import find_lesions
from crmo_seg.longitudinal.align import align_visits
from crmo_seg.longitudinal.change import Change
from crmo_seg.longitudinal.comparison import Comparison, VisitMasks, compare_visits
from crmo_seg.longitudinal.identity import VisitFacts, fact_flags, picture_flags
from crmo_seg.longitudinal.site_changes import site_changes

KNEE = ("femur_left", (-70.0, 0.0, -225.0), 14.0)
HIP = ("femur_left", (-70.0, 0.0, -60.0), 12.0)
OTHER_KNEE = ("femur_right", (70.0, 0.0, -225.0), 12.0)
SACRUM = ("sacrum", (0.0, -20.0, 30.0), 11.0)
BEFORE = StickChild(lesions=(KNEE, HIP, SACRUM))
NOW = StickChild(
    growth=1.08, leg_degrees=12.0, shift_mm=(9.0, -4.0, 12.0), spacing_mm=(3.0, 8.0, 3.0), lowest_mm=-340.0,
    lesions=(("femur_left", KNEE[1], 19.0), SACRUM, OTHER_KNEE),
)  # fmt: skip


def classes(comparison: Comparison) -> dict[tuple[str | None, str], Change]:
    """By bone and whether the lesion lies in the upper half of the picture."""
    found = {}
    for change in comparison.changes:
        lesion = (change.now or change.before)[0].lesion
        side = lesion.site.side.value if lesion.site.side else ""
        found[lesion.site.bone, side + ("+" if lesion.centroid_ras_mm[2] > -120 else "-")] = change.change
    return found


@pytest.fixture(scope="module")
def followed() -> Comparison:
    return compare_visits(BEFORE.masks(), NOW.masks())


def test_the_changes_made_are_the_changes_found(followed: Comparison) -> None:
    assert classes(followed) == {
        ("femur", "left-"): Change.GROWN,
        ("femur", "left+"): Change.RESOLVED,
        ("femur", "right-"): Change.NEW,
        ("sacrum", "+"): Change.STABLE,
    }
    assert followed.alignment.scale == pytest.approx(1.08, abs=0.02)


def test_sites_add_up(followed: Comparison) -> None:
    sites = {(site.bone, site.side and site.side.value): site for site in site_changes(followed.changes)}
    left = sites["femur", "left"]
    assert (left.lesions_before, left.lesions_now) == (2, 1)
    assert dict(left.counts) == {Change.GROWN: 1, Change.RESOLVED: 1}
    assert left.signal_before == pytest.approx(4.0)
    assert sum(site.volume_now_ml for site in sites.values()) == pytest.approx(
        NOW.masks().lesion_map.total_volume_ml, rel=1e-6
    )


def test_out_of_the_picture_is_not_resolved() -> None:
    now = replace(BEFORE, lesions=(SACRUM,), lowest_mm=-160.0)
    found = classes(compare_visits(BEFORE.masks(), now.masks()))
    assert found["femur", "left-"] is Change.NOT_IN_VIEW
    assert found["femur", "left+"] is Change.RESOLVED
    back = classes(compare_visits(now.masks(), BEFORE.masks()))
    assert back["femur", "left-"] is Change.NOT_IN_VIEW
    assert back["femur", "left+"] is Change.NEW


def test_a_bone_that_is_not_marked_makes_no_change() -> None:
    now = replace(BEFORE, lesions=(SACRUM,), without=frozenset({"femur_left"}))
    comparison = compare_visits(BEFORE.masks(), now.masks())
    assert classes(comparison)["femur", "left-"] is Change.UNCERTAIN
    assert classes(comparison)["sacrum", "+"] is Change.STABLE


def test_a_registration_that_fails_is_flagged_and_invents_nothing() -> None:
    now = replace(BEFORE, lesions=(SACRUM,)).masks()
    assert now.bones is not None
    wrong = now.bones.array.copy()
    label = wrong[27, 10, 30]
    assert label > 0  # the left femur
    wrong[wrong == label] = 0
    wrong[10:20, 3:18, 20:30] = label
    comparison = compare_visits(BEFORE.masks(), VisitMasks(now.lesion_map, now.bones.with_array(wrong)))
    femur = {change for (bone, _), change in classes(comparison).items() if bone == "femur"}
    assert not femur & {Change.RESOLVED, Change.NEW}
    codes = {flag.code: flag for flag in picture_flags(comparison.alignment, comparison.changes, 1.0)}
    assert codes["poor_alignment"].value == ("femur_left",)


def test_growth_that_no_child_has_is_flagged(followed: Comparison) -> None:
    def codes(years: float | None) -> set[str]:
        return {flag.code for flag in picture_flags(followed.alignment, followed.changes, years)}

    assert codes(0.1) == {"too_much_growth"}
    assert codes(1.0) == codes(None) == set()
    bones, smaller = StickChild().masks().bones, StickChild(growth=0.88).masks().bones
    assert bones is not None
    assert smaller is not None
    shrunken = picture_flags(align_visits(bones, smaller, [bone_named("femur_left").label]), (), 1.0)
    assert [flag.code for flag in shrunken] == ["shrunken_bones"]


def test_flags_of_the_papers() -> None:
    def codes(before: VisitFacts, now: VisitFacts) -> list[str]:
        return [flag.code for flag in fact_flags(before, now)]

    one = VisitFacts("p", "2024-01-01", "m", "i")
    assert codes(one, VisitFacts("p", "2025-01-01", "m", "j")) == []
    assert codes(one, VisitFacts(None, "2024-01-01", "m", "i")) == ["unknown_patient", "same_input", "same_date"]
    assert codes(one, VisitFacts("q", None, "n", "j")) == ["other_patient_key", "unknown_interval", "other_model"]


def test_without_bones_only_one_grid_will_do() -> None:
    mask = np.zeros((20, 20, 20), dtype=np.bool_)
    mask[5:9, 5:9, 5:9] = True
    before = VisitMasks(find_lesions(make_volume(mask, (2.0, 2.0, 2.0))), None)
    comparison = compare_visits(before, before)
    assert [change.change for change in comparison.changes] == [Change.STABLE]
    assert [flag.code for flag in picture_flags(comparison.alignment, comparison.changes, None)] == [
        "taken_as_registered"
    ]
    other = VisitMasks(find_lesions(make_volume(mask, (2.0, 2.0, 2.5))), None)
    with pytest.raises(InputError, match="have no marks of bones to be aligned by, and lie on two grids; predict both"):
        compare_visits(before, other)


def test_no_lesion_at_either_visit() -> None:
    healthy = StickChild().masks()
    assert compare_visits(healthy, healthy).changes == ()
