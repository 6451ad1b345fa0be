"""Free-response ROC: sensitivity against false positives a scan, as the confidence that a lesion needs falls.

A reference lesion is found by any overlap; a predicted lesion is false where it overlaps no reference lesion. The
curve starts where no lesion is kept and ends at the model's own threshold, where all are: what lies beyond is not
known, and the sensitivity there is stated as that of the end, a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Float64Array


@dataclass(frozen=True, eq=False)
class ScoredLesions:
    """Lesions of one scan.

    Attributes:
        confidence: of each predicted lesion, shape (predicted,).
        meets: whether a reference lesion (row) shares a voxel with a predicted lesion (column).
    """

    confidence: Float64Array
    meets: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FrocCurve:
    """Points of the curve, the most confident first; the first point keeps no lesion (threshold infinity).

    Attributes:
        thresholds: lesions of at least this confidence are kept, shape (points,).
        false_positives_per_scan: shape (points,), rising.
        sensitivity: shape (points,), rising; NaN without reference lesions.
        n_scans: scans.
        n_ref: reference lesions.
    """

    thresholds: Float64Array
    false_positives_per_scan: Float64Array
    sensitivity: Float64Array
    n_scans: int
    n_ref: int

    @property
    def last_false_positives_per_scan(self) -> float:
        """Where the curve ends; the sensitivity at more false positives is a lower bound."""
        return float(self.false_positives_per_scan[-1])

    def sensitivities_at(self, false_positives_per_scan: Sequence[float]) -> Float64Array:
        """Between the points on a straight line, beyond the end that of the end; NaN without reference lesions.

        Their mean at 0.25 to 8 is the FROC score (LUNA16, doi:10.1016/j.media.2017.06.015).
        """
        if self.n_ref == 0:
            return np.full(len(false_positives_per_scan), np.nan)
        return np.interp(false_positives_per_scan, self.false_positives_per_scan, self.sensitivity)


@dataclass(frozen=True, eq=False)
class FrocCounts:
    """Lesions of each patient at each threshold; the bootstrap weighs patients.

    Attributes:
        thresholds: falling, shape (points,).
        found: reference lesions found, shape (patients, points).
        false: false predicted lesions, shape (patients, points).
        n_ref: reference lesions, shape (patients,).
        n_scans: scans, shape (patients,).
    """

    thresholds: Float64Array
    found: Float64Array
    false: Float64Array
    n_ref: Float64Array
    n_scans: Float64Array

    def curve(self, times: Float64Array) -> FrocCurve:
        """The curve where each patient counts so many times, shape (patients,)."""
        n_ref, n_scans = float(times @ self.n_ref), float(times @ self.n_scans)
        sensitivity = times @ self.found / n_ref if n_ref else np.full(len(self.thresholds), np.nan)
        return FrocCurve(self.thresholds, times @ self.false / n_scans, sensitivity, round(n_scans), round(n_ref))


def froc_curve(scans: Sequence[ScoredLesions]) -> FrocCurve | None:
    """The curve of all scans together; None without scans, or where a predicted lesion has no confidence (NaN).

    >>> scan = ScoredLesions(np.array([0.9, 0.6, 0.3]), np.array([[False, True, False], [False, False, False]]))
    >>> curve = froc_curve([scan])
    >>> curve.sensitivity.tolist(), curve.false_positives_per_scan.tolist()
    ([0.0, 0.0, 0.5, 0.5], [0.0, 1.0, 1.0, 2.0])
    """
    counts = froc_counts([scans])
    return None if counts is None else counts.curve(np.ones(1))


def froc_counts(patients: Sequence[Sequence[ScoredLesions]]) -> FrocCounts | None:
    """What every patient adds to the curve; None without scans, or where a predicted lesion has no confidence."""
    flat = [scan for scans in patients for scan in scans]
    if not flat or any(np.isnan(scan.confidence).any() for scan in flat):
        return None
    values = np.unique(np.concatenate([scan.confidence for scan in flat]))[::-1]
    thresholds = np.concatenate(([np.inf], values))
    found = [_joined(_confidence_of_ref(scan) for scan in scans) for scans in patients]
    false = [_joined(scan.confidence[~scan.meets.any(axis=0)] for scan in scans) for scans in patients]
    return FrocCounts(
        thresholds=thresholds,
        found=np.array([_count_from(one, thresholds) for one in found]),
        false=np.array([_count_from(one, thresholds) for one in false]),
        n_ref=np.array([len(one) for one in found], dtype=np.float64),
        n_scans=np.array([len(scans) for scans in patients], dtype=np.float64),
    )


def calibration_pairs(scans: Sequence[ScoredLesions]) -> tuple[Float64Array, NDArray[np.bool_]]:
    """Confidence of every predicted lesion, and whether it overlaps a reference lesion; shape (lesions,) each."""
    confidence = np.concatenate([scan.confidence for scan in scans]) if scans else np.zeros(0)
    is_true = np.concatenate([scan.meets.any(axis=0) for scan in scans]) if scans else np.zeros(0, dtype=np.bool_)
    return confidence, is_true


def largest_confidence(scan: ScoredLesions) -> float:
    """Of the predicted lesions; 0 without any."""
    return float(scan.confidence.max(initial=0.0))


def _joined(parts: Iterable[Float64Array]) -> Float64Array:
    return np.concatenate([np.zeros(0), *parts])


def _confidence_of_ref(scan: ScoredLesions) -> Float64Array:
    """Of the most confident lesion that finds each reference lesion; minus infinity where none does."""
    best: Float64Array = np.where(scan.meets, scan.confidence[None, :], -np.inf).max(axis=1, initial=-np.inf)
    return best


def _count_from(values: Float64Array, thresholds: Float64Array) -> Float64Array:
    """How many values are at least each threshold; the thresholds fall."""
    ordered = np.sort(values)
    return (len(ordered) - np.searchsorted(ordered, thresholds, side="left")).astype(np.float64)
