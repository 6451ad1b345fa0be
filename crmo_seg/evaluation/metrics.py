"""The numbers that a cohort is reported by: one definition for a case, a patient, a cohort and its intervals.

A metric gives each patient a few sums and combines sums to a value. So the value of one case, of one patient and of
all patients, and of a sample of patients in the bootstrap, are the same formula on other sums. Two kinds:

- *mean over patients*: the sums are the patient's value (mean over its scans) and 1, or 0 and 0 where undefined;
- *pooled*: the sums are lesions, scans or ml, added up over all scans.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from crmo_seg.evaluation.case import CaseMetrics, mean_of_defined
from crmo_seg.evaluation.lesion_scores import LesionScores
from crmo_seg.evaluation.lesionwise import LesionAgreement, LesionCounts
from crmo_seg.evaluation.settings import LARGE_LESION_ML
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.keys import EDEMA
from crmo_seg.volume import Float64Array

LARGE_LABEL: Final = f"lesions from {LARGE_LESION_ML:g} ml: sensitivity"

Scans: TypeAlias = Sequence[CaseMetrics]
Better: TypeAlias = Literal["higher", "lower", "near 0"]


@dataclass(frozen=True)
class Metric:
    """A number of a scan, of a patient, of a cohort.

    Attributes:
        name: in files.
        label: in tables and figures.
        better: which way is good.
        pooled: whether scans are added up, or patients averaged.
        tested: whether a comparison tests it; the others are shown with intervals only.
        sums: of the scans of one patient, shape (k,).
        combine: sums, shape (..., k), to values, shape (...).
    """

    name: str
    label: str
    better: Better
    pooled: bool
    tested: bool
    sums: Callable[[Scans], Float64Array]
    combine: Callable[[Float64Array], Float64Array]

    def value(self, scans: Scans) -> float:
        """Of the scans of one patient, or of one scan; NaN where undefined."""
        return float(self.combine(self.sums(scans)))


def mean_metric(
    name: str, label: str, better: Better, value: Callable[[CaseMetrics], float], *, tested: bool = False
) -> Metric:
    """A mean over patients of the mean over each one's scans."""

    def sums(scans: Scans) -> Float64Array:
        mean = mean_of_defined(value(case) for case in scans)
        return np.array([mean.value, 1.0] if mean.n_defined else [0.0, 0.0])

    return Metric(name, label, better, pooled=False, tested=tested, sums=sums, combine=_quotient)


def metrics_of(cases: Scans) -> tuple[Metric, ...]:
    """Those that these cases have values for: edema's, then the mean Dice of every other head."""
    heads = dict.fromkeys(head for case in cases for head in case.heads)
    edema = EDEMA_METRICS if EDEMA in heads else ()
    return edema + tuple(_head_metric(head) for head in heads if head != EDEMA)


def _head_metric(head: str) -> Metric:
    def dice(case: CaseMetrics) -> float:
        return case.mean_dice(head) if head in case.heads else float("nan")

    return mean_metric(f"{head}_dice", f"{head}: mean Dice of classes", "higher", dice, tested=True)


def _quotient(sums: Float64Array) -> Float64Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sums[..., 1] == 0, np.nan, sums[..., 0] / sums[..., 1])


def _f1(sums: Float64Array) -> Float64Array:
    """Of (reference, predicted, found, false) lesions, as ``LesionCounts.f1``."""
    n_ref, n_pred, n_found, n_false = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity, precision = n_found / n_ref, (n_pred - n_false) / n_pred
        f1 = 2.0 * sensitivity * precision / (sensitivity + precision)
    return np.where(n_ref + n_pred == 0, np.nan, np.where(n_found == 0, 0.0, f1))


def _overlap_metric(name: str, label: str, better: Better, value: Callable[[Overlap], float], tested: bool) -> Metric:
    def of_case(case: CaseMetrics) -> float:
        edema = case.heads.get(EDEMA, {})
        return value(edema[EDEMA]) if EDEMA in edema else float("nan")

    return mean_metric(name, label, better, of_case, tested=tested)


def _surface_metric(name: str, label: str, better: Better, *, tested: bool = False) -> Metric:
    def of_case(case: CaseMetrics) -> float:
        surfaces = case.surfaces.get(EDEMA, {})
        return float(getattr(surfaces[EDEMA], name)) if EDEMA in surfaces else float("nan")

    return mean_metric(name, label, better, of_case, tested=tested)


def _score_metric(name: str, label: str, better: Better, value: Callable[[LesionScores], float]) -> Metric:
    return mean_metric(name, label, better, lambda case: value(case.scores) if case.scores else float("nan"))


def _lesion_metrics(
    prefix: str, by: str, rule: Callable[[LesionAgreement], LesionCounts], tested: bool
) -> list[Metric]:
    """Sensitivity, precision, F1 and false positives by one rule, pooled."""

    def counts(scans: Scans) -> Float64Array:
        rows = [astuple(rule(case.lesions)) for case in scans if case.lesions]
        return np.array([*(sum(column) for column in zip(*rows, strict=True)), len(rows)] if rows else [0] * 5, float)

    def quotient(part: Callable[[Float64Array], Float64Array], whole: int) -> Callable[[Float64Array], Float64Array]:
        return lambda sums: _quotient(np.stack([part(sums), sums[..., whole]], axis=-1))

    kinds: list[tuple[str, str, Better, Callable[[Float64Array], Float64Array]]] = [
        ("sensitivity", "sensitivity", "higher", quotient(lambda sums: sums[..., 2], 0)),
        ("precision", "precision", "higher", quotient(lambda sums: sums[..., 1] - sums[..., 3], 1)),
        ("f1", "F1", "higher", lambda sums: _f1(sums[..., :4])),
        ("false_positives_per_scan", "false positives a scan", "lower", quotient(lambda sums: sums[..., 3], 4)),
    ]
    return [
        Metric(f"{prefix}_{name}", f"lesions, {by}: {label}", better, True, tested, counts, combine)
        for name, label, better, combine in kinds
    ]


def _large_lesions(scans: Scans) -> Float64Array:
    counts = [(case.lesions.n_large_found, case.lesions.n_large_ref) for case in scans if case.lesions]
    return np.sum(counts, axis=0, dtype=np.float64) if counts else np.zeros(2)


def _pooled_volumes(scans: Scans) -> Float64Array:
    overlaps = [case.heads[EDEMA][EDEMA] for case in scans if EDEMA in case.heads.get(EDEMA, {})]
    shared = sum(2.0 * one.shared_ml for one in overlaps)
    return np.array([shared, sum(one.pred_ml + one.ref_ml for one in overlaps)], dtype=np.float64)


EDEMA_METRICS: Final[tuple[Metric, ...]] = (
    _overlap_metric("dice", "Dice", "higher", lambda found: found.dice, tested=True),
    Metric("dice_pooled", "Dice, pooled", "higher", True, False, _pooled_volumes, _quotient),
    _surface_metric("surface_dice", "normalised surface Dice", "higher", tested=True),
    _surface_metric("surface_dice_one_slice", "normalised surface Dice, one slice", "higher"),
    _surface_metric("hausdorff95_mm", "Hausdorff 95 % (mm)", "lower"),
    _surface_metric("average_surface_distance_mm", "average surface distance (mm)", "lower"),
    _overlap_metric(
        "volume_error_ml", "volume error (ml)", "near 0", lambda found: found.volume_error_ml, tested=False
    ),
    _overlap_metric(
        "absolute_volume_error_ml",
        "volume error, absolute (ml)",
        "lower",
        lambda found: abs(found.volume_error_ml),
        tested=True,
    ),
    *_lesion_metrics("lesion", "any overlap", lambda agreement: agreement.any_overlap, tested=True),
    *_lesion_metrics("lesion_iou", "IoU", lambda agreement: agreement.iou, tested=False),
    Metric("large_lesion_sensitivity", LARGE_LABEL, "higher", True, False, _large_lesions, _quotient),
    _score_metric("brats_dice", "lesion-wise Dice (BraTS)", "higher", lambda scores: scores.brats_dice),
    _score_metric("panoptic_quality", "panoptic quality", "higher", lambda scores: scores.panoptic.quality),
    _score_metric("false_positive_ml", "false-positive volume (ml)", "lower", lambda scores: scores.false_positive_ml),
    _score_metric("false_negative_ml", "false-negative volume (ml)", "lower", lambda scores: scores.false_negative_ml),
)
