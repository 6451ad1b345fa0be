"""Overlap of masks: by hand, against loops and against MONAI; every row of the table of empty cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics import compute_dice

from crmo_seg.evaluation.voxel import Overlap, dice, overlap, overlap_by_class, pooled
from crmo_seg.volume import Geometry, GeometryError, Volume

SHAPE = (6, 5, 4)
VOXEL_ML = 0.018  # 1.5 x 6 x 2 mm


def make_volume(array: np.ndarray, first_spacing_mm: float = 1.5) -> Volume:
    return Volume(array, Geometry(np.diag([first_spacing_mm, 6.0, 2.0, 1.0]), array.shape))


def make_box(start: int, stop: int) -> Volume:
    array = np.zeros(SHAPE, dtype=bool)
    array[start:stop, 1:3, 1:3] = True
    return make_volume(array)


def masks() -> st.SearchStrategy[np.ndarray]:
    return arrays(np.bool_, SHAPE)


def labels() -> st.SearchStrategy[np.ndarray]:
    return arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 0, 1, 2, 255]))


def dice_by_loop(pred: np.ndarray, ref: np.ndarray) -> float:
    shared = sum(bool(p) and bool(r) for p, r in zip(pred.ravel(), ref.ravel(), strict=True))
    either = sum(map(bool, pred.ravel())) + sum(map(bool, ref.ravel()))
    return 2 * shared / either if either else math.nan


def test_shifted_boxes_by_hand() -> None:
    found = overlap(pred=make_box(1, 5), ref=make_box(0, 3))  # 16 and 12 voxels, 8 shared
    assert (found.pred_ml, found.ref_ml, found.shared_ml) == pytest.approx((16 * VOXEL_ML, 12 * VOXEL_ML, 8 * VOXEL_ML))
    assert found.dice == pytest.approx(16 / 28)
    assert found.volume_error_ml == pytest.approx(4 * VOXEL_ML)
    assert found.volume_ratio == pytest.approx(16 / 12)


@settings(max_examples=50, deadline=None)
@given(pred=masks(), ref=masks())
def test_dice_is_that_of_a_loop_and_of_monai(pred: np.ndarray, ref: np.ndarray) -> None:
    ours = dice(pred=make_volume(pred), ref=make_volume(ref))
    theirs = compute_dice(torch.from_numpy(pred)[None, None], torch.from_numpy(ref)[None, None], ignore_empty=True)
    np.testing.assert_equal(dice(pred=pred, ref=ref), dice_by_loop(pred, ref))
    assert ours == pytest.approx(dice_by_loop(pred, ref), nan_ok=True)
    if ref.any():  # MONAI calls some prediction of an empty reference undefined; here it is 0
        assert ours == pytest.approx(theirs.item(), abs=1e-6)


@pytest.mark.parametrize(
    ("pred_voxels", "ref_voxels", "dice_value", "error_sign", "ratio"),
    [(0, 0, math.nan, 0, math.nan), (3, 0, 0.0, 1, math.nan), (0, 3, 0.0, -1, 0.0), (3, 3, 1.0, 0, 1.0)],
)
def test_the_table_of_empty_cases(
    pred_voxels: int, ref_voxels: int, dice_value: float, error_sign: int, ratio: float
) -> None:
    pred, ref = make_box(0, pred_voxels), make_box(0, ref_voxels)
    found = overlap(pred=pred, ref=ref)
    np.testing.assert_equal([found.dice, found.volume_ratio], [dice_value, ratio])
    np.testing.assert_equal([dice(pred=pred, ref=ref), dice(pred=pred.array, ref=ref.array)], [dice_value] * 2)
    assert np.sign(found.volume_error_ml) == error_sign


@settings(max_examples=50, deadline=None)
@given(pred=labels(), ref=labels())
def test_each_class_has_the_overlap_of_its_mask(pred: np.ndarray, ref: np.ndarray) -> None:
    found = overlap_by_class(pred=make_volume(pred), ref=make_volume(ref))
    assert set(found) == (set(np.unique(pred)) | set(np.unique(ref))) - {0}
    for value, one in found.items():
        alone = overlap(pred=make_volume(pred == value), ref=make_volume(ref == value))
        assert vars(one) == pytest.approx(vars(alone))


def test_large_volumes_are_counted_in_slabs_to_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    pred, ref = (make_volume(rng.integers(0, 4, (7, 5, 3)).astype(np.uint8)) for _ in range(2))
    whole = overlap_by_class(pred=pred, ref=ref)
    monkeypatch.setattr("crmo_seg.evaluation.voxel._SLAB_VOXELS", 30)
    assert overlap_by_class(pred=pred, ref=ref) == whole


def test_metrics_do_not_depend_on_axis_order() -> None:
    pred, ref = make_box(1, 5), make_box(0, 3)
    turned = [volume.transposed((2, 0, 1), (True, False, True)) for volume in (pred, ref)]
    assert vars(overlap(pred=turned[0], ref=turned[1])) == pytest.approx(vars(overlap(pred=pred, ref=ref)))


def test_pooled_adds_volumes() -> None:
    assert pooled([Overlap(1, 2, 1), Overlap(3, 2, 0)]) == Overlap(4, 4, 1)
    assert math.isnan(pooled([]).dice)


def test_other_grids_and_shapes_are_refused() -> None:
    box = make_box(0, 3)
    other = make_volume(box.array, first_spacing_mm=1.6)
    for compare in (overlap, overlap_by_class, dice):
        with pytest.raises(GeometryError, match="different grids"):
            compare(pred=other, ref=box)
    with pytest.raises(GeometryError, match="differ in shape"):
        dice(pred=np.zeros((2, 2, 2)), ref=np.zeros((2, 2, 3)))
