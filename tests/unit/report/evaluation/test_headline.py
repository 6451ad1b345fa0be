"""The numbers at the head: values by hand, with what they were counted from."""

from __future__ import annotations

from evaluation_builders import edema_case, mixed_summary

from crmo_seg.evaluation.cohort import CaseMetrics, summarise
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.report.evaluation.headline import headline


def test_edema_by_hand() -> None:
    tiles = {tile.label: tile for tile in headline(mixed_summary())}
    # 4 reference lesions (found, two of half, missed), 2 found; 4 predicted, 2 false.
    assert (tiles["Lesions: F1"].value, tiles["Lesions: F1"].counts) == ("0.500", "4 reference, 4 predicted")
    assert tiles["Lesions: sensitivity"].counts == "2 of 4 lesions found"
    assert (tiles["Sensitivity from 0.5 ml"].value, tiles["Sensitivity from 0.5 ml"].counts) == (
        "0.000", "0 of 1 lesions found",
    )  # fmt: skip
    assert (tiles["False positives a scan"].value, tiles["False positives a scan"].counts) == ("0.400", "2 on 5 scans")
    dice = tiles["Dice of edema, mean over patients"]
    # 1, 2 * 3 / 15, 0, 0; the scan with two empty masks has none.
    assert (dice.value, dice.counts) == ("0.350", "4 of 5 patients")
    assert " to " in dice.interval


def test_one_patient_has_no_interval() -> None:
    tiles = headline(summarise([edema_case("a", ref=[(0, 4)], pred=[(0, 4)])]))
    assert {tile.interval for tile in tiles} == {""}
    assert tiles[-2].counts == "1 patient"


def test_another_head_has_its_mean_dice() -> None:
    case = CaseMetrics("a", "A", {"hippocampus": {"1": Overlap(1, 1, 1), "2": Overlap(1, 3, 1)}})
    (tile,) = headline(summarise([case]))
    assert (tile.label, tile.value) == ("Dice of hippocampus, mean over classes and patients", "0.750")
