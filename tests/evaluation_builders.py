"""Small cohorts for tests of what is shown and written: lesions are rods of 0.1 ml a voxel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crmo_seg.evaluation.calibration import voxel_reliability
from crmo_seg.evaluation.case import CaseMetrics, measure_lesions
from crmo_seg.evaluation.cohort import CohortSummary, summarise
from crmo_seg.evaluation.lesion_table import with_confidence
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.evaluation.surface import compare_surfaces
from crmo_seg.evaluation.voxel import overlap
from crmo_seg.volume import Geometry, Volume

SHAPE = (30, 8, 20)
FEW_SAMPLES = EvaluationSettings(bootstrap_repeats=40)

Rods = Sequence[tuple[int, int]]


def rods(*along_x: tuple[int, int]) -> Volume:
    """A mask of rods along the first axis, (start, stop) each."""
    array = np.zeros(SHAPE, dtype=np.uint8)
    for start, stop in along_x:
        array[start:stop, 4, 10] = 1
    return Volume(array, Geometry(np.diag([2.0, 5.0, 10.0, 1.0]), SHAPE))


def edema_case(
    case_id: str, *, ref: Rods, pred: Rods, confidence: Sequence[float] = (), patient_id: str = ""
) -> CaseMetrics:
    """A scan with everything that is measured of edema; without confidences the lesions have none."""
    volumes = {"pred": rods(*pred), "ref": rods(*ref)}
    measured = measure_lesions(**volumes)
    table = with_confidence(measured.table, confidence) if confidence else measured.table
    probability = volumes["pred"].array * np.float32(0.75)
    return CaseMetrics(
        case_id,
        patient_id or case_id,
        {"edema": {"edema": overlap(**volumes)}},
        measured.agreement,
        {"edema": {"edema": compare_surfaces(**volumes, tolerance_mm=3.0)}},
        table,
        measured.scores,
        voxel_reliability(probability=probability, ref=volumes["ref"].array) if confidence else None,
    )


def mixed_cases() -> list[CaseMetrics]:
    """Found, half found with a false lesion, missed, a false lesion on an empty scan, and nothing at all."""
    return [
        edema_case("found", ref=[(0, 4)], pred=[(0, 4)], confidence=[0.9]),
        edema_case("half", ref=[(0, 4), (10, 14)], pred=[(1, 5), (20, 23)], confidence=[0.8, 0.6]),
        edema_case("missed", ref=[(0, 7)], pred=[]),
        edema_case("false", ref=[], pred=[(0, 3)], confidence=[0.55]),
        edema_case("empty", ref=[], pred=[]),
    ]


def mixed_summary() -> CohortSummary:
    return summarise(mixed_cases(), FEW_SAMPLES)
