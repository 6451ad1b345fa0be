import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crmo_seg.inference.layout import WindowLayout
from crmo_seg.inference.slab import Slab, largest_channel
from crmo_seg.inference.windows import gaussian_weight
from crmo_seg.plan import Head

EDEMA = Head("edema", ("edema",))
BONES = Head("bones", ("one", "two"))


@given(
    arrays(np.float32, st.tuples(st.integers(1, 5), *[st.integers(1, 4)] * 3), elements=st.sampled_from([0, 0.5, 1]))
)
def test_the_largest_channel_is_argmax_ties_included(channels: np.ndarray) -> None:
    out = np.full(channels.shape[1:], 9, dtype=np.uint8)
    largest_channel(channels, out)
    np.testing.assert_array_equal(out, channels.argmax(axis=0))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_two_windows_by_hand(axis: int) -> None:
    """Windows of 4 voxels at 0 and 2 that say 0.2 and 0.8: in voxels 2 and 3 the mean by their weights."""
    window = tuple(4 if other == axis else 1 for other in range(3))
    shape = tuple(6 if other == axis else 1 for other in range(3))
    starts = ((0, 0, 0), tuple(2 if other == axis else 0 for other in range(3)))
    results = {"edema": np.zeros(shape, np.float32)}
    slab = Slab(WindowLayout(window, axis, starts), [EDEMA], results)  # type: ignore[arg-type]
    for start, probability in zip(starts, (0.2, 0.8), strict=True):
        slab.add({"edema": np.full((1, 1, *window), probability, np.float32)}, start)  # type: ignore[arg-type]
    slab.close()
    weight = gaussian_weight(window).ravel()  # type: ignore[arg-type]
    shared = (0.2 * weight[2:] + 0.8 * weight[:2]) / (weight[2:] + weight[:2])
    np.testing.assert_allclose(results["edema"].ravel(), [0.2, 0.2, *shared, 0.8, 0.8], rtol=1e-6)


def test_rows_between_windows_stay_empty() -> None:
    """A window far behind the one before: nothing of the slab is carried over the gap."""
    layout = WindowLayout((2, 2, 1), 1, ((0, 0, 0), (0, 7, 0)))
    results = {"edema": np.zeros((2, 9, 1), np.float32), "bones": np.zeros((2, 9, 1), np.uint8)}
    slab = Slab(layout, [EDEMA, BONES], results)
    bones = np.zeros((1, 3, 2, 2, 1), np.float32)
    bones[:, 2] = 1
    for start in layout.starts:
        slab.add({"edema": np.ones((1, 1, 2, 2, 1), np.float32), "bones": bones}, start)
    slab.close()
    expected = np.array([1, 1, 0, 0, 0, 0, 0, 1, 1])
    np.testing.assert_array_equal(results["edema"][..., 0], np.broadcast_to(expected, (2, 9)))
    np.testing.assert_array_equal(results["bones"][..., 0], np.broadcast_to(2 * expected, (2, 9)))


def test_a_mirrored_pass_is_turned_back() -> None:
    layout = WindowLayout((3, 2, 1), 0, ((0, 0, 0),))
    results = {"edema": np.zeros((3, 2, 1), np.float32)}
    truth = np.arange(6, dtype=np.float32).reshape(1, 1, 3, 2, 1)
    slab = Slab(layout, [EDEMA], results)
    for axes in ((), (0,), (1,), (0, 1)):
        slab.add({"edema": np.flip(truth, tuple(axis + 2 for axis in axes))}, (0, 0, 0), axes)
    slab.close()
    np.testing.assert_allclose(results["edema"], truth[0, 0], rtol=1e-6)
