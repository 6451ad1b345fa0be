"""Against scipy's interpolation at the same points."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.data.augment.resample import cut
from crmo_seg.data.augment.spatial import rotation_matrix
from crmo_seg.data.augment.window import Window
from crmo_seg.volume import Array

CASE = (30, 34, 20)
RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(size=(2, *CASE)).astype(np.float32)
LABEL = np.digitize(ndimage.gaussian_filter(RANDOM.normal(size=(1, *CASE)), (0, 2, 2, 2)), [0.0, 0.05]).astype(np.uint8)
TURN = rotation_matrix(0.3, -0.2, 0.4) * 1.2
IN_PLANE = rotation_matrix(0, 0, 0.4) * (1.2, 1.2, 1.0)
CONTROL = RANDOM.normal(0, 1.5, size=(3, 4, 4, 4))


def make_window(matrix: Array, **changes: object) -> Window:
    window = Window((14, 16, 10), np.array([6.0, 3.0, 5.0]), np.array([12.0, 17.0, 9.0]), matrix)
    return replace(window, **changes).settled(CASE)


def seen_points(window: Window) -> Array:
    indices = np.stack(np.meshgrid(*[np.arange(side) for side in window.shape], indexing="ij"), axis=-1)
    points = np.moveaxis(window.origin + indices @ window.matrix.T, -1, 0)
    return points if window.bend is None else points + window.bend


def expected_signal(window: Window, fill: float, channel: int = 0) -> Array:
    return ndimage.map_coordinates(IMAGE[channel], seen_points(window), order=1, mode="grid-constant", cval=fill)


FLAT = np.concatenate([CONTROL[:2, ..., :1], np.zeros((1, 4, 4, 1))])
WINDOWS = {
    "turned": make_window(TURN),
    "at the border": make_window(TURN, point=np.array([2.0, 1.0, 18.0])),
    "bent": make_window(TURN, control=CONTROL),
    "in plane": make_window(IN_PLANE, in_plane_only=True),
    "in plane at the border": make_window(IN_PLANE, in_plane_only=True, point=np.array([28.0, 1.0, 0.0])),
    "bent in plane": make_window(IN_PLANE, in_plane_only=True, control=FLAT),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_signal_is_interpolated_linearly(name: str) -> None:
    patch = cut(IMAGE, WINDOWS[name], np.array([-3.0, -4.0]))
    assert patch.dtype == np.float32
    assert patch.shape == (2, 14, 16, 10)
    assert np.allclose(patch[0], expected_signal(WINDOWS[name], -3.0), atol=2e-4)
    assert np.allclose(patch[1], expected_signal(WINDOWS[name], -4.0, channel=1), atol=2e-4)


@pytest.mark.parametrize("name", WINDOWS)
def test_labels_take_the_class_with_the_largest_share(name: str) -> None:
    points = seen_points(WINDOWS[name])
    shares = [
        ndimage.map_coordinates((LABEL[0] == k).astype(float), points, order=1, mode="grid-constant", cval=k == 0)
        for k in range(3)
    ]
    first, second = np.sort(shares, axis=0)[[-1, -2]]
    patch = cut(LABEL, WINDOWS[name], np.zeros(1))
    assert patch.dtype == np.uint8
    assert set(np.unique(patch)) == {0, 1, 2}
    clear = first - second > 1e-4
    assert clear.mean() > 0.99
    assert np.array_equal(patch[0][clear], np.argmax(shares, axis=0)[clear])


@pytest.mark.parametrize("name", ["turned", "in plane"])
def test_labels_of_one_class_have_nothing_to_vote_on(name: str) -> None:
    even = np.full((1, *CASE), 2, np.uint8)
    assert (cut(even, WINDOWS[name], np.full(1, 2)) == 2).all()


@pytest.mark.parametrize("name", WINDOWS)
def test_the_anchor_shows_its_voxel_exactly(name: str) -> None:
    window = WINDOWS[name]
    anchor, point = (tuple(index.astype(int)) for index in (window.anchor, window.point))
    assert cut(IMAGE, window, np.zeros(2))[(0, *anchor)] == pytest.approx(IMAGE[(0, *point)], abs=1e-4)
    assert cut(LABEL, window, np.zeros(1))[(0, *anchor)] == LABEL[(0, *point)]


def test_a_plain_window_copies_voxels_and_flips_them() -> None:
    window = make_window(np.eye(3), flips=(True, False, True))
    patch = cut(IMAGE, window, np.zeros(2))
    assert np.array_equal(patch, IMAGE[:, 6:20, 14:30, 4:14][:, ::-1, :, ::-1])
    assert patch.flags.c_contiguous


def test_a_flipped_turned_window_is_the_turned_one_flipped() -> None:
    turned, flipped = make_window(TURN), make_window(TURN, flips=(False, True, False))
    assert np.array_equal(cut(IMAGE, flipped, np.zeros(2)), cut(IMAGE, turned, np.zeros(2))[:, :, ::-1])


def test_half_precision_is_cut_as_single_precision() -> None:
    patch = cut(IMAGE.astype(np.float16), make_window(TURN), np.zeros(2))
    assert patch.dtype == np.float32
    assert np.allclose(patch, cut(IMAGE, make_window(TURN), np.zeros(2)), atol=5e-3)


@pytest.mark.parametrize("matrix", [np.eye(3), TURN], ids=["plain", "turned"])
def test_memory_maps_are_read_only(tmp_path, matrix) -> None:  # noqa: ANN001
    np.save(tmp_path / "case.npy", IMAGE)
    case = np.load(tmp_path / "case.npy", mmap_mode="r")
    window = make_window(matrix)
    assert np.array_equal(cut(case, window, np.zeros(2)), cut(IMAGE, window, np.zeros(2)))


def test_linear_shares_draw_a_ball_better_than_the_nearest_voxel() -> None:
    """Why labels are not simply taken from the nearest voxel."""
    grid = np.stack(np.meshgrid(*[np.arange(60)] * 3, indexing="ij"), axis=-1)
    ball = (np.linalg.norm(grid - 30, axis=-1) <= 7.3).astype(np.uint8)
    centre = np.full(3, 30.0)
    window = Window((32, 32, 32), np.full(3, 16.0), centre, TURN).settled(ball.shape)
    indices = np.stack(np.meshgrid(*[np.arange(32)] * 3, indexing="ij"), axis=-1)
    seen = window.origin + indices @ window.matrix.T
    truth = np.linalg.norm(seen - centre, axis=-1) <= 7.3
    nearest = ball[tuple(np.moveaxis(np.round(seen).astype(int), -1, 0))] > 0
    linear = cut(ball[None], window, np.zeros(1))[0] > 0
    assert (linear ^ truth).sum() < 0.85 * (nearest ^ truth).sum()
