import pickle

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from crmo_seg.data.augment.resample import cut
from crmo_seg.data.augment.spatial import RandBendd, RandMirrord, RandRotated, RandScaled, RandWindowd, rotation_matrix
from crmo_seg.data.augment.window import WINDOW, Window


def make_window(*, in_plane_only: bool = False, slice_ratio: float = 1.0) -> Window:
    return Window((16, 16, 8), np.array([8.0, 8, 4]), np.array([20.0, 20, 10]), np.eye(3), slice_ratio, in_plane_only)


def draw(transform: RandWindowd, window: Window, seed: int = 0) -> Window:
    transform.set_random_state(seed=seed)
    turned: Window = transform({WINDOW: window})[WINDOW]
    return turned


def test_rotations_are_those_of_scipy() -> None:
    assert np.allclose(rotation_matrix(0.1, 0.2, 0.3), Rotation.from_euler("xyz", [0.1, 0.2, 0.3]).as_matrix())


def test_a_bar_is_rotated_where_it_should_be() -> None:
    """A bar along the first axis, looked at from a frame turned by 30 degrees, points 30 degrees the other way."""
    case = np.zeros((1, 41, 41, 5), np.uint8)
    case[0, 5:36, 19:22] = 1
    window = Window((31, 31, 5), np.array([15.0, 15, 2]), np.array([20.0, 20, 2]), rotation_matrix(0, 0, np.pi / 6))
    bar = np.argwhere(cut(case, window.settled(case.shape[1:]), np.zeros(1))[0, :, :, 2]) - 15
    (x, y) = np.linalg.svd(bar - bar.mean(axis=0))[2][0]
    assert np.degrees(np.arctan(y / x)) == pytest.approx(-30, abs=1)


def test_angles_stay_within_the_limit_and_reach_it() -> None:
    turned = [draw(RandRotated(1.0, 30), make_window(in_plane_only=True), seed).matrix for seed in range(300)]
    angles = [np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])) for matrix in turned]
    assert -30 <= min(angles) < -28
    assert 28 < max(angles) <= 30


def test_thick_slices_stay_flat() -> None:
    window = draw(RandScaled(1.0, (1.2, 1.3)), draw(RandRotated(1.0, 30), make_window(in_plane_only=True)))
    assert np.array_equal(window.matrix[2], [0, 0, 1])
    assert np.array_equal(window.matrix[:, 2], [0, 0, 1])
    assert np.linalg.det(window.matrix) > 1.4
    bent = draw(RandBendd(1.0, 2.0), make_window(in_plane_only=True)).settled((60, 60, 30))
    assert bent.bend.shape == (3, 16, 16, 1)
    assert not bent.bend[2].any()


def test_a_rotation_is_rigid_in_millimetres() -> None:
    window = draw(RandRotated(1.0, 30), make_window(slice_ratio=2.0))
    spacing = np.diag([1.0, 1.0, 2.0])
    rigid = spacing @ window.matrix @ np.linalg.inv(spacing)
    assert np.allclose(rigid @ rigid.T, np.eye(3))
    assert abs(rigid[2, 0]) > 0.01


def test_angles_out_of_plane_are_damped_by_the_ratio_of_spacings() -> None:
    tilts = {}
    for ratio in (1.0, 2.5):
        drawn = [draw(RandRotated(1.0, 30), make_window(slice_ratio=ratio), seed).matrix for seed in range(200)]
        tilts[ratio] = max(np.degrees(np.arccos(matrix[2, 2])) for matrix in drawn)
    assert 12 <= tilts[2.5] < 18 < 30 < tilts[1.0]


def test_a_step_above_one_shrinks() -> None:
    window = draw(RandScaled(1.0, (1.4, 1.4)), make_window())
    assert np.allclose(window.matrix, np.eye(3) * 1.4)


def test_each_axis_is_mirrored_half_of_the_time() -> None:
    drawn = np.array([draw(RandMirrord((0, 2)), make_window(), seed).flips for seed in range(400)])
    assert drawn.mean(axis=0) == pytest.approx([0.5, 0.0, 0.5], abs=0.08)


@pytest.mark.parametrize(
    "transform",
    [RandRotated(0.5, 30), RandScaled(0.5, (0.7, 1.4)), RandBendd(0.5, 2.0)],
    ids=lambda one: type(one).__name__,
)
def test_draws_follow_the_seed_and_survive_pickling(transform: RandWindowd) -> None:
    copy = pickle.loads(pickle.dumps(transform))
    acted = []
    for seed in range(40):
        first, again = draw(transform, make_window(), seed), draw(copy, make_window(), seed)
        assert np.array_equal(first.matrix, again.matrix)
        assert (first.control is None and again.control is None) or np.array_equal(first.control, again.control)
        acted.append(not first.is_plain)
    assert 8 < sum(acted) < 32
