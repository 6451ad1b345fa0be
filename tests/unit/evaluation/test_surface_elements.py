"""Surface patches: areas against MONAI's table, places and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics.utils import create_table_neighbour_code_to_surface_area, get_edge_surface_distance
from torch import from_numpy

from crmo_seg.evaluation.surface_elements import bounding_box, patch_areas_mm2, surface_elements

pytestmark = pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")  # MONAI, of itself

Spacing = tuple[float, float, float]


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (1.25, 6.0, 1.25), (0.7, 2.3, 1.9)])
def test_all_256_areas_are_those_of_monai(spacing_mm: Spacing) -> None:
    theirs, _ = create_table_neighbour_code_to_surface_area(spacing_mm)
    np.testing.assert_allclose(patch_areas_mm2(spacing_mm), theirs.numpy(), rtol=1e-6, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(mask=arrays(np.bool_, (4, 5, 3)))
def test_patches_are_those_of_monai(mask: np.ndarray) -> None:
    spacing_mm = (1.25, 6.0, 2.0)
    found = surface_elements(make_volume(mask, spacing_mm))
    if mask.any():
        tensor = from_numpy(np.pad(mask, 2))
        edges, _, areas = get_edge_surface_distance(
            tensor, tensor, spacing=spacing_mm, use_subvoxels=True, symmetric=True
        )
        theirs = areas[0][edges[0]].numpy()
        np.testing.assert_allclose(np.sort(found.areas_mm2), np.sort(theirs), rtol=1e-5)
    else:
        assert bool(len(found.areas_mm2)) == bool(mask.any())


def test_a_box_by_hand() -> None:
    mask = np.zeros((8, 7, 6), dtype=bool)
    mask[2:6, 2:5, 1:4] = True  # 4 x 3 x 3 voxels of 1 x 2 x 3 mm
    found = surface_elements(make_volume(mask, (1.0, 2.0, 3.0)))
    # Voxel faces measure 6 (yz), 3 (xz) and 2 (xy) mm2; a side of n x m voxels has (n - 1) x (m - 1) flat patches.
    sides = 2 * (2 * 2 * 6 + 3 * 2 * 3 + 3 * 2 * 2)
    edges = 4 * (3 * np.hypot(3, 2) + 2 * np.hypot(6, 2) + 2 * np.hypot(6, 3)) / 2
    corners = 8 * np.linalg.norm((6, 3, 2)) / 8
    assert len(found.areas_mm2) == 5 * 4 * 4 - 3 * 2 * 2
    assert found.areas_mm2.sum() == pytest.approx(sides + edges + corners)


def test_patches_lie_between_voxel_centres() -> None:
    mask = np.zeros((4, 4, 4), dtype=bool)
    mask[1, 2, 1] = True
    volume = make_volume(mask, (1.0, 2.0, 3.0), angle_degrees=20.0)
    found = surface_elements(volume)
    np.testing.assert_allclose(found.points_mm.mean(axis=0), volume.geometry.to_world_mm(np.array([1, 2, 1])))
    indices = volume.geometry.to_index(found.points_mm)
    np.testing.assert_allclose(np.abs(indices - [1, 2, 1]), 0.5)


def test_the_border_of_the_volume_closes_a_mask() -> None:
    spacing_mm = (1.0, 2.0, 3.0)
    filled = np.ones((3, 2, 4), dtype=bool)
    inside = surface_elements(make_volume(np.pad(filled, 1), spacing_mm))
    at_border = surface_elements(make_volume(filled, spacing_mm))
    np.testing.assert_array_equal(np.sort(at_border.areas_mm2), np.sort(inside.areas_mm2))


def test_an_empty_mask_has_no_surface() -> None:
    found = surface_elements(make_volume(np.zeros((3, 3, 3), dtype=bool)))
    assert found.points_mm.shape == (0, 3)
    assert bounding_box(np.zeros((3, 3))) == (slice(0, 0), slice(0, 0))


@settings(max_examples=15, deadline=None)
@given(mask=arrays(np.bool_, (3, 4, 5)), turn=st.sampled_from(ALL_ORIENTATIONS))
def test_the_order_of_axes_does_not_matter(
    mask: np.ndarray, turn: tuple[tuple[int, int, int], tuple[bool, bool, bool]]
) -> None:
    volume = make_volume(mask, (1.25, 6.0, 2.0), angle_degrees=10.0)
    found, turned = surface_elements(volume), surface_elements(volume.transposed(*turn))
    order, turned_order = (np.lexsort(one.points_mm.round(6).T) for one in (found, turned))
    np.testing.assert_allclose(found.points_mm[order], turned.points_mm[turned_order], atol=1e-9)
    np.testing.assert_allclose(found.areas_mm2[order], turned.areas_mm2[turned_order])
