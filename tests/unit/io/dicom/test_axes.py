from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.io.dicom.axes import LPS_TO_RAS, affine_lps
from crmo_seg.volume import Geometry

AFFINE = np.array([[0.0, 0.0, 2.0, 10.0], [1.5, 0.0, 0.0, -20.0], [0.0, -3.0, 0.0, 30.0], [0.0, 0.0, 0.0, 1.0]])


def test_left_and_back_are_positive_in_dicom() -> None:
    """By hand: x and y change their sign, of directions and of the place of the first voxel."""
    expected = [[0.0, 0.0, -2.0, -10.0], [-1.5, 0.0, 0.0, 20.0], [0.0, -3.0, 0.0, 30.0], [0.0, 0.0, 0.0, 1.0]]
    np.testing.assert_array_equal(affine_lps(Geometry(AFFINE, (3, 4, 5))), expected)


def test_the_same_matrix_leads_back() -> None:
    np.testing.assert_array_equal(LPS_TO_RAS @ affine_lps(Geometry(AFFINE, (3, 4, 5))), AFFINE)
    with pytest.raises(ValueError, match="read-only"):
        LPS_TO_RAS[0, 0] = 1.0
