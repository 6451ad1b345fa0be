"""Several readers of the same scans: how well they agree with each other, and the prediction with each of them.

The reference is one of the readers. Only numbers that do not ask which of two is right are taken: Dice, surface Dice,
F1 of lesions by any overlap (with the roles exchanged, sensitivity and precision change places), and ICC of volumes.
Where the prediction agrees with readers as well as they do with each other, these readers can tell no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.estimates import Estimate, estimate, sums_of_patients
from crmo_seg.evaluation.metrics import EDEMA_METRICS, Metric, Scans
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.statistics import Interval, patient_samples, percentile_interval
from crmo_seg.evaluation.volume_agreement import VolumeAgreement, volume_agreement
from crmo_seg.keys import EDEMA
from crmo_seg.volume import Float64Array

SYMMETRIC_METRICS: Final = ("dice", "surface_dice", "lesion_f1")

RaterPair: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class PairAgreement:
    """Two raters of the same scans.

    Attributes:
        first: name of one.
        second: name of the other.
        estimates: by the name of the metric.
        volumes: of both; None without scans.
    """

    first: str
    second: str
    estimates: Mapping[str, Estimate]
    volumes: VolumeAgreement | None


@dataclass(frozen=True)
class MeanDifference:
    """Agreement of the prediction with the readers less that of the readers with each other, each a mean over pairs.

    Attributes:
        label: of the metric.
        with_readers: mean over the pairs of the prediction and a reader.
        between_readers: mean over the pairs of readers.
        interval: of the difference, over patients.
        n_scans: scans that all of this is of; a mean over patients takes those in which every pair has a value.
    """

    label: str
    with_readers: float
    between_readers: float
    interval: Interval
    n_scans: int

    @property
    def difference(self) -> float:
        """Below 0 where readers agree better with each other than the prediction with them."""
        return self.with_readers - self.between_readers


@dataclass(frozen=True)
class ReaderAgreement:
    """All pairs of raters; those of two readers first, then those with the prediction."""

    pairs: tuple[PairAgreement, ...]
    differences: tuple[MeanDifference, ...]


def reader_agreement(
    measured: Mapping[RaterPair, Scans],
    prediction: str,
    settings: EvaluationSettings = DEFAULT_SETTINGS,
) -> ReaderAgreement:
    """Agreement of every pair of raters.

    Args:
        measured: pair of raters -> the scans, the same in one order for all pairs; either may be the reference.
        prediction: the name of the rater that is no reader.
        settings: of the bootstrap.
    """
    ordered = sorted(measured, key=lambda pair: prediction in pair)
    metrics = [metric for metric in EDEMA_METRICS if metric.name in SYMMETRIC_METRICS]
    pairs = tuple(_pair(pair, _by_patient(measured[pair]), metrics, settings) for pair in ordered)
    between = [measured[pair] for pair in ordered if prediction not in pair]
    with_readers = [measured[pair] for pair in ordered if prediction in pair]
    differences = (_difference(metric, with_readers, between, settings) for metric in metrics)
    return ReaderAgreement(pairs, tuple(differences))


def _by_patient(cases: Scans) -> dict[str, list[CaseMetrics]]:
    patients: dict[str, list[CaseMetrics]] = {}
    for case in cases:
        patients.setdefault(case.patient_id, []).append(case)
    return patients


def _pair(
    pair: RaterPair,
    patients: Mapping[str, Sequence[CaseMetrics]],
    metrics: Sequence[Metric],
    settings: EvaluationSettings,
) -> PairAgreement:
    volumes = [[case.heads[EDEMA][EDEMA] for case in scans] for scans in patients.values()]
    estimates = {metric.name: estimate(metric, patients, settings) for metric in metrics}
    return PairAgreement(*pair, estimates, volume_agreement(volumes, settings))


def _difference(
    metric: Metric, with_readers: Sequence[Scans], between: Sequence[Scans], settings: EvaluationSettings
) -> MeanDifference:
    counted = _counted(metric, [*with_readers, *between])
    n_patients = len({between[0][index].patient_id for index in counted})
    everyone = np.ones((1, n_patients), dtype=np.int64)
    drawn = np.vstack([everyone, patient_samples(n_patients, settings)])
    model, readers = (_mean_over_pairs(metric, pairs, counted, drawn) for pairs in (with_readers, between))
    interval = percentile_interval((model - readers)[1:], n_patients, settings)
    return MeanDifference(metric.label, float(model[0]), float(readers[0]), interval, len(counted))


def _counted(metric: Metric, pairs: Sequence[Scans]) -> list[int]:
    """Scans that a mean over patients takes: those in which every pair has a value, as in a comparison."""
    scans = range(len(pairs[0]))
    if metric.pooled:
        return list(scans)
    return [index for index in scans if not any(np.isnan(metric.value([pair[index]])) for pair in pairs)]


def _mean_over_pairs(
    metric: Metric, pairs: Sequence[Scans], counted: Sequence[int], drawn: NDArray[np.int64]
) -> Float64Array:
    """Of each sample of patients, shape (samples,); NaN where any pair has no value."""
    if not counted:
        return np.full(len(drawn), np.nan)
    patients = (_by_patient([scans[index] for index in counted]) for scans in pairs)
    values = [metric.combine(drawn @ sums_of_patients(metric, of_pair)) for of_pair in patients]
    return np.asarray(np.mean(values, axis=0), dtype=np.float64)
