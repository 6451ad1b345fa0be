"""Value and bootstrap interval of each metric of a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crmo_seg.evaluation.metrics import Metric, Scans, metrics_of
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.statistics import Interval, patient_samples, percentile_interval
from crmo_seg.volume import Float64Array


@dataclass(frozen=True)
class Estimate:
    """A metric of a cohort.

    Attributes:
        label: for tables.
        value: NaN where undefined.
        interval: over patients.
        n_defined: patients whose own value is defined.
        n: patients.
    """

    label: str
    value: float
    interval: Interval
    n_defined: int
    n: int


def estimate_all(patients: Mapping[str, Scans], settings: EvaluationSettings = DEFAULT_SETTINGS) -> dict[str, Estimate]:
    """Every metric that the scans have values for, by its name."""
    cases = [case for scans in patients.values() for case in scans]
    return {metric.name: estimate(metric, patients, settings) for metric in metrics_of(cases)}


def estimate(
    metric: Metric, patients: Mapping[str, Scans], settings: EvaluationSettings = DEFAULT_SETTINGS
) -> Estimate:
    """One metric over all patients."""
    sums = sums_of_patients(metric, patients)
    samples = metric.combine(patient_samples(len(sums), settings) @ sums)
    n_defined = int((~np.isnan(metric.combine(sums))).sum())
    return Estimate(
        label=metric.label,
        value=float(metric.combine(sums.sum(axis=0))),
        interval=percentile_interval(samples, n_defined, settings),
        n_defined=n_defined,
        n=len(sums),
    )


def sums_of_patients(metric: Metric, patients: Mapping[str, Scans]) -> Float64Array:
    """The metric's sums, shape (patients, k)."""
    return np.array([metric.sums(scans) for scans in patients.values()])
