from __future__ import annotations

import pytest
from plan_builders import hippocampus, make_fingerprint, spread, whole_body

from crmo_seg.plan import GridPlan, Overrides
from crmo_seg.plan.spacing import (
    ball_diameter_mm,
    coarsest_in_plane_mm,
    grid_plan,
    in_plane_candidates,
    is_anisotropic,
    usual_shape,
    usual_spacing_mm,
)

NONE = Overrides()


def test_isotropic_scans_keep_one_spacing() -> None:
    assert not is_anisotropic(hippocampus())
    assert grid_plan(hippocampus(), 1.0, NONE) == GridPlan(1.0, (1.0, 1.0))


def test_thick_slices_stay_native_within_a_quarter_of_the_data() -> None:
    cases = make_fingerprint((1.2, 6.0), (400.0, 900.0, 200.0), slices=spread(6.0, low=4.0, high=7.2))
    assert is_anisotropic(cases)
    assert grid_plan(cases, 1.2, NONE) == GridPlan(1.2, (3.2, 9.0))
    assert grid_plan(cases, 4.0, NONE) == GridPlan(4.0, (4.0, 9.0))  # never closer than pixels


def test_slices_become_coarser_with_the_pixels_of_an_isotropic_scan() -> None:
    assert grid_plan(hippocampus(), 1.5, NONE) == GridPlan(1.5, (1.5, 1.5))


def test_pixels_grow_to_a_third_of_a_small_lesion() -> None:
    assert ball_diameter_mm(4 / 3 * 3.14159265 * 5**3 / 1000) == pytest.approx(10)
    assert coarsest_in_plane_mm(whole_body()) == pytest.approx(7.256 / 3, rel=1e-3)
    steps = list(in_plane_candidates(whole_body(), NONE))
    assert steps[0] == 1.25
    assert steps == sorted(steps)
    assert 2.3 < steps[-1] <= 2.42


def test_pixels_do_not_grow_where_lesions_are_smaller_or_unknown() -> None:
    for object_ml in (0.001, None):
        cases = make_fingerprint((1.25, 6.0), (480.0, 1500.0, 216.0), object_ml=object_ml)
        assert list(in_plane_candidates(cases, NONE)) == [1.25]


def test_given_spacing_is_kept() -> None:
    given = Overrides(in_plane_spacing_mm=3.0, slice_spacing_range_mm=(2.0, 9.0))
    assert list(in_plane_candidates(whole_body(), given)) == [3.0]
    assert grid_plan(whole_body(), 3.0, given) == GridPlan(3.0, (2.0, 9.0))


def test_a_usual_scan_has_the_median_extent() -> None:
    grid = GridPlan(2.5, (4.0, 8.0))
    assert usual_spacing_mm(whole_body(), grid) == (2.5, 2.5, 6.0)
    assert usual_spacing_mm(whole_body(), GridPlan(2.5, (7.0, 8.0))) == (2.5, 2.5, 7.0)
    assert usual_shape(whole_body(), (2.5, 2.5, 6.0)) == (192, 600, 36)
    assert usual_shape(hippocampus(), (100.0, 100.0, 100.0)) == (1, 1, 1)
