import numpy as np
import pytest
from builders import make_geometry

from crmo_seg.evaluation.lesionwise import LesionCounts, compare_lesions
from crmo_seg.training.operating_point import (
    Candidates,
    OperatingPoint,
    candidates,
    candidates_by_threshold,
    choose_operating_point,
)
from crmo_seg.volume import Array, Volume

VOXEL_ML = 0.05


def scan(ref_lesions: int, components: list[tuple[float, int | None]]) -> Candidates:
    """Components (ml, the reference lesion that they meet)."""
    meets = np.array([[hit == row for _, hit in components] for row in range(ref_lesions)], dtype=bool)
    volumes_ml, peaks = np.array([ml for ml, _ in components]), np.ones(len(components), np.float32)
    return Candidates(volumes_ml, meets.reshape(ref_lesions, len(components)), peaks)


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_are_those_of_the_evaluation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    share = (0.01, 0.1, 0.3)[seed % 3]
    pred, ref = rng.random((12, 11, 9)) < share, rng.random((12, 11, 9)) < share / 2
    geometry = make_geometry((12, 11, 9), (5.0, 5.0, 2.0))
    expected = compare_lesions(pred=Volume(pred, geometry), ref=Volume(ref, geometry)).any_overlap
    assert candidates(pred, ref, VOXEL_ML).counts() == expected


@pytest.mark.parametrize(("pred_size", "ref_size"), [(0, 0), (2, 0), (0, 2)])
def test_empty_masks(pred_size: int, ref_size: int) -> None:
    pred, ref = (np.zeros((5, 5, 5), bool) for _ in range(2))
    pred[:pred_size, 0, 0] = ref[:ref_size, 0, 0] = True
    counts = candidates(pred, ref, VOXEL_ML).counts()
    assert counts == LesionCounts(ref_size // 2, pred_size // 2, 0, pred_size // 2)


def test_the_threshold_that_drops_the_false_lesion_is_chosen() -> None:
    probability, ref = np.zeros((10, 4, 4), np.float32), np.zeros((10, 4, 4), bool)
    probability[:2, 0, 0], probability[7:9, 0, 0] = 0.97, 0.75
    ref[:2, 0, 0] = True
    point = choose_operating_point([candidates_by_threshold(probability, ref, VOXEL_ML)])
    assert point.threshold == 0.8
    assert point.minimum_lesion_ml == 0.1
    assert point.counts == LesionCounts(1, 1, 1, 0)


def test_the_smallest_volume_that_drops_the_specks_is_chosen() -> None:
    point = choose_operating_point([{0.5: scan(1, [(2.0, 0), (0.12, None), (0.18, None)])}])
    assert point == OperatingPoint(0.5, 0.2, counts=LesionCounts(1, 1, 1, 0))


def test_the_least_peak_that_drops_what_the_model_is_nowhere_sure_of_is_chosen() -> None:
    """A threshold that drops the false mark would leave less than a twentieth of the true one."""
    probability, ref = np.zeros((14, 6, 6), np.float32), np.zeros((14, 6, 6), bool)
    ref[:4, :4, :4] = True
    probability[:4, :4, :4] = 0.55
    probability[2, 2, 2] = 0.97
    probability[7:11, :4, :4] = 0.75  # as large, and false
    point = choose_operating_point([candidates_by_threshold(probability, ref, VOXEL_ML)])
    assert point == OperatingPoint(0.5, 0.1, 0.8, LesionCounts(1, 1, 1, 0))


def test_equal_f1_goes_to_fewer_false_positives_then_to_the_default() -> None:
    found_half = scan(2, [(1.0, 0)])  # F1 2/3 without, and with two false positives that find the other too
    all_found = scan(2, [(1.0, 0), (1.0, 1), (1.0, None), (1.0, None)])
    assert found_half.counts().f1 == pytest.approx(all_found.counts().f1)
    assert choose_operating_point([{0.3: all_found, 0.9: found_half}]).threshold == 0.9
    assert choose_operating_point([{0.1: found_half, 0.6: found_half, 0.98: found_half}]).threshold == 0.6


def test_scans_are_pooled() -> None:
    better_here = {0.5: scan(1, []), 0.9: scan(1, [(1.0, 0)])}
    better_there = {0.5: scan(3, [(1.0, 0), (1.0, 1), (1.0, 2)]), 0.9: scan(3, [])}
    assert choose_operating_point([better_here, better_there]).threshold == 0.5


def test_a_threshold_that_leaves_only_the_cores_is_not_considered() -> None:
    probability, ref = np.zeros((12, 6, 6), np.float32), np.zeros((12, 6, 6), bool)
    ref[:4, :4, :4] = True
    probability[:4, :4, :4] = 0.75
    probability[1:3, 1:3, 1:3] = 0.99  # the core alone has a Dice of 0.22
    probability[9:11, 0, 0] = 0.92  # false
    scans = [candidates_by_threshold(probability, ref, VOXEL_ML)]
    assert scans[0][0.98].counts().f1 == 1.0
    point = choose_operating_point(scans)
    assert point.threshold == 0.5
    assert point.minimum_lesion_ml == 0.15, "the false one is dropped by its volume"


def test_the_default_is_considered_where_another_threshold_has_a_better_dice() -> None:
    probability, ref = np.zeros((12, 6, 6), np.float32), np.zeros((12, 6, 6), bool)
    ref[:4, :4, :4] = True
    probability[:4, :4, :4] = 0.45
    probability[1:3, 1:3, 1:3] = 0.6
    probability[9:12, 3:6, 0:4] = 0.42  # large and false
    point = choose_operating_point([candidates_by_threshold(probability, ref, VOXEL_ML)])
    assert point.threshold == 0.5
    assert point.counts == LesionCounts(1, 1, 1, 0)


@pytest.mark.parametrize("scans", [[], [{0.5: scan(0, []), 0.9: scan(0, [(1.0, None)])}]])
def test_without_reference_lesions_the_defaults_stay(scans: list[dict[float, Candidates]]) -> None:
    assert choose_operating_point(scans) == OperatingPoint()


def test_voxels_of_the_threshold_itself_are_inside() -> None:
    probability: Array = np.zeros((4, 4, 4), np.float32)
    probability[:2, 0, 0] = 0.5
    found = candidates_by_threshold(probability, probability > 0, VOXEL_ML)
    assert found[0.5].counts().n_found == 1
    assert found[0.6].counts().n_found == 0
