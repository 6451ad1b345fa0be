"""The tables that the terminal shows."""

from __future__ import annotations

import io
from dataclasses import replace

from evaluation_builders import FEW_SAMPLES, edema_case
from rich.console import Console

from crmo_seg.evaluation.cohort import CaseMetrics, CohortSummary, summarise
from crmo_seg.evaluation.lesionwise import LesionAgreement, LesionCounts
from crmo_seg.evaluation.readers import reader_agreement
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.report.console import cohort_tables


def shown(summary: CohortSummary) -> str:
    file = io.StringIO()
    Console(file=file, width=160, force_terminal=False).print(cohort_tables(summary))
    return file.getvalue()


def test_dice_and_lesions_are_shown() -> None:
    lesions = LesionAgreement(LesionCounts(4, 5, 3, 2), LesionCounts(4, 5, 2, 3), n_large_ref=2, n_large_found=1)
    healthy = LesionAgreement(LesionCounts(0, 0, 0, 0), LesionCounts(0, 0, 0, 0), 0, 0)
    text = shown(
        summarise(
            [
                CaseMetrics("a", "A", {"edema": {"edema": Overlap(3, 1, 1)}}, lesions),
                CaseMetrics("b", "B", {"edema": {"edema": Overlap(0, 0, 0)}}, healthy),
            ]
        )
    )
    for part in ("scans: 2, patients: 2", "0.500 (1 of 2)", "any overlap", "IoU ≥ 0.1", "0.750", "0.600", "0.667"):
        assert part in text, part
    assert "sensitivity from 0.5 ml: 0.500 (2 lesions)" in text


def test_without_lesions_there_is_one_table() -> None:
    classes = {"1": Overlap(1, 1, 1), "2": Overlap(1, 3, 1)}
    text = shown(summarise([CaseMetrics("a", "A", {"hippocampus": classes})]))
    assert "mean of classes" in text
    assert "0.750" in text
    assert "Lesions" not in text


def test_readers_are_shown_beside_the_prediction() -> None:
    near, same = ([edema_case(c, ref=[(0, 10)], pred=[(s, 10 + s)]) for c in "ab"] for s in (1, 0))
    pairs = {("reference", "anna"): same, ("reference", "prediction"): near, ("anna", "prediction"): near}
    text = shown(replace(summarise(near), readers=reader_agreement(pairs, "prediction", FEW_SAMPLES)))
    for part in ("Several readers", "-0.100", "prediction with readers"):
        assert part in text, part
