"""From the files of a case to its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.cases import Case
from crmo_seg.evaluation.calibration import voxel_reliability
from crmo_seg.evaluation.case import CaseMetrics, measure_lesions
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.evaluation.surface import SurfaceAgreement, compare_surfaces
from crmo_seg.evaluation.voxel import Overlap, overlap, overlap_by_class
from crmo_seg.jobs.evaluation.confidence import add_confidence, read_known_lesions
from crmo_seg.jobs.evaluation.reading import read_bones, read_pair, read_probability
from crmo_seg.jobs.output import LESIONS_FILE
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.volume import Volume


def measure_case(case: Case, predictions: Path, heads: Sequence[str], settings: EvaluationSettings) -> CaseMetrics:
    """All metrics of one case.

    Args:
        case: with its labels.
        predictions: the folder that holds a folder for each case.
        heads: those that were predicted.
        settings: definitions.

    Raises:
        InputError: where a file is missing, on another grid than its label, or holds values that are no labels.
    """
    metrics = CaseMetrics(case.case_id, case.patient_id)
    for head in (name for name in heads if name in case.labels):
        pred, ref = read_pair(case, predictions, head)
        classes = _overlaps(head, pred=pred, ref=ref)
        surfaces = _surfaces(head, list(classes), pred=pred, ref=ref, tolerance_mm=settings.surface_tolerance_mm)
        metrics = replace(
            metrics, heads={**metrics.heads, head: classes}, surfaces={**metrics.surfaces, head: surfaces}
        )
        if head == EDEMA:
            metrics = _with_lesions(metrics, case, predictions, (pred, ref), settings)
    return metrics


def _with_lesions(
    metrics: CaseMetrics, case: Case, predictions: Path, pair: tuple[Volume, Volume], settings: EvaluationSettings
) -> CaseMetrics:
    pred, ref = pair
    bones, probability = read_bones(case, predictions, ref), read_probability(case, predictions, ref)
    measured = measure_lesions(pred=pred, ref=ref, bones=bones, probability=probability, settings=settings)
    table = measured.table
    if probability is None:
        table = add_confidence(table, read_known_lesions(predictions / case.case_id / LESIONS_FILE))
    calibration = voxel_reliability(probability=probability.array, ref=ref.array) if probability else None
    return replace(
        metrics, lesions=measured.agreement, table=table, scores=measured.scores, voxel_calibration=calibration
    )


def _overlaps(head: str, *, pred: Volume, ref: Volume) -> dict[str, Overlap]:
    if head == EDEMA:
        return {EDEMA: overlap(pred=pred, ref=ref)}
    return {_class_name(head, value): found for value, found in overlap_by_class(pred=pred, ref=ref).items()}


def _surfaces(
    head: str, names: Sequence[str], *, pred: Volume, ref: Volume, tolerance_mm: float
) -> dict[str, SurfaceAgreement]:
    values = [1] if head == EDEMA else [_class_value(head, name) for name in names]
    masks = ([volume.with_array(volume.array == value) for volume in (pred, ref)] for value in values)
    compared = [compare_surfaces(pred=found, ref=wanted, tolerance_mm=tolerance_mm) for found, wanted in masks]
    return dict(zip(names, compared, strict=True))


def _class_name(head: str, value: int) -> str:
    return HEAD_CLASSES[value - 1] if head == BONES else str(value)


def _class_value(head: str, name: str) -> int:
    return HEAD_CLASSES.index(name) + 1 if head == BONES else int(name)
