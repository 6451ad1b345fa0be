"""The tables of the page, cell by cell where they can be computed by hand."""

from __future__ import annotations

from evaluation_builders import FEW_SAMPLES, edema_case, mixed_cases, mixed_summary

from crmo_seg.evaluation.cohort import CaseMetrics, summarise
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.report.console import UNDEFINED
from crmo_seg.report.evaluation.elements import PageTable
from crmo_seg.report.evaluation.tables import (
    calibration_table,
    case_table,
    class_table,
    froc_table,
    lesion_free_table,
    metric_table,
    patient_table,
    rule_table,
    stratum_table,
    volume_table,
)


def cells(table: PageTable, column: int = 1) -> dict[str, str]:
    assert all(len(row) == len(table.columns) for row in table.rows)
    return {row[0]: row[column] for row in table.rows}


def test_both_rules_stand_side_by_side() -> None:
    table = rule_table(mixed_summary())
    assert table.columns[1:] == ("Found by any overlap", "Found by IoU from 0.1, one to one")
    found = cells(table)
    assert (found["reference lesions found"], found["predicted lesions false"]) == ("2 of 4", "2 of 4")
    assert found["sensitivity"].startswith("0.500 (")
    assert found["F1, mean over patients"] == "0.375 (4 of 5 patients)"  # 1, 0.5, 0, 0


def test_metrics_say_of_how_many_patients_they_are() -> None:
    voxels = metric_table(mixed_summary(), by_lesion=False)
    assert (cells(voxels)["Dice"], cells(voxels, 3)["Dice"]) == ("0.350", "4 of 5")
    assert cells(voxels, 3)["Hausdorff 95 % (mm)"] == "2 of 5"
    assert not {name for name in cells(voxels) if name.startswith("lesion")}
    assert set(cells(metric_table(mixed_summary(), by_lesion=True))) == {
        "lesion-wise Dice (BraTS)", "panoptic quality", "false-positive volume (ml)", "false-negative volume (ml)",
    }  # fmt: skip


def test_classes_of_other_heads() -> None:
    case = CaseMetrics("a", "A", {"bones": {"femur": Overlap(1, 1, 1), "thoracic_vertebra": Overlap(1, 3, 1)}})
    assert class_table(mixed_summary()).rows == ()
    assert class_table(summarise([case])).rows == (
        ("bones: femur", "1.00", "1.00", "1"),
        ("bones: thoracic vertebra", "0.500", "0.500", "1"),
    )


def test_beyond_the_end_of_the_curve_stands_a_lower_bound() -> None:
    detail = mixed_summary().detail
    assert detail is not None
    assert detail.froc is not None
    table = froc_table(detail.froc, FEW_SAMPLES)
    # The curve ends at 2 false lesions in 5 scans.
    assert (cells(table)["0.25"], cells(table)["0.5"], cells(table)["8"]) == ("0.500", "≥ 0.500", "≥ 0.500")
    assert "lower bound" in table.note


def test_strata_patients_and_empty_scans() -> None:
    detail = mixed_summary().detail
    assert detail is not None
    table = stratum_table(detail.strata, "size")
    assert cells(table) == {"< 0.5 ml": "2 of 3", "0.5-1 ml": "0 of 1", "1-5 ml": "0 of 0", ">= 5 ml": "0 of 0"}
    assert cells(table, 2)[">= 5 ml"] == UNDEFINED
    assert cells(patient_table(detail.detection, FEW_SAMPLES), 3)["predicted volume"] == "3 with, 2 without"
    free = cells(lesion_free_table(detail.lesion_free))
    assert free["scans without a reference lesion"] == "2"
    assert free["of them without a predicted lesion"] == "1 (0.500)"
    assert free["false positives a scan"] == "0.500 (1 in all)"


def test_volumes_and_calibration() -> None:
    summary = mixed_summary()
    assert summary.volumes is not None
    assert summary.detail is not None
    # Differences in ml: 0, -0.1, -0.7, 0.3, 0.
    assert cells(volume_table(summary.volumes, FEW_SAMPLES))["predicted less reference, mean (ml)"] == "-0.100"
    numbers = cells(calibration_table(summary.detail), 3)
    assert numbers == {"lesions": "4", "voxels": "14"}


def test_without_confidence_there_is_no_calibration() -> None:
    detail = summarise([edema_case("a", ref=[(0, 4)], pred=[(0, 4)])]).detail
    assert detail is not None
    assert calibration_table(detail).rows == ()


def test_every_case_has_a_row() -> None:
    table = case_table(mixed_cases())
    assert table.rows[1] == ("half", "0.400", "0.800", "0.700", "1 of 2", "1 of 2")
    assert table.rows[4] == ("empty", UNDEFINED, "0.000", "0.000", "0 of 0", "0 of 0")
    other = CaseMetrics("a", "A", {"knee": {"1": Overlap(1, 1, 1)}})
    assert case_table([other]).rows == (("a", "1.00"),)
