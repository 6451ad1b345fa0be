"""Agreement of predicted with reference volumes: Bland-Altman and the intraclass correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.statistics import Interval, patient_samples, percentile_interval
from crmo_seg.evaluation.voxel import Overlap, ratio
from crmo_seg.volume import Float64Array

_LIMIT_DEVIATIONS: Final = 1.96
_SMALLEST_N: Final = 2


@dataclass(frozen=True, eq=False)
class BlandAltman:
    """Differences of volumes against their means (Bland and Altman 1986, doi:10.1016/S0140-6736(86)90837-8).

    Attributes:
        mean_ml: half the sum of predicted and reference volume, shape (scans,).
        difference_ml: predicted less reference volume, shape (scans,).
    """

    mean_ml: Float64Array
    difference_ml: Float64Array

    @property
    def bias_ml(self) -> float:
        """Mean difference; NaN without scans."""
        return ratio(float(self.difference_ml.sum()), len(self.difference_ml))

    @property
    def deviation_ml(self) -> float:
        """Standard deviation of the differences (n - 1); NaN with fewer than two scans."""
        few = len(self.difference_ml) < _SMALLEST_N
        return float("nan") if few else float(self.difference_ml.std(ddof=1))

    @property
    def limits_ml(self) -> tuple[float, float]:
        """Limits of agreement: bias less and plus 1.96 standard deviations."""
        reach = _LIMIT_DEVIATIONS * self.deviation_ml
        return self.bias_ml - reach, self.bias_ml + reach


@dataclass(frozen=True)
class VolumeAgreement:
    """Edema volumes of all scans.

    Attributes:
        bland_altman: differences and limits, a point a scan.
        correlation: ICC(A,1) of predicted and reference volume.
        correlation_interval: over patients.
    """

    bland_altman: BlandAltman
    correlation: float
    correlation_interval: Interval


def volume_agreement(
    patients: Sequence[Sequence[Overlap]], settings: EvaluationSettings = DEFAULT_SETTINGS
) -> VolumeAgreement | None:
    """Agreement over all scans of all patients; None without any."""
    if not patients:
        return None
    values = [np.array([(one.pred_ml, one.ref_ml) for one in scans]) for scans in patients]
    everything = np.concatenate(values)
    samples = np.array([_resampled_correlation(values, drawn) for drawn in patient_samples(len(values), settings)])
    return VolumeAgreement(
        bland_altman(pred_ml=everything[:, 0], ref_ml=everything[:, 1]),
        intraclass_correlation(everything),
        percentile_interval(samples, len(values), settings),
    )


def bland_altman(*, pred_ml: Float64Array, ref_ml: Float64Array) -> BlandAltman:
    """Volumes of the same scans, shape (scans,) each.

    >>> found = bland_altman(pred_ml=np.array([2.0, 4.0]), ref_ml=np.array([1.0, 5.0]))
    >>> found.bias_ml, found.mean_ml.tolist(), round(found.limits_ml[1], 3)
    (0.0, [1.5, 4.5], 2.772)
    """
    return BlandAltman((pred_ml + ref_ml) / 2.0, pred_ml - ref_ml)


def intraclass_correlation(values: Float64Array) -> float:
    """ICC(A,1): two-way model, absolute agreement, one measurement.

    McGraw and Wong 1996, doi:10.1037/1082-989X.1.1.30; the same number as ICC(2,1) of Shrout and
    Fleiss (1979, doi:10.1037/0033-2909.86.2.420).

    Args:
        values: shape (scans, raters); the prediction is a rater.

    Returns:
        NaN with fewer than two scans or raters, or where all values are the same.

    >>> intraclass_correlation(np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]))   # a constant error of 1
    0.6666666666666666
    """
    n, k = values.shape
    if n < _SMALLEST_N or k < _SMALLEST_N:
        return float("nan")
    total = values - values.mean()
    of_scans, of_raters = total.mean(axis=1), total.mean(axis=0)
    scans = k * float((of_scans**2).sum()) / (n - 1)
    raters = n * float((of_raters**2).sum()) / (k - 1)
    rest = total - of_scans[:, None] - of_raters[None, :]
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    return ratio(scans - error, scans + (k - 1) * error + k * (raters - error) / n)


def _resampled_correlation(values: Sequence[Float64Array], drawn: NDArray[np.int64]) -> float:
    repeated = [scans for scans, times in zip(values, drawn.tolist(), strict=True) for _ in range(times)]
    return intraclass_correlation(np.concatenate(repeated))
