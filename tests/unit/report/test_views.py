"""The page shows the patient as a radiologist expects, whatever the order of the voxels."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.report.views import AXIAL, CORONAL, SAGITTAL, Plane, acquired_plane, grey_range, projection_plane
from crmo_seg.volume import Geometry

CORNERS = {"R": (0, 1.0), "L": (0, 0.0), "A": (1, 1.0), "P": (1, 0.0), "S": (2, 1.0), "I": (2, 0.0)}


def ramp(axis: int) -> np.ndarray:
    """A canonical volume that grows from 0 to 1 along one axis."""
    shape = (5, 6, 7)
    steps = np.linspace(0, 1, shape[axis]).reshape([-1 if other == axis else 1 for other in range(3)])
    return np.broadcast_to(steps, shape)


@pytest.mark.parametrize("plane", [CORONAL, SAGITTAL, AXIAL], ids=lambda plane: plane.name)
def test_letters_stand_where_those_parts_are(plane: Plane) -> None:
    axis, at_left = CORNERS[plane.left_letter]
    page = plane.page(ramp(axis).take(2, axis=plane.normal))
    assert (page[0, 0], page[0, -1]) == (at_left, CORNERS[plane.right_letter][1])
    up = plane.page(ramp(plane.up).take(2, axis=plane.normal))
    assert (up[0, 0], up[-1, 0]) == (1.0, 0.0)


def test_coronal_shows_the_right_on_the_left_and_sagittal_the_front() -> None:
    assert (CORONAL.left_letter, AXIAL.left_letter, SAGITTAL.left_letter) == ("R", "R", "A")


def test_a_box_has_its_corner_on_the_page_where_its_voxels_are() -> None:
    geometry = Geometry(np.diag([2.0, 6.0, 3.0, 1.0]), (5, 6, 7))
    mask = np.zeros((5, 7), dtype=bool)
    mask[1:3, 4:6] = True
    rows, columns = np.nonzero(CORONAL.page(mask))
    assert CORONAL.page_corner_mm(geometry, (3, 6)) == (columns.min() * 2.0, rows.min() * 3.0)
    assert CORONAL.extent_mm(geometry) == (0.0, 10.0, 21.0, 0.0)


@pytest.mark.parametrize(
    ("spacing", "plane"), [((1, 6, 1), CORONAL), ((6, 1, 1), SAGITTAL), ((1, 1, 6), AXIAL), ((1, 1, 1), CORONAL)]
)
def test_the_plane_of_acquisition_is_across_the_largest_spacing(spacing: tuple[int, ...], plane: Plane) -> None:
    assert acquired_plane(Geometry(np.diag([*spacing, 1.0]), (4, 4, 4))) is plane


@pytest.mark.parametrize(
    ("extent_mm", "plane"),
    [((480, 216, 1500), CORONAL), ((60, 250, 400), SAGITTAL), ((350, 270, 60), AXIAL), ((200, 200, 200), CORONAL)],
)
def test_the_projection_shows_the_broad_side(extent_mm: tuple[int, int, int], plane: Plane) -> None:
    spacing_mm = np.diag([extent_mm[0] / 20, extent_mm[1] / 10, extent_mm[2] / 50, 1.0])
    assert projection_plane(Geometry(spacing_mm, (20, 10, 50))) is plane


@pytest.mark.parametrize("array", [np.zeros((3, 3)), np.full((3, 3), 7.0), np.full((3, 3), -7.0), np.eye(3)])
def test_grey_is_never_an_empty_range(array: np.ndarray) -> None:
    low, high = grey_range(array)
    assert high > low


def test_grey_leaves_out_the_air_and_the_brightest_specks() -> None:
    signal = np.concatenate([np.zeros(5000), np.linspace(100, 200, 5000), [1e6]])
    low, high = grey_range(signal)
    assert high == pytest.approx(200, abs=1)
    assert 0 <= low < 102
