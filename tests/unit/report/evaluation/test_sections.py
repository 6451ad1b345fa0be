"""Which part of the page is there for which cohort."""

from __future__ import annotations

from dataclasses import replace

from evaluation_builders import FEW_SAMPLES, edema_case, mixed_cases, mixed_summary

from crmo_seg.evaluation.cohort import CaseMetrics, CohortSummary, summarise
from crmo_seg.evaluation.comparison import compare_cohorts
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.report.evaluation.sections import sections


def headings(summary: CohortSummary) -> list[str]:
    return [section.heading for section in sections(summary)]


def test_edema_with_confidence_and_comparison_has_all_parts() -> None:
    compared = compare_cohorts(mixed_cases(), mixed_cases(), FEW_SAMPLES)
    assert headings(replace(mixed_summary(), comparison=compared)) == [
        "Lesions", "FROC", "Lesions by size", "Patients and lesion-free scans", "Voxels, surfaces, volumes",
        "Edema volume: Bland-Altman", "Calibration of confidence", "Against the other predictions",
        "What is undefined, and why",
    ]  # fmt: skip


def test_without_confidence_there_is_neither_froc_nor_calibration() -> None:
    summary = summarise([edema_case(c, ref=[(0, 4)], pred=[(0, 4)]) for c in "ab"], FEW_SAMPLES)
    assert not {"FROC", "Calibration of confidence"} & set(headings(summary))


def test_a_cohort_without_lesions_has_no_curve() -> None:
    summary = summarise([edema_case(c, ref=[], pred=[(0, 4)], confidence=[0.7]) for c in "ab"], FEW_SAMPLES)
    assert "FROC" not in headings(summary)
    assert "Edema volume: Bland-Altman" in headings(summary)


def test_a_cohort_in_which_nothing_is_marked() -> None:
    summary = summarise([edema_case(c, ref=[], pred=[]) for c in "ab"], FEW_SAMPLES)
    assert "Patients and lesion-free scans" in headings(summary)


def test_another_head_has_dice_only() -> None:
    cases = [CaseMetrics(c, c, {"hippocampus": {"1": Overlap(1, 1, 1)}}) for c in "ab"]
    assert headings(summarise(cases, FEW_SAMPLES)) == ["Dice by class"]


def test_scans_outside_the_limits_of_agreement_are_named() -> None:
    cases = [edema_case(f"case{n}", ref=[(0, 3)], pred=[(0, 3)]) for n in range(20)]
    cases.append(edema_case("far", ref=[(0, 3)], pred=[(0, 20)]))
    volumes = next(one for one in sections(summarise(cases, FEW_SAMPLES)) if one.heading.startswith("Edema volume"))
    assert volumes.figures[0].caption == "A point a scan. Rings: outside the limits of agreement: far (1.70 ml)."


def test_names_of_figures_are_unique() -> None:
    names = [figure.name for section in sections(mixed_summary()) for figure in section.figures]
    assert names == ["froc", "strata", "bland_altman", "calibration"]
