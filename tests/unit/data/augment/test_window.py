from dataclasses import replace

import numpy as np
import pytest
from builders import make_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.data.augment.spatial import rotation_matrix
from crmo_seg.data.augment.window import Window, in_plane_only, read_window, slice_ratio
from crmo_seg.plan import GridPlan

SHAPE = (8, 6, 4)


def make_window(anchor=(0, 0, 0), point=(0, 0, 0), matrix=None) -> Window:  # noqa: ANN001
    matrix = np.eye(3) if matrix is None else matrix
    return Window(SHAPE, np.array(anchor, float), np.array(point, float), matrix)


@settings(max_examples=60, deadline=None)
@given(start=st.tuples(*[st.integers(-6, 14)] * 3), sides=st.tuples(*[st.integers(1, 12)] * 3))
def test_a_box_is_what_padding_and_cutting_gives(start: tuple[int, int, int], sides: tuple[int, int, int]) -> None:
    case = np.random.default_rng(0).normal(size=(2, 8, 9, 10))
    padded = np.stack([np.pad(channel, 20, constant_values=fill) for channel, fill in zip(case, (-1, 7), strict=True)])
    wanted = padded[:, *(slice(20 + first, 20 + first + side) for first, side in zip(start, sides, strict=True))]
    box = read_window(case, start, sides, np.array([-1, 7]), np.float32)
    assert box.flags.c_contiguous
    assert np.array_equal(box, wanted.astype(np.float32))


def test_only_the_box_of_a_memory_map_is_copied(tmp_path) -> None:  # noqa: ANN001
    np.save(tmp_path / "case.npy", np.ones((1, 5, 5, 5), np.float16))
    case = np.load(tmp_path / "case.npy", mmap_mode="r")
    box = read_window(case, (1, 1, 1), (2, 2, 2), np.zeros(1), np.float32)
    box[:] = 5
    assert type(box) is np.ndarray
    assert (case == 1).all()


@settings(max_examples=80, deadline=None)
@given(
    angle=st.floats(-0.5, 0.5),
    step=st.floats(0.7, 1.4),
    anchor=st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, 3)),
    point=st.tuples(st.integers(0, 29), st.integers(0, 19), st.integers(0, 9)),
)
def test_settling_keeps_the_point_in_the_patch(angle: float, step: float, anchor, point) -> None:  # noqa: ANN001
    window = make_window(anchor, point, rotation_matrix(angle, -angle, angle) * step).settled((30, 20, 10))
    assert (window.anchor >= 0).all()
    assert (window.anchor < SHAPE).all()
    assert np.array_equal(window.anchor, np.round(window.anchor))
    assert np.array_equal(window.point, point)


@settings(max_examples=60, deadline=None)
@given(point=st.tuples(st.integers(0, 29), st.integers(0, 19), st.integers(0, 9)))
def test_a_plain_window_ends_up_inside_a_large_case(point: tuple[int, int, int]) -> None:
    start = make_window((7, 0, 2), point).settled((30, 20, 10)).origin
    assert (start >= 0).all()
    assert (start + SHAPE <= (30, 20, 10)).all()


def test_a_case_smaller_than_the_patch_starts_at_its_first_voxel() -> None:
    assert make_window((3, 2, 1), (2, 1, 0)).settled((4, 3, 2)).origin.tolist() == [0, 0, 0]


def test_a_window_far_from_the_border_is_not_moved() -> None:
    window = make_window((3, 2, 1), (50, 50, 50), rotation_matrix(0.1, 0.2, 0.3))
    assert np.array_equal(window.settled((100, 100, 100)).anchor, window.anchor)


def test_bending_leaves_the_anchor_where_it_is() -> None:
    control = np.random.default_rng(0).normal(0, 3, size=(3, 4, 4, 4))
    window = replace(make_window((3, 2, 1), (50, 50, 50)), control=control).settled((100, 100, 100))
    assert window.bend.shape == (3, *SHAPE)
    assert (window.bend[:, 3, 2, 1] == 0).all()
    assert np.abs(window.bend).max() > 0.5


def test_thick_slices_and_flat_patches_are_turned_in_plane_only() -> None:
    plan = make_plan((16, 16, 8))
    thick = type(plan)(plan.sequences, plan.heads, GridPlan(1.0, (4.0, 9.0)), plan.patch, plan.network)
    assert slice_ratio(thick) == pytest.approx(6.0)
    assert [in_plane_only(case) for case in (plan, thick, make_plan((16, 16, 4)))] == [False, True, True]
