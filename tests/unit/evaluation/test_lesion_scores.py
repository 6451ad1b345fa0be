"""BraTS, panoptic quality and autoPET: by hand, by loops, on real maps, and numbers that the peers gave."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from crmo_seg.evaluation.lesion_scores import (
    LesionScores,
    PanopticQuality,
    brats_lesionwise_dice,
    lesion_scores,
    panoptic_quality,
    pooled_panoptic,
)
from crmo_seg.evaluation.lesionwise import match_lesions
from crmo_seg.io.nifti import read_labels
from crmo_seg.volume import Volume

Box = tuple[int, int]
VOXEL_ML = 0.1


def rods(*boxes: Box) -> Volume:
    array = np.zeros((40, 5, 5), dtype=bool)
    for start, stop in boxes:
        array[start:stop, 2, 2] = True
    return make_volume(array, (2.0, 5.0, 10.0))


def scores(pred: Volume, ref: Volume, minimum_ml: float = 0.1) -> LesionScores:
    matched = match_lesions(pred=pred, ref=ref, minimum_ml=minimum_ml)
    return lesion_scores(matched, pred=pred, ref=ref, minimum_ml=minimum_ml)


def brats_by_loop(pred: np.ndarray, ref: np.ndarray, dilations: int, minimum_voxels: int) -> float:
    """The definition read aloud: grow the reference, take its components one by one."""
    near, far = np.ones((3, 3, 3)), ndimage.generate_binary_structure(3, 2)
    grown = ndimage.binary_dilation(ref, far, dilations) if dilations else ref
    regions, n_regions = ndimage.label(grown, near)
    components, n_components = ndimage.label(pred, near)
    used: set[int] = set()
    values = []
    for number in range(1, n_regions + 1):
        lesion = ref & (regions == number)
        reach = ndimage.binary_dilation(lesion, far, dilations) if dilations else lesion
        hits = set(np.unique(components[reach])) - {0}
        used |= hits
        mine = np.isin(components, list(hits))
        if lesion.sum() >= minimum_voxels:
            values.append(2 * (mine & lesion).sum() / (mine.sum() + lesion.sum()))
    values += [0.0] * (n_components - len(used))
    return float(np.mean(values)) if values else math.nan


@pytest.mark.parametrize(
    ("pred", "ref", "counts", "quality", "brats_undilated", "brats_once"),
    [
        ([(1, 5), (20, 24)], [(0, 4), (20, 24)], (2, 0, 0), 0.8, 0.875, 0.875),
        ([(0, 10)], [(0, 4), (6, 10)], (0, 1, 2), 0.0, 4 / 7, 8 / 9),
        ([(0, 4), (6, 10)], [(0, 10)], (0, 2, 1), 0.0, 8 / 9, 8 / 9),
        ([(0, 5)], [(0, 10)], (1, 0, 0), 0.5, 2 / 3, 2 / 3),
        ([(0, 4), (30, 33)], [(0, 4), (10, 14)], (1, 1, 1), 0.5, 1 / 3, 1 / 3),
    ],
    ids=["shifted", "merged", "split", "half", "false and missed"],
)
def test_numbers_that_panoptica_2_1_7_and_a_transcription_of_brats_2023_gave(
    pred: list[Box],
    ref: list[Box],
    counts: tuple[int, int, int],
    quality: float,
    brats_undilated: float,
    brats_once: float,
) -> None:
    found, wanted = rods(*pred), rods(*ref)
    panoptic = scores(found, wanted).panoptic
    assert (panoptic.n_true, panoptic.n_false_positive, panoptic.n_missed) == counts
    assert panoptic.quality == pytest.approx(quality)
    for dilations, value in ((0, brats_undilated), (1, brats_once)):
        assert brats_lesionwise_dice(pred=found, ref=wanted, dilations=dilations) == pytest.approx(value)
    assert scores(found, wanted).brats_dice == pytest.approx(brats_once)


def test_merged_and_split_lesions_by_hand() -> None:
    """Two of 4 voxels, 2 apart, under one of 10: 18 neighbours join them when grown by one."""
    merged = scores(rods((0, 10)), rods((0, 4), (6, 10)))
    assert merged.brats_dice == pytest.approx(2 * 8 / (10 + 8))
    apart = scores(rods((0, 11)), rods((0, 4), (7, 11)))  # 3 apart: they stay two, each against the whole prediction
    assert apart.brats_dice == pytest.approx((2 * 4 / 15 + 2 * 4 / 15) / 2)
    split = scores(rods((0, 2), (3, 10)), rods((0, 10)))
    assert split.panoptic == PanopticQuality(1, 1, 0, pytest.approx(0.7))  # type: ignore[arg-type]
    assert split.panoptic.quality == pytest.approx(0.7 / 1.5)


def test_small_reference_lesions_are_left_out_but_forgive() -> None:
    ref, pred = rods((0, 1), (10, 14)), rods((0, 1), (10, 14))
    assert brats_lesionwise_dice(pred=pred, ref=ref, minimum_ml=2 * VOXEL_ML) == 1.0
    assert brats_lesionwise_dice(pred=pred, ref=rods((10, 14)), minimum_ml=2 * VOXEL_ML) == 0.5
    assert brats_lesionwise_dice(pred=pred, ref=ref, minimum_ml=VOXEL_ML) == 1.0


def test_volumes_of_autopet_by_hand() -> None:
    found = scores(rods((0, 4), (20, 23), (30, 31)), rods((3, 6), (10, 12)), minimum_ml=0.2)
    assert found.false_positive_ml == pytest.approx(4 * VOXEL_ML)  # the single voxel too
    assert found.false_negative_ml == pytest.approx(2 * VOXEL_ML)


@pytest.mark.parametrize(
    ("pred", "ref", "brats", "quality", "segmentation", "volumes"),
    [
        ([], [], math.nan, math.nan, math.nan, (0.0, 0.0)),
        ([(0, 3)], [], 0.0, 0.0, math.nan, (0.3, 0.0)),
        ([], [(0, 3)], 0.0, 0.0, math.nan, (0.0, 0.3)),
        ([(0, 3)], [(0, 3)], 1.0, 1.0, 1.0, (0.0, 0.0)),
    ],
)
def test_the_table_of_empty_cases(
    pred: list[Box], ref: list[Box], brats: float, quality: float, segmentation: float, volumes: tuple[float, float]
) -> None:
    found = scores(rods(*pred), rods(*ref))
    panoptic = found.panoptic
    np.testing.assert_allclose(
        [found.brats_dice, panoptic.quality, panoptic.recognition_quality, panoptic.segmentation_quality],
        [brats, quality, quality, segmentation],
    )
    assert (found.false_positive_ml, found.false_negative_ml) == pytest.approx(volumes)


sparse = st.sampled_from([True, False, False, False])


@settings(max_examples=40, deadline=None)
@given(
    pred=arrays(np.bool_, (7, 5, 6), elements=sparse),
    ref=arrays(np.bool_, (7, 5, 6), elements=sparse),
    dilations=st.integers(0, 2),
    minimum_voxels=st.integers(1, 3),
)
def test_brats_is_that_of_a_loop(pred: np.ndarray, ref: np.ndarray, dilations: int, minimum_voxels: int) -> None:
    volumes = [make_volume(mask, (2.0, 5.0, 10.0)) for mask in (pred, ref)]
    ours = brats_lesionwise_dice(
        pred=volumes[0], ref=volumes[1], minimum_ml=minimum_voxels * VOXEL_ML, dilations=dilations
    )
    np.testing.assert_allclose(ours, brats_by_loop(pred, ref, dilations, minimum_voxels))


def test_scans_are_added_up() -> None:
    one, two = PanopticQuality(1, 0, 0, 0.5), PanopticQuality(1, 2, 1, 1.0)
    assert pooled_panoptic([one, two]) == PanopticQuality(2, 2, 1, 1.5)
    assert math.isnan(pooled_panoptic([]).quality)
    assert panoptic_quality(np.zeros((1, 1), dtype=np.int64)) == PanopticQuality(0, 0, 0, 0.0)


def changed(mask: np.ndarray, kind: str) -> np.ndarray:
    if kind == "shifted":
        return np.roll(mask, 2, axis=0)
    if kind == "eroded":
        return ndimage.binary_erosion(mask)
    if kind == "merged":
        return ndimage.binary_closing(mask, iterations=3) | mask
    split = mask.copy()
    split[:, :, ::4] = False
    return split


@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["shifted", "eroded", "merged", "split"])
@pytest.mark.parametrize("name", ["patient02", "patient03"])
def test_expert_maps_against_changed_copies(shared_data: Path, name: str, kind: str) -> None:
    ref = read_labels(shared_data / "ms_lesion_maps" / "cross_sectional" / f"{name}.nii.gz")
    box = ndimage.find_objects(ref.array)[0]
    mask = np.pad(ref.array[box] > 0, 8)
    pred = changed(mask, kind)
    found = scores(make_volume(pred), make_volume(mask), minimum_ml=0.003)
    assert found.brats_dice == pytest.approx(brats_by_loop(pred, mask, 1, 3))
    near = np.ones((3, 3, 3))
    components, n = ndimage.label(pred, near)
    alone = [number for number in range(1, n + 1) if not (mask & (components == number)).any()]
    assert found.false_positive_ml == pytest.approx(np.isin(components, alone).sum() / 1000)
