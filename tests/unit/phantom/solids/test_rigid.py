from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.phantom.solids.combined import Both, Half, Without, Wrinkled
from crmo_seg.phantom.solids.rigid import STILL, Rigid, moved, turn
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import Capsule, Drum, Ellipsoid, Grown, Plate, Profile, Shape, vector

FLAT = Ripple(np.zeros(3), np.zeros((1, 3)), np.zeros((1, 3)), np.array([0.4]))
SHAPES: tuple[Shape, ...] = (
    Capsule(vector(1, 2, 3), vector(4, 2, 7), 1.0, 2.0),
    Ellipsoid(vector(1, 0, 2), vector(2, 3, 4)),
    Drum(vector(1, 0, 2), np.array([2.0, 3.0]), 1.5),
    Plate((vector(0, 0, 0), vector(5, 0, 0), vector(0, 5, 1)), 0.8),
    Grown(Ellipsoid(vector(1, 0, 2), vector(2, 3, 4)), 1.0),
    Both(Ellipsoid(vector(0, 0, 0), vector(3, 3, 3)), Half(vector(0, 0, 1), vector(0, 0, 1))),
    Without(Ellipsoid(vector(0, 0, 0), vector(3, 3, 3)), Ellipsoid(vector(1, 1, 0), vector(2, 2, 2))),
    Wrinkled(Ellipsoid(vector(0, 0, 0), vector(3, 3, 3)), FLAT),
)


def distance(shape: Shape, point: np.ndarray) -> float:
    x, y, z = (np.float32(c).reshape(1, 1, 1) for c in point)
    return float(shape.distance(x, y, z).item())


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
@given(angle=st.floats(-180, 180), point=st.tuples(*[st.floats(-8, 8)] * 3))
def test_a_moved_solid_has_the_distance_of_the_point_before(
    shape: Shape, angle: float, point: tuple[float, float, float]
) -> None:
    motion = turn(vector(1, 2, -1), angle, vector(3, 0, 1))
    motion = Rigid(motion.rotation, motion.shift + 2.0)
    before = distance(shape, np.array(point))
    # The root of a squared distance near zero: in single precision of squares up to 10 mm it is good to 0.003 mm.
    assert distance(moved(shape, motion), motion.point(np.array(point))) == pytest.approx(before, abs=3e-3)


def test_motions_follow_one_another() -> None:
    first, then = turn(vector(0, 0, 1), 90, vector(0, 0, 0)), turn(vector(1, 0, 0), 90, vector(0, 0, 1))
    point = vector(1, 2, 3)
    assert then.after(first).point(point) == pytest.approx(then.point(first.point(point)))
    assert turn(vector(0, 1, 0), 0, vector(5, 5, 5)).rotation.tolist() == np.eye(3).tolist()


def test_nothing_moves_when_still() -> None:
    assert moved(SHAPES[0], STILL) is SHAPES[0]


def test_a_profile_cannot_be_turned() -> None:
    profile = Profile((0.0, 1.0), (1.0, 1.0), (1.0, 1.0), (0.0, 0.0))
    with pytest.raises(TypeError, match="a Profile cannot be turned"):
        moved(profile, turn(vector(0, 0, 1), 10, vector(0, 0, 0)))
