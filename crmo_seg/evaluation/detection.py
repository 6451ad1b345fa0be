"""Whether a patient has lesions at all, and what is marked on scans that have none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmo_seg.evaluation.froc import largest_confidence
from crmo_seg.evaluation.lesion_table import LesionTable
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.statistics import Interval, area_under_curve, patient_samples, percentile_interval
from crmo_seg.evaluation.voxel import ratio
from crmo_seg.volume import Float64Array


@dataclass(frozen=True)
class PatientDetection:
    """Patients with and without a reference lesion told apart by one number of each.

    Attributes:
        n_with: patients with a reference lesion in any scan.
        n_without: patients without.
        auc_confidence: area under the ROC curve of the most confident lesion of all scans (0 without a lesion); NaN
            where a lesion has no confidence, or a group is empty.
        auc_confidence_interval: over patients.
        auc_volume: area under the ROC curve of the largest predicted volume of a scan.
        auc_volume_interval: over patients.
    """

    n_with: int
    n_without: int
    auc_confidence: float
    auc_confidence_interval: Interval
    auc_volume: float
    auc_volume_interval: Interval


@dataclass(frozen=True)
class LesionFreeScans:
    """Scans whose reference has no lesion.

    Attributes:
        n_scans: of them.
        n_clean: of them without a predicted lesion.
        n_false_positive: predicted lesions on them.
        false_positive_ml: volume of these.
    """

    n_scans: int
    n_clean: int
    n_false_positive: int
    false_positive_ml: float

    @property
    def specificity(self) -> float:
        """Clean over all lesion-free scans; NaN without any."""
        return ratio(self.n_clean, self.n_scans)

    @property
    def false_positives_per_scan(self) -> float:
        """False lesions over lesion-free scans; NaN without any."""
        return ratio(self.n_false_positive, self.n_scans)

    @property
    def false_positive_ml_per_scan(self) -> float:
        """Their volume over lesion-free scans; NaN without any."""
        return ratio(self.false_positive_ml, self.n_scans)


def detect_patients(
    patients: Mapping[str, Sequence[LesionTable]], settings: EvaluationSettings = DEFAULT_SETTINGS
) -> PatientDetection:
    """How well the prediction tells patients with lesions from those without."""
    is_ill = np.array([any(table.ref for table in tables) for tables in patients.values()], dtype=np.bool_)
    confidence = np.array([_largest(largest_confidence(one.scored) for one in tables) for tables in patients.values()])
    volume = np.array([_largest(_predicted_ml(one) for one in tables) for tables in patients.values()])
    by_confidence, confidence_interval = _auc(confidence, is_ill, settings)
    by_volume, volume_interval = _auc(volume, is_ill, settings)
    n_with = int(is_ill.sum())
    n_without = len(is_ill) - n_with
    return PatientDetection(n_with, n_without, by_confidence, confidence_interval, by_volume, volume_interval)


def lesion_free_scans(tables: Sequence[LesionTable]) -> LesionFreeScans:
    """What is marked where nothing is."""
    free = [table for table in tables if not table.ref]
    return LesionFreeScans(
        n_scans=len(free),
        n_clean=sum(not table.pred for table in free),
        n_false_positive=sum(len(table.pred) for table in free),
        false_positive_ml=float(sum(_predicted_ml(table) for table in free)),
    )


def _auc(score: Float64Array, is_ill: NDArray[np.bool_], settings: EvaluationSettings) -> tuple[float, Interval]:
    if np.isnan(score).any():
        return float("nan"), Interval(float("nan"), float("nan"))
    ill, well = score[is_ill], score[~is_ill]
    wins = np.where(ill[:, None] == well[None, :], 0.5, ill[:, None] > well[None, :])
    drawn = patient_samples(len(score), settings)
    drawn_ill, drawn_well = drawn[:, is_ill], drawn[:, ~is_ill]
    with np.errstate(invalid="ignore"):
        samples = ((drawn_ill @ wins) * drawn_well).sum(axis=1) / (drawn_ill.sum(axis=1) * drawn_well.sum(axis=1))
    return area_under_curve(list(ill), list(well)), percentile_interval(samples, min(len(ill), len(well)), settings)


def _largest(values: Iterable[float]) -> float:
    """NaN where any value is."""
    return float(np.max(np.fromiter(values, dtype=np.float64), initial=0.0))


def _predicted_ml(table: LesionTable) -> float:
    return float(sum(one.lesion.volume_ml for one in table.pred))
