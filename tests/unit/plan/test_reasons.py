from __future__ import annotations

from plan_builders import LESION, hippocampus, make_fingerprint, spread

from crmo_seg.plan import Budget, planned

SMALL = Budget.of_size("small", 8)


def test_near_slices_and_a_patch_that_holds_the_whole_scan() -> None:
    reasons = planned(hippocampus(), SMALL, ("t1",), (LESION,)).reasons
    assert reasons["grid.in_plane_spacing_mm"] == "median of the 200 cases (all 1 mm)"
    assert reasons["grid.slice_spacing_range_mm"].startswith("slices are near (all 1 mm)")
    assert "100% of the median scan (35 x 36 x 50 voxels on this grid)" in reasons["patch"]
    assert "the coarsest features are 5 x 5 x 7" in reasons["network.strides"]


def test_far_slices_are_given_with_their_spread() -> None:
    cases = make_fingerprint((1.2, 6.0), (400.0, 900.0, 200.0), slices=spread(6.0, low=4.0, high=7.2), object_ml=None)
    reasons = planned(cases, Budget(8.0, 16), ("stir",), (LESION,)).reasons
    assert "percentiles 10 to 90 of the cases are 4 to 7.2 mm" in reasons["grid.slice_spacing_range_mm"]
    assert "of any number of GFLOP" in reasons["batch_size"]
