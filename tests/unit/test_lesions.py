"""Finding, measuring and matching lesions, against brute force and against numbers computed by hand."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from crmo_seg.io.nifti import read_labels
from crmo_seg.lesions import LesionMap, find_lesions, match_one_to_one, measure_lesions, overlap_voxels
from crmo_seg.volume import Geometry, Volume

ORDERS = [(order, flips) for order in permutations((0, 1, 2)) for flips in product((False, True), repeat=3)]
UNEQUAL = np.array([[1.5, 0, 0, -20], [0, 6.0, 0, 30], [0, 0, 2.0, 5], [0, 0, 0, 1]])


def make_mask(array: np.ndarray, affine: np.ndarray = UNEQUAL) -> Volume:
    return Volume(array, Geometry(affine, array.shape))


def two_boxes() -> Volume:
    array = np.zeros((20, 10, 20), dtype=bool)
    array[2:6, 1:3, 2:8] = True  # 48 voxels of 0.018 ml
    array[12:18, 5:9, 10:16] = True  # 144 voxels
    return make_mask(array)


def components_by_flood_fill(mask: np.ndarray) -> list[frozenset[tuple[int, ...]]]:
    """26-connected components without any library."""
    left = {tuple(index) for index in np.argwhere(mask).tolist()}
    found = []
    while left:
        front = [left.pop()]
        component = set(front)
        while front:
            x, y, z = front.pop()
            around = {(x + a, y + b, z + c) for a, b, c in product((-1, 0, 1), repeat=3)} & left
            left -= around
            component |= around
            front.extend(around)
        found.append(frozenset(component))
    return found


def voxels_of(found: LesionMap) -> set[frozenset[tuple[int, ...]]]:
    labels = found.labels.array
    return {frozenset(map(tuple, np.argwhere(labels == one.lesion_id).tolist())) for one in found.lesions}


def test_two_boxes_by_hand() -> None:
    large, small = find_lesions(two_boxes()).lesions
    assert (large.lesion_id, small.lesion_id) == (1, 2)
    assert large.volume_ml == pytest.approx(144 * 0.018)
    assert small.volume_ml == pytest.approx(48 * 0.018)
    # Mean index (3.5, 1.5, 4.5), then times the spacing, plus the origin.
    assert small.centroid_ras_mm == pytest.approx((3.5 * 1.5 - 20, 1.5 * 6 + 30, 4.5 * 2 + 5))


@settings(max_examples=30, deadline=None)
@given(arrays(np.bool_, (6, 5, 7), elements=st.sampled_from([True, False, False])))
def test_components_are_those_of_a_flood_fill(array: np.ndarray) -> None:
    found = find_lesions(make_mask(array), minimum_ml=0.0)
    assert voxels_of(found) == set(components_by_flood_fill(array))


def test_components_of_less_than_the_minimum_are_dropped_and_exactly_the_minimum_is_kept() -> None:
    array = np.zeros((10, 10, 10), dtype=bool)
    array[0:5, 0, 0] = True  # 5 x 0.02 = 0.1 ml
    array[0:4, 5, 5] = True  # 0.08 ml
    found = find_lesions(make_mask(array, np.diag([2.0, 2.0, 5.0, 1.0])), minimum_ml=0.1)
    assert [one.volume_ml for one in found.lesions] == pytest.approx([0.1])
    assert found.labels.array.max() == 1
    assert found.labels.array.dtype == np.int32


def test_an_empty_mask_is_a_valid_answer() -> None:
    found = find_lesions(make_mask(np.zeros((4, 4, 4), dtype=bool)))
    assert found.lesions == ()
    assert found.total_volume_ml == 0.0
    assert not found.labels.array.any()


def test_mean_probability_is_that_of_the_voxels_inside() -> None:
    mask = two_boxes()
    probability = np.zeros(mask.array.shape, dtype=np.float32)
    probability[2:6, 1:3, 2:8] = 0.5
    probability[12:18, 5:9, 10:16] = 0.75
    large, small = find_lesions(mask, probability=mask.with_array(probability)).lesions
    assert (large.mean_probability, small.mean_probability) == pytest.approx((0.75, 0.5))


def test_components_that_reach_the_least_peak_in_no_voxel_are_dropped() -> None:
    mask = two_boxes()
    values = np.full(mask.array.shape, 0.6, dtype=np.float32)
    values[3, 1, 4] = 0.9  # one voxel of the smaller one
    probability = mask.with_array(values)
    (kept,) = find_lesions(mask, probability=probability, minimum_peak=0.9).lesions
    assert kept.volume_ml == pytest.approx(48 * 0.018)
    assert kept.lesion_id == 1
    assert not find_lesions(mask, probability=probability, minimum_peak=0.95).lesions
    assert len(find_lesions(mask, minimum_peak=0.95).lesions) == 2, "without a probability there is no peak"


def test_diameter_of_a_rod_by_hand() -> None:
    array = np.zeros((8, 8, 8), dtype=bool)
    array[2:6, 3, 3] = True  # from side to side of its outer voxels: 3 x 1.5 mm along, 6 mm across
    assert find_lesions(make_mask(array), minimum_ml=0.0).lesions[0].max_diameter_mm == pytest.approx(7.5)


@settings(max_examples=30, deadline=None)
@given(arrays(np.bool_, (4, 3, 4)))
def test_diameter_is_that_of_all_pairs_of_face_centres(array: np.ndarray) -> None:
    labels = make_mask(array.astype(np.int32))
    if not array.any():
        return
    faces = np.concatenate([0.5 * np.eye(3), -0.5 * np.eye(3)])
    points = labels.geometry.to_world_mm((np.argwhere(array)[:, None] + faces).reshape(-1, 3))
    largest = max(np.linalg.norm(points - point, axis=1).max() for point in points)
    assert measure_lesions(labels)[0].max_diameter_mm == pytest.approx(largest)


@pytest.mark.parametrize(("axes", "flips"), ORDERS)
def test_lesions_are_the_same_in_every_axis_order(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    mask = two_boxes()
    for here, there in zip(find_lesions(mask).lesions, find_lesions(mask.transposed(axes, flips)).lesions, strict=True):
        assert there.volume_ml == pytest.approx(here.volume_ml)
        assert there.max_diameter_mm == pytest.approx(here.max_diameter_mm)
        assert there.centroid_ras_mm == pytest.approx(here.centroid_ras_mm)


@settings(max_examples=30, deadline=None)
@given(
    pred=arrays(np.int32, (4, 5, 3), elements=st.integers(0, 4)),
    ref=arrays(np.int32, (4, 5, 3), elements=st.integers(0, 3)),
)
def test_overlap_counts_each_pair(pred: np.ndarray, ref: np.ndarray) -> None:
    shared = overlap_voxels(pred=pred, ref=ref)
    assert shared.shape == (ref.max() + 1, pred.max() + 1)
    for row, column in np.ndindex(*shared.shape):
        assert shared[row, column] == ((ref == row) & (pred == column)).sum()


def test_matching_by_hand() -> None:
    # Reference 1 has 10 voxels, 8 of them in prediction 2 (of 12): IoU 8 / 14.
    shared = np.array([[0, 5, 4], [2, 0, 8], [0, 0, 0]])
    (match,) = match_one_to_one(shared)
    assert (match.ref_id, match.pred_id) == (1, 2)
    assert match.iou == pytest.approx(8 / 14)
    assert match_one_to_one(shared, minimum_iou=0.6) == ()


def test_a_pair_that_counts_does_not_give_way_to_one_below_the_minimum() -> None:
    # IoU [[0.061, 0.182], [0.116, 0.24]]: the largest sum, 0.301, is the diagonal, of which only one pair counts.
    shared = np.array([[0, 49, 57], [21, 8, 31], [58, 22, 53]])
    assert {(pair.ref_id, pair.pred_id) for pair in match_one_to_one(shared)} == {(1, 1), (2, 2)}
    assert {(pair.ref_id, pair.pred_id) for pair in match_one_to_one(shared, minimum_iou=0.1)} == {(1, 2), (2, 1)}


def test_nothing_matches_nothing() -> None:
    assert match_one_to_one(np.zeros((1, 1), dtype=np.int64)) == ()
    assert match_one_to_one(np.array([[7, 3]])) == ()


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["patient01", "patient07", "patient19"])
def test_expert_lesion_maps(shared_data: Path, name: str) -> None:
    mask = read_labels(shared_data / "ms_lesion_maps" / "cross_sectional" / f"{name}.nii.gz")
    labels, count = ndimage.label(mask.array, structure=ndimage.generate_binary_structure(3, 3))
    volumes_ml = np.sort(np.bincount(labels.ravel())[1:] * mask.geometry.voxel_volume_ml)[::-1]
    assert len(find_lesions(mask, minimum_ml=0.0).lesions) == count > 0
    kept = find_lesions(mask, minimum_ml=0.1)
    assert [one.volume_ml for one in kept.lesions] == pytest.approx(volumes_ml[volumes_ml >= 0.1 - 1e-9])
    centres = ndimage.center_of_mass(kept.labels.array > 0, kept.labels.array, range(1, len(kept.lesions) + 1))
    theirs = mask.geometry.to_world_mm(np.array(centres))
    np.testing.assert_allclose([one.centroid_ras_mm for one in kept.lesions], theirs, atol=1e-6)
