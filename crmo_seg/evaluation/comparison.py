"""Two predictions of the same scans: is one better, by how much, and where.

Differences are the first less the other. A mean over patients is taken over the scans that both have a value for:
otherwise a model could gain by leaving its worst scans undefined, as Hausdorff distance is on scans where it marks
nothing. Scans with a value on one side only are counted beside it.

The interval is a paired bootstrap: each sample draws patients once, for both. The test is Wilcoxon's on the patients'
own values, adjusted by Holm for the number of metrics tested; it asks whether patients change, so that a pooled
difference may be large where few patients change much, and p not small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.estimates import sums_of_patients
from crmo_seg.evaluation.metrics import Better, Metric, Scans, metrics_of
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.statistics import Interval, holm, patient_samples, percentile_interval, wilcoxon_p
from crmo_seg.volume import Float64Array


@dataclass(frozen=True)
class MetricDifference:
    """One metric of two predictions.

    Attributes:
        name: of the metric.
        label: for tables.
        better: which way is good.
        value: of the first; of a mean over patients, over the scans that both have a value for.
        other: of the other, likewise.
        difference: first less other.
        interval: of the difference, over patients.
        n_pairs: patients with a value from both.
        n_undefined: patients without a value from one or both; they are left out of the test.
        n_one_sided: scans with a value from one only; a mean over patients leaves them out.
        p: of Wilcoxon's test; NaN where the metric is not tested.
        p_holm: adjusted; NaN as ``p``.
    """

    name: str
    label: str
    better: Better
    value: float
    other: float
    difference: float
    interval: Interval
    n_pairs: int
    n_undefined: int
    n_one_sided: int
    p: float
    p_holm: float


@dataclass(frozen=True)
class CaseChange:
    """One scan under two predictions: metric -> value of the first and of the other; NaN where undefined."""

    case_id: str
    patient_id: str
    values: Mapping[str, tuple[float, float]]

    def difference(self, name: str) -> float:
        """First less other; NaN where either is undefined."""
        first, other = self.values[name]
        return first - other

    @property
    def is_changed(self) -> bool:
        """Whether any value differs; one that is defined on one side only differs."""
        return any(
            first != other and not (np.isnan(first) and np.isnan(other)) for first, other in self.values.values()
        )


@dataclass(frozen=True)
class Comparison:
    """Two predictions of the same scans.

    Attributes:
        metrics: one row a metric.
        cases: one row a scan, the largest change of the first tested metric first.
    """

    metrics: tuple[MetricDifference, ...]
    cases: tuple[CaseChange, ...]

    @property
    def n_changed(self) -> int:
        """Scans in which any tested metric differs."""
        return sum(case.is_changed for case in self.cases)


def compare_cohorts(
    cases: Sequence[CaseMetrics], others: Sequence[CaseMetrics], settings: EvaluationSettings = DEFAULT_SETTINGS
) -> Comparison:
    """Compare two predictions of the same scans.

    Args:
        cases: of the first prediction.
        others: of the other; the same scans in any order.
        settings: of the bootstrap.

    Raises:
        ValueError: where the scans are not the same.
    """
    pairs = _paired(cases, others)
    metrics = _shared_metrics(cases, others)
    rows = [_difference(metric, pairs, settings) for metric in metrics]
    adjusted = holm([row.p for row in rows])
    tested = [metric for metric in metrics if metric.tested]
    changes = [_change(first, other, tested) for first, other in pairs]
    changes.sort(key=_size_of_change, reverse=True)
    return Comparison(
        tuple(replace(row, p_holm=p) for row, p in zip(rows, adjusted, strict=True)),
        tuple(changes),
    )


def _paired(cases: Scans, others: Scans) -> list[tuple[CaseMetrics, CaseMetrics]]:
    by_id = {case.case_id: case for case in others}
    if {case.case_id for case in cases} != set(by_id) or len(cases) != len(others):
        raise ValueError("the two predictions are not of the same scans")
    return [(case, by_id[case.case_id]) for case in cases]


def _shared_metrics(cases: Scans, others: Scans) -> list[Metric]:
    names = {metric.name for metric in metrics_of(others)}
    return [metric for metric in metrics_of(cases) if metric.name in names]


def _difference(
    metric: Metric, pairs: Sequence[tuple[CaseMetrics, CaseMetrics]], settings: EvaluationSettings
) -> MetricDifference:
    first, other = (_paired_sums(metric, pairs, side) for side in (0, 1))
    drawn = patient_samples(len(first), settings)
    samples = metric.combine(drawn @ first) - metric.combine(drawn @ other)
    value, other_value = (float(metric.combine(sums.sum(axis=0))) for sums in (first, other))
    of_patients = metric.combine(first) - metric.combine(other)
    n_undefined = int(np.isnan(of_patients).sum())
    return MetricDifference(
        name=metric.name,
        label=metric.label,
        better=metric.better,
        value=value,
        other=other_value,
        difference=value - other_value,
        interval=percentile_interval(samples, len(first) - n_undefined, settings),
        n_pairs=len(first) - n_undefined,
        n_undefined=n_undefined,
        n_one_sided=sum(len(set(_is_defined(metric, pair))) > 1 for pair in pairs),
        p=wilcoxon_p(of_patients.tolist()) if metric.tested else float("nan"),
        p_holm=float("nan"),
    )


def _paired_sums(metric: Metric, pairs: Sequence[tuple[CaseMetrics, CaseMetrics]], side: int) -> Float64Array:
    """Sums of each patient over the scans that count; a patient without any keeps its row."""
    patients: dict[str, list[CaseMetrics]] = {}
    for pair in pairs:
        scans = patients.setdefault(pair[0].patient_id, [])
        if metric.pooled or all(_is_defined(metric, pair)):
            scans.append(pair[side])
    return sums_of_patients(metric, patients)


def _is_defined(metric: Metric, pair: tuple[CaseMetrics, CaseMetrics]) -> tuple[bool, bool]:
    first, other = (not np.isnan(metric.value([case])) for case in pair)
    return first, other


def _change(first: CaseMetrics, other: CaseMetrics, metrics: Sequence[Metric]) -> CaseChange:
    values = {metric.name: (metric.value([first]), metric.value([other])) for metric in metrics}
    return CaseChange(first.case_id, first.patient_id, values)


def _size_of_change(change: CaseChange) -> tuple[bool, float]:
    """Scans defined on one side only come first, then by the size of the change of the first metric."""
    first, other = next(iter(change.values.values()), (0.0, 0.0))
    one_sided = bool(np.isnan(first)) != bool(np.isnan(other))
    size = abs(first - other)
    return one_sided, 0.0 if np.isnan(size) else size
