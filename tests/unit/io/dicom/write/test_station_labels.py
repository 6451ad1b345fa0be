from __future__ import annotations

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.io.dicom.write.station_labels import labels_on
from crmo_seg.volume import Geometry, Volume

GRID = make_geometry((5, 6, 4), (1.5, 2.0, 6.0), angle_degrees=17.0)
LABELS = Volume(np.random.default_rng(0).integers(0, 9, GRID.shape).astype(np.int32), GRID)


def crop(geometry: Geometry, first: tuple[int, int, int], shape: tuple[int, int, int]) -> Geometry:
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.to_world_mm(np.array(first))
    return Geometry(affine, shape)


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_a_coinciding_grid_of_any_orientation_is_exact(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    turned = LABELS.transposed(axes, flips)
    np.testing.assert_array_equal(labels_on(LABELS, turned.geometry), turned.array)


def test_a_part_of_the_grid_is_exact_and_what_lies_outside_is_empty() -> None:
    found = labels_on(LABELS, crop(GRID, (3, -1, 1), (4, 6, 2)))
    np.testing.assert_array_equal(found[:2, 1:], LABELS.array[3:, :5, 1:3])
    assert not found[2:].any()
    assert not found[:, 0].any()


def test_a_finer_grid_repeats_each_voxel() -> None:
    """Two voxels where there was one, whose centres lie a quarter of a voxel to each side."""
    affine = GRID.affine.copy()
    affine[:3, 0] /= 2.0
    affine[:3, 3] = GRID.to_world_mm(np.array([-0.25, 0, 0]))
    finer = Geometry(affine, (10, 6, 4))
    np.testing.assert_array_equal(labels_on(LABELS, finer), np.repeat(LABELS.array, 2, axis=0))


@given(st.tuples(*[st.floats(-3.0, 3.0)] * 3), st.floats(-60.0, 60.0))
def test_each_voxel_takes_the_label_of_the_nearest_centre(shift_mm: tuple[float, ...], angle: float) -> None:
    """Against a search over all voxels; ties may go either way."""
    other = make_geometry((3, 4, 3), (2.5, 1.0, 3.0), angle)
    affine = other.affine.copy()
    affine[:3, 3] += shift_mm
    target = Geometry(affine, other.shape)
    found = labels_on(LABELS, target)
    for index in np.ndindex(*target.shape):
        inside = GRID.to_index(target.to_world_mm(np.array(index)))
        distances = np.abs(inside - np.argwhere(LABELS.array >= 0)).max(axis=1)
        near = LABELS.array.ravel()[distances <= distances.min() + 1e-4]
        within = distances.min() <= 0.5
        assert found[index] in near if within else found[index] == 0 or distances.min() <= 0.5 + 1e-4
