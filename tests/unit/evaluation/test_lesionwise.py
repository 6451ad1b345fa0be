"""Lesions found, missed and false: by hand, against loops over components, and on real lesion maps."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from crmo_seg.evaluation.lesionwise import LesionCounts, compare_lesions, pooled
from crmo_seg.io.nifti import read_labels
from crmo_seg.volume import Geometry, GeometryError, Volume

Box = tuple[int, int]


def make_mask(*boxes: Box, spacing_mm: tuple[float, float, float] = (2.0, 5.0, 10.0)) -> Volume:
    """Rods along the first axis, 0.1 ml a voxel; each box is (start, stop)."""
    array = np.zeros((40, 5, 5), dtype=bool)
    for start, stop in boxes:
        array[start:stop, 2, 2] = True
    return Volume(array, Geometry(np.diag([*spacing_mm, 1.0]), array.shape))


def as_tuple(counts: LesionCounts) -> tuple[int, int, int, int]:
    return counts.n_ref, counts.n_pred, counts.n_found, counts.n_false_positive


def components(mask: np.ndarray, minimum_voxels: int) -> list[np.ndarray]:
    labels, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    every = [labels == number for number in range(1, count + 1)]
    return [one for one in every if one.sum() >= minimum_voxels]


def counts_by_loop(pred: np.ndarray, ref: np.ndarray, minimum_voxels: int) -> tuple[int, int, int, int]:
    predicted, wanted = components(pred, minimum_voxels), components(ref, minimum_voxels)
    found = sum(any((one & other).any() for other in predicted) for one in wanted)
    false = sum(not any((one & other).any() for other in wanted) for one in predicted)
    return len(wanted), len(predicted), found, false


def pairs_by_loop(pred: np.ndarray, ref: np.ndarray, minimum_voxels: int) -> int:
    """Pairs in the assignment with the largest sum of IoU, of those that are 0.1 or more."""
    predicted, wanted = components(pred, minimum_voxels), components(ref, minimum_voxels)
    few, many = sorted((predicted, wanted), key=len)
    iou = np.array([[(a & b).sum() / (a | b).sum() for b in many] for a in few]).reshape(len(few), len(many))
    iou[iou < 0.1] = 0
    choices = (iou[range(len(few)), list(choice)] for choice in permutations(range(len(many)), len(few)))
    return int((max(choices, key=lambda values: values.sum()) > 0).sum())


def test_found_missed_and_false_by_hand() -> None:
    ref = make_mask((0, 4), (10, 14), (20, 24))
    pred = make_mask((3, 6), (20, 24), (30, 33))
    found = compare_lesions(pred=pred, ref=ref)
    assert as_tuple(found.any_overlap) == (3, 3, 2, 1)
    assert found.any_overlap.sensitivity == pytest.approx(2 / 3)
    assert found.any_overlap.precision == pytest.approx(2 / 3)
    assert found.any_overlap.f1 == pytest.approx(2 / 3)
    assert as_tuple(found.iou) == (3, 3, 2, 1)  # the IoU of the first pair is 1 / 6


def test_a_touch_is_found_but_is_no_pair() -> None:
    found = compare_lesions(pred=make_mask((3, 16)), ref=make_mask((0, 4)))  # IoU 1 / 16
    assert as_tuple(found.any_overlap) == (1, 1, 1, 0)
    assert as_tuple(found.iou) == (1, 1, 0, 1)


def test_one_prediction_over_two_references_finds_both_but_pairs_one() -> None:
    found = compare_lesions(pred=make_mask((0, 10)), ref=make_mask((0, 4), (6, 10)))
    assert as_tuple(found.any_overlap) == (2, 1, 2, 0)
    assert as_tuple(found.iou) == (2, 1, 1, 0)


def test_two_predictions_in_one_reference_are_both_true_but_pair_once() -> None:
    found = compare_lesions(pred=make_mask((0, 4), (6, 10)), ref=make_mask((0, 10)))
    assert as_tuple(found.any_overlap) == (1, 2, 1, 0)
    assert as_tuple(found.iou) == (1, 2, 1, 1)


def test_components_below_the_minimum_count_nowhere() -> None:
    spacing = (1.0, 5.0, 10.0)  # 0.05 ml a voxel
    ref = make_mask((0, 2), (10, 11), spacing_mm=spacing)
    pred = make_mask((1, 2), (10, 12), spacing_mm=spacing)
    # The reference at 10 is too small to be one, so the prediction over it is false; that at 1 is too small to find.
    assert as_tuple(compare_lesions(pred=pred, ref=ref).any_overlap) == (1, 1, 0, 1)
    assert as_tuple(compare_lesions(pred=pred, ref=ref, minimum_ml=0.01).any_overlap) == (2, 2, 2, 0)


def test_large_lesions_are_counted_from_exactly_half_a_millilitre() -> None:
    ref = make_mask((0, 5), (10, 14), (20, 30))  # 0.5, 0.4 and 1.0 ml
    found = compare_lesions(pred=make_mask((0, 1), (10, 14)), ref=ref)
    assert (found.n_large_ref, found.n_large_found) == (2, 1)


@pytest.mark.parametrize(
    ("pred", "ref", "sensitivity", "precision", "f1"),
    [
        ([], [], math.nan, math.nan, math.nan),
        ([(0, 3)], [], math.nan, 0.0, 0.0),
        ([], [(0, 3)], 0.0, math.nan, 0.0),
        ([(0, 3)], [(9, 12)], 0.0, 0.0, 0.0),
        ([(0, 3)], [(0, 3)], 1.0, 1.0, 1.0),
    ],
)
def test_the_table_of_empty_cases(
    pred: list[Box], ref: list[Box], sensitivity: float, precision: float, f1: float
) -> None:
    found = compare_lesions(pred=make_mask(*pred), ref=make_mask(*ref))
    for counts in (found.any_overlap, found.iou):
        np.testing.assert_equal([counts.sensitivity, counts.precision, counts.f1], [sensitivity, precision, f1])


@settings(max_examples=40, deadline=None)
@given(
    pred=arrays(np.bool_, (7, 4, 5), elements=st.sampled_from([True, False, False, False, False])),
    ref=arrays(np.bool_, (7, 4, 5), elements=st.sampled_from([True, False, False, False, False])),
    minimum_voxels=st.integers(1, 4),
)
def test_counts_are_those_of_a_loop(pred: np.ndarray, ref: np.ndarray, minimum_voxels: int) -> None:
    geometry = Geometry(np.diag([2.0, 5.0, 10.0, 1.0]), pred.shape)
    found = compare_lesions(pred=Volume(pred, geometry), ref=Volume(ref, geometry), minimum_ml=0.1 * minimum_voxels)
    assert as_tuple(found.any_overlap) == counts_by_loop(pred, ref, minimum_voxels)
    if max(found.iou.n_ref, found.iou.n_pred) <= 6:
        assert found.iou.n_found == pairs_by_loop(pred, ref, minimum_voxels)


def test_counts_do_not_depend_on_axis_order() -> None:
    pred, ref = make_mask((3, 6), (20, 24), (30, 33)), make_mask((0, 4), (10, 14), (20, 24))
    turned = [volume.transposed((1, 2, 0), (True, True, False)) for volume in (pred, ref)]
    assert compare_lesions(pred=turned[0], ref=turned[1]) == compare_lesions(pred=pred, ref=ref)


def test_pooling_nothing_gives_nothing() -> None:
    assert pooled([]) == LesionCounts(0, 0, 0, 0)


def test_other_grids_are_refused() -> None:
    with pytest.raises(GeometryError, match="different grids"):
        compare_lesions(pred=make_mask(spacing_mm=(2.0, 5.0, 9.0)), ref=make_mask())


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["patient01", "patient12", "patient30"])
def test_expert_lesion_maps_against_themselves_shifted(shared_data: Path, name: str) -> None:
    ref = read_labels(shared_data / "ms_lesion_maps" / "cross_sectional" / f"{name}.nii.gz")
    same = compare_lesions(pred=ref, ref=ref)
    assert same.any_overlap.f1 == same.iou.f1 == 1.0
    pred = ref.with_array(np.roll(ref.array, 4, axis=0))
    found = compare_lesions(pred=pred, ref=ref).any_overlap
    minimum_voxels = math.ceil(0.1 / ref.geometry.voxel_volume_ml - 1e-6)
    structure = ndimage.generate_binary_structure(3, 3)
    kept = []
    for array in (pred.array, ref.array):
        labels, _ = ndimage.label(array, structure=structure)
        sizes = np.bincount(labels.ravel())
        kept.append(np.where(sizes[labels] >= minimum_voxels, labels, 0))
    met_ref = set(np.unique(kept[1][kept[0] > 0])) - {0}
    met_pred = set(np.unique(kept[0][kept[1] > 0])) - {0}
    assert found.n_ref == len(np.unique(kept[1])) - 1
    assert (found.n_found, found.n_pred - found.n_false_positive) == (len(met_ref), len(met_pred))
