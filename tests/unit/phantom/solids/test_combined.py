from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.solids.combined import Both, Half, Without, Wrinkled
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import Ellipsoid, Shape, vector

BALL = Ellipsoid(vector(0, 0, 0), vector(10, 10, 10))


def distance(shape: Shape, x: float, y: float, z: float) -> float:
    return float(shape.distance(*(np.float32(c).reshape(1, 1, 1) for c in (x, y, z))).item())


def test_half_a_ball() -> None:
    upper = Both(BALL, Half(vector(0, 0, 2), vector(0, 0, 1)))
    assert distance(upper, 0, 0, 5) == pytest.approx(-3)
    assert distance(upper, 0, 0, 0) == pytest.approx(2)
    assert upper.bounds()[1].tolist() == [10, 10, 10]


def test_a_hole() -> None:
    shell = Without(BALL, Ellipsoid(vector(0, 0, 0), vector(6, 6, 6)))
    assert distance(shell, 8, 0, 0) == pytest.approx(-2)
    assert distance(shell, 0, 3, 0) == pytest.approx(3)


def test_wrinkles_widen_the_box() -> None:
    ripple = Ripple(np.zeros(3), np.zeros((1, 3)), np.zeros((1, 3)), np.array([-0.5]))
    uneven = Wrinkled(BALL, ripple)
    assert distance(uneven, 9.8, 0, 0) == pytest.approx(-0.7, abs=1e-5)
    assert uneven.bounds()[0].tolist() == [-10.5] * 3
