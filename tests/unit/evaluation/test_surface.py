"""Distances between surfaces: by hand, against MONAI, and against numbers that surface-distance gave."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from builders import make_volume
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from monai.metrics import compute_surface_dice

from crmo_seg.evaluation.surface import compare_surfaces, surface_distances
from crmo_seg.volume import GeometryError, Volume

pytestmark = pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")  # MONAI, of itself

SPACING_MM = (1.25, 6.0, 1.25)
SHAPE = (24, 10, 24)


def ball(centre_mm: tuple[float, float, float], radius_mm: float) -> Volume:
    places = np.moveaxis(np.indices(SHAPE), 0, -1) * np.array(SPACING_MM)
    return make_volume(np.linalg.norm(places - np.array(centre_mm), axis=-1) <= radius_mm, SPACING_MM)


BALLS = {
    "shifted": (ball((14, 28, 14), 9), ball((16, 31, 13), 9)),
    "smaller": (ball((14, 28, 14), 6), ball((14, 28, 14), 10)),
    "border": (ball((0, 3, 2), 9), ball((2, 0, 0), 10)),
}


@pytest.mark.parametrize(
    ("name", "dice_at_1_3_6_mm", "hausdorff95_mm", "ref_to_pred_mm", "pred_to_ref_mm"),
    [
        ("shifted", (0.537476, 0.898671, 1.0), 3.952847, 1.037702, 0.965597),
        ("smaller", (0.207087, 0.468869, 0.995941), 6.0, 3.233562, 1.786929),
        ("border", (0.77315, 0.975716, 1.0), 2.5, 0.559259, 0.229714),
    ],
)
def test_numbers_that_surface_distance_0_1_gave(
    name: str,
    dice_at_1_3_6_mm: tuple[float, ...],
    hausdorff95_mm: float,
    ref_to_pred_mm: float,
    pred_to_ref_mm: float,
) -> None:
    pred, ref = BALLS[name]
    found = surface_distances(pred=pred, ref=ref)
    assert [found.surface_dice(mm) for mm in (1, 3, 6)] == pytest.approx(dice_at_1_3_6_mm, abs=1e-6)
    assert found.hausdorff95_mm == pytest.approx(hausdorff95_mm, abs=1e-6)
    back = found.ref_to_pred_mm @ found.ref_areas_mm2
    forth = found.pred_to_ref_mm @ found.pred_areas_mm2
    assert back / found.ref_areas_mm2.sum() == pytest.approx(ref_to_pred_mm, abs=1e-6)
    assert forth / found.pred_areas_mm2.sum() == pytest.approx(pred_to_ref_mm, abs=1e-6)
    both = (back + forth) / (found.ref_areas_mm2.sum() + found.pred_areas_mm2.sum())
    assert found.average_mm == pytest.approx(both)


@settings(max_examples=25, deadline=None)
@given(pred=arrays(np.bool_, (5, 4, 6)), ref=arrays(np.bool_, (5, 4, 6)))
def test_surface_dice_is_that_of_monai(pred: np.ndarray, ref: np.ndarray) -> None:
    if not pred.any() or not ref.any():
        return
    tensors = [torch.from_numpy(np.pad(mask, 2))[None, None] for mask in (pred, ref)]
    for tolerance_mm in (0.7, 2.0, 6.5):  # between the distances of such a grid
        theirs = compute_surface_dice(
            *tensors, [tolerance_mm], include_background=True, spacing=SPACING_MM, use_subvoxels=True
        )
        ours = surface_distances(pred=make_volume(pred, SPACING_MM), ref=make_volume(ref, SPACING_MM))
        assert ours.surface_dice(tolerance_mm) == pytest.approx(theirs.item(), abs=1e-5)


def test_a_shifted_cube_by_hand() -> None:
    masks = np.zeros((2, 20, 9, 9), dtype=bool)
    masks[0, 2:8, 2:7, 2:7] = masks[1, 5:11, 2:7, 2:7] = True  # shifted by 3 voxels of 2 mm
    pred, ref = (make_volume(mask, (2.0, 2.0, 2.0)) for mask in masks)
    found = surface_distances(pred=pred, ref=ref)
    assert found.pred_to_ref_mm.max() == found.ref_to_pred_mm.max() == pytest.approx(6.0)
    assert found.hausdorff95_mm == pytest.approx(6.0)  # the far end is more than 5 % of the surface
    assert found.surface_dice(6.0) == 1.0  # a tolerance of exactly the shift
    same = compare_surfaces(pred=pred, ref=pred, tolerance_mm=0.0)
    assert (same.surface_dice, same.hausdorff95_mm, same.average_surface_distance_mm) == (1.0, 0.0, 0.0)


def test_one_slice_is_the_largest_spacing() -> None:
    mask = np.zeros((5, 8, 5), dtype=bool)
    mask[1:4, 2:4, 1:4] = True
    ref = make_volume(mask, SPACING_MM)
    found = compare_surfaces(pred=ref.with_array(np.roll(mask, 1, axis=1)), ref=ref, tolerance_mm=3.0)
    assert (found.surface_dice_one_slice, found.hausdorff95_mm) == (1.0, pytest.approx(6.0))
    assert found.surface_dice < 1.0


@pytest.mark.parametrize(("n_pred", "n_ref", "dice"), [(0, 0, math.nan), (2, 0, 0.0), (0, 2, 0.0), (2, 2, 1.0)])
def test_the_table_of_empty_cases(n_pred: int, n_ref: int, dice: float) -> None:
    masks = np.zeros((2, 4, 4, 4), dtype=bool)
    masks[0, :n_pred, 1, 1] = masks[1, :n_ref, 1, 1] = True
    found = compare_surfaces(pred=make_volume(masks[0]), ref=make_volume(masks[1]), tolerance_mm=1.0)
    distance = 0.0 if n_pred and n_ref else math.nan
    np.testing.assert_equal(
        [found.surface_dice, found.surface_dice_one_slice, found.hausdorff95_mm, found.average_surface_distance_mm],
        [dice, dice, distance, distance],
    )


def test_other_grids_are_refused() -> None:
    mask = np.ones((3, 3, 3), dtype=bool)
    with pytest.raises(GeometryError, match="different grids"):
        surface_distances(pred=make_volume(mask, (2.0, 1.0, 1.0)), ref=make_volume(mask))
