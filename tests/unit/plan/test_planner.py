"""Whole plans: against nnU-Net's and cases worked out by hand, and for any sensible data."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_builders import LESION, head_fingerprint, hippocampus, make_fingerprint, spread, whole_body

from crmo_seg.errors import InputError
from crmo_seg.plan import Budget, Fingerprint, Head, Overrides, Planned, memory_gb, planned, step_gflop

SMALL = Budget.of_size("small", 8)
LARGE = Budget.of_size("large", 8)
PARTS = (Head("hippocampus", ("anterior", "posterior")),)


def plan_of(
    cases: Fingerprint, budget: Budget = SMALL, overrides: Overrides | None = None, heads: tuple[Head, ...] = (LESION,)
) -> Planned:
    return planned(cases, budget, ("stir",), heads, overrides)


def test_hippocampus_is_planned_as_nnunet_does() -> None:
    """Its published plan: patch 40 x 56 x 40, features 32 to 256 on 4 stages; a batch is 5 % of the data."""
    chosen = plan_of(hippocampus(), LARGE, heads=PARTS)
    assert sorted(chosen.plan.patch) == [40, 40, 56]
    assert chosen.plan.network.channels == (32, 64, 128, 256)
    assert chosen.batch_size == 7
    assert chosen.plan.grid.in_plane_spacing_mm == 1.0
    assert chosen.plan.grid.slice_spacing_range_mm == (1.0, 1.0)


def test_on_a_cpu_the_batch_is_bounded_by_arithmetic() -> None:
    chosen = plan_of(hippocampus(), heads=PARTS)
    assert chosen.plan.patch == plan_of(hippocampus(), LARGE, heads=PARTS).plan.patch
    assert chosen.batch_size == 6
    assert step_gflop(chosen.plan, 6) <= 200 < step_gflop(chosen.plan, 7)


def test_whole_bodies_get_flat_kernels_and_a_field_of_view_as_long_in_each_direction() -> None:
    chosen = plan_of(whole_body())
    grid, network = chosen.plan.grid, chosen.plan.network
    assert 2 < grid.in_plane_spacing_mm <= 2.42  # a patch of the native spacing covers 2 % of the body
    assert grid.slice_spacing_range_mm == (4.8, 7.5)
    assert network.kernels[0] == (3, 3, 1)
    assert network.strides[1] == (2, 2, 1)
    assert set(network.kernels[1:]) == {(3, 3, 3)}
    x, y, z = (side * mm for side, mm in zip(chosen.plan.patch, (*[grid.in_plane_spacing_mm] * 2, 6.0), strict=True))
    assert max(x, y, z) < 1.5 * min(x, y, z)
    assert chosen.batch_size == 2


def test_whole_bodies_keep_their_pixels_where_memory_is_large() -> None:
    chosen = plan_of(whole_body(), Budget(80.0, 32))
    assert chosen.plan.grid.in_plane_spacing_mm == 1.25
    assert chosen.plan.patch[2] * 6.0 >= 216


def test_tiny_volumes_are_padded_to_a_network_of_two_stages() -> None:
    chosen = plan_of(make_fingerprint((1.0, 1.0), (3.0, 5.0, 2.0), cases=30))
    assert chosen.plan.patch == (8, 8, 2)
    assert chosen.plan.network.strides == ((1, 1, 1), (2, 2, 1))


def test_one_flat_slice_can_be_planned() -> None:
    chosen = plan_of(make_fingerprint((1.0, 5.0), (100.0, 100.0, 5.0)))
    assert chosen.plan.patch[2] == 1
    assert len(chosen.plan.network.strides) >= 4


def test_pixels_larger_than_any_scan_are_refused() -> None:
    with pytest.raises(InputError, match="spacing 30.0 mm.*at most 20 mm in plane"):
        plan_of(make_fingerprint((30.0, 30.0), (900.0, 900.0, 900.0)))


def test_one_case_gets_two_patches_a_step() -> None:
    assert plan_of(make_fingerprint((1.0, 1.0), (35.0, 36.0, 50.0), cases=1)).batch_size == 2


def test_huge_volumes_under_a_small_budget_shrink_to_it() -> None:
    huge = make_fingerprint((0.2, 0.2), (400.0, 400.0, 400.0))
    for memory_gb_limit in (0.6, 1.0):
        chosen = plan_of(huge, Budget(memory_gb_limit, 8))
        assert 0.8 * memory_gb_limit < memory_gb(chosen.plan, chosen.batch_size) <= memory_gb_limit


def test_a_budget_that_holds_nothing_says_how_much_is_needed() -> None:
    with pytest.raises(InputError, match=r"memory_gb: 0.4 GB do not hold a batch of 2 patches of 8 x 8 x 4; allow 0.5"):
        plan_of(whole_body(), Budget(0.4, 8))


def test_arithmetic_alone_never_refuses() -> None:
    assert plan_of(hippocampus(), Budget(8.0, 32, 0.001)).plan.patch == (8, 8, 4)


@pytest.mark.parametrize("name", ["in_plane_spacing_mm", "slice_spacing_range_mm", "patch", "batch_size", "channels"])
def test_a_given_number_is_kept_and_the_rest_fits_it(name: str) -> None:
    values = {
        "in_plane_spacing_mm": 3.0,
        "slice_spacing_range_mm": (2.0, 9.0),
        "patch": (64, 48, 16),
        "batch_size": 5,
        "channels": (8, 16, 24),
    }
    chosen = plan_of(whole_body(), overrides=Overrides(**{name: values[name]}))
    found = {
        "in_plane_spacing_mm": chosen.plan.grid.in_plane_spacing_mm,
        "slice_spacing_range_mm": chosen.plan.grid.slice_spacing_range_mm,
        "patch": chosen.plan.patch,
        "batch_size": chosen.batch_size,
        "channels": chosen.plan.network.channels,
    }
    assert found[name] == values[name]
    assert step_gflop(chosen.plan, chosen.batch_size) <= 200
    (reason,) = (why for place, why in chosen.reasons.items() if place.split(".")[-1] == name)
    assert reason == "given in the configuration"


def test_given_strides_make_kernels_and_patch() -> None:
    strides = ((1, 1, 1), (2, 2, 1), (3, 3, 2))
    chosen = plan_of(whole_body(), overrides=Overrides(strides=strides)).plan
    assert chosen.network.strides == strides
    assert [side % step for side, step in zip(chosen.patch, (6, 6, 2), strict=True)] == [0, 0, 0]
    assert chosen.network.channels == (16, 32, 64)


def test_a_large_given_patch_costs_batch_not_an_error() -> None:
    chosen = plan_of(whole_body(), Budget(2.0, 16), Overrides(patch=(128, 160, 32)))
    assert (chosen.plan.patch, chosen.batch_size) == ((128, 160, 32), 1)
    with pytest.raises(InputError, match=r"2 GB do not hold a batch of 1 patches of 256 x 256 x 32; allow"):
        plan_of(whole_body(), Budget(2.0, 16), Overrides(patch=(256, 256, 32)))
    kept = plan_of(whole_body(), Budget(2.0, 16), Overrides(patch=(256, 256, 32), batch_size=2))
    assert kept.batch_size == 2  # both are given: no choice is left to refuse


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (Overrides(patch=(33, 35, 17)), r"network.stages: a patch of \(33, 35, 17\) has no 2 stages, only 1"),
        (Overrides(patch=(32, 32, 8), channels=(8,) * 6), r"has no 6 stages, only 4; give fewer"),
        (Overrides(patch=(30, 32, 8), strides=((1, 1, 1), (4, 4, 1))), r"patch \(30, 32, 8\) does not fit"),
        (Overrides(channels=(160,) * 6), r"has no 6 stages, only .; give fewer, or a larger network.budget"),
        (Overrides(in_plane_spacing_mm=40.0), "spacing must be positive, at most 20 mm"),
    ],
)
def test_numbers_that_do_not_fit_each_other_are_refused(overrides: Overrides, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_of(whole_body(), overrides=overrides)


def test_every_number_has_a_reason() -> None:
    chosen = plan_of(whole_body())
    assert set(chosen.reasons) == {
        "grid.in_plane_spacing_mm",
        "grid.slice_spacing_range_mm",
        "patch",
        "batch_size",
        "network.channels",
        "network.strides",
        "network.kernels",
    }
    assert "percentile 10 is 0.2 ml, a ball of 7.3 mm" in chosen.reasons["grid.in_plane_spacing_mm"]
    assert "at most 2.42 mm" in chosen.reasons["grid.in_plane_spacing_mm"]
    assert "of 200 GFLOP" in chosen.reasons["batch_size"]


FINGERPRINTS = st.builds(
    lambda in_plane, ratio, voxels, cases, object_ml, widen: make_fingerprint(
        (in_plane, in_plane * ratio),
        (voxels[0] * in_plane, voxels[1] * in_plane, voxels[2] * in_plane * ratio),
        cases=cases,
        object_ml=object_ml,
        slices=spread(in_plane * ratio, low=in_plane * ratio / widen, high=in_plane * ratio * widen),
    ),
    in_plane=st.floats(0.2, 5.0),
    ratio=st.floats(1.0, 9.0),
    voxels=st.tuples(*[st.integers(1, 1500)] * 3),
    cases=st.integers(1, 1000),
    object_ml=st.none() | st.floats(0.001, 500.0),
    widen=st.floats(1.0, 3.0),
)
BUDGETS = st.builds(
    Budget, st.floats(1.5, 40.0), st.sampled_from([8, 16, 32]), st.none() | st.floats(1.0, 5000.0)
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(FINGERPRINTS, BUDGETS)
def test_any_data_get_a_plan_within_the_budget(cases: Fingerprint, budget: Budget) -> None:
    chosen = plan_of(cases, budget)
    plan = chosen.plan  # that it was made proves that its patch fits the strides
    assert memory_gb(plan, chosen.batch_size) <= budget.memory_gb
    assert chosen.batch_size >= 2
    smallest = plan.patch[0] <= 8 * 2 and plan.patch[1] <= 8 * 2
    assert budget.step_gflop is None or step_gflop(plan, chosen.batch_size) <= budget.step_gflop or smallest
    thin, thick = plan.grid.slice_spacing_range_mm
    assert plan.grid.in_plane_spacing_mm <= thin <= thick
    assert prod(plan.patch) >= 64
    assert planned(cases, budget, ("stir",), (LESION,)) == chosen


def test_a_case_without_label_says_nothing_about_lesions() -> None:
    assert head_fingerprint(None).object_ml is None
    assert (
        plan_of(make_fingerprint((1.25, 6.0), (480.0, 1500.0, 216.0), object_ml=None)).plan.grid.in_plane_spacing_mm
        == 1.25
    )
