from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.phantom.scan.tilt import tilted
from crmo_seg.volume import Geometry

AFFINE = np.diag([1.2, 6.0, 1.2, 1.0])
AFFINE[:3, 3] = -100, 20, 400
FLAT = Geometry(AFFINE, (50, 12, 60))
CENTRE = FLAT.to_world_mm((np.array(FLAT.shape) - 1) / 2)
DEGREES = st.floats(-8, 8)


@given(DEGREES, DEGREES, DEGREES)
def test_tilting_keeps_voxels_and_the_centre(x: float, y: float, z: float) -> None:
    turned = tilted(FLAT, (x, y, z), CENTRE)
    assert turned.spacing_mm == pytest.approx(FLAT.spacing_mm)
    assert np.linalg.det(turned.affine) == pytest.approx(np.linalg.det(FLAT.affine))
    np.testing.assert_allclose(turned.to_world_mm((np.array(FLAT.shape) - 1) / 2), CENTRE, atol=1e-9)
    assert turned.orientation == "RAS"


def test_a_tilt_around_x_raises_the_front() -> None:
    turned = tilted(FLAT, (5.0, 0.0, 0.0), CENTRE)
    normal = turned.affine[:3, 1] / 6
    np.testing.assert_allclose(normal, [0, np.cos(np.deg2rad(5)), np.sin(np.deg2rad(5))], atol=1e-12)


def test_no_tilt_changes_nothing() -> None:
    assert tilted(FLAT, (0.0, 0.0, 0.0), CENTRE) is FLAT
