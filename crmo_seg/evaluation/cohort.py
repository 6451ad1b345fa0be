"""From the metrics of each scan to those of a cohort.

Two summaries stand side by side, since each hides what the other shows: *pooled* adds up voxels and lesions of all
scans, so that patients with much disease dominate; *per patient* first gives every patient one value, so that each
weighs the same. Values that are undefined (NaN) are left out of a mean, and counted:

| values of the patients | mean | n_defined | n |
|------------------------|------|-----------|---|
| 0.5, 0.7               | 0.6  | 2         | 2 |
| 0.5, NaN               | 0.5  | 1         | 2 |
| NaN, NaN               | NaN  | 0         | 2 |
| none                   | NaN  | 0         | 0 |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crmo_seg.evaluation import lesionwise, voxel
from crmo_seg.evaluation.case import CaseMetrics, Mean, mean_of_defined
from crmo_seg.evaluation.comparison import Comparison
from crmo_seg.evaluation.estimates import Estimate, estimate_all
from crmo_seg.evaluation.lesions_summary import LesionDetail, summarise_tables
from crmo_seg.evaluation.lesionwise import LesionAgreement, LesionCounts
from crmo_seg.evaluation.readers import ReaderAgreement
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.volume_agreement import VolumeAgreement, volume_agreement
from crmo_seg.evaluation.voxel import Overlap, ratio
from crmo_seg.keys import EDEMA

__all__ = ["CaseMetrics", "CohortSummary", "Mean", "mean_of_defined", "summarise"]

ByPatient: TypeAlias = Mapping[str, Sequence[CaseMetrics]]


@dataclass(frozen=True)
class ClassSummary:
    """One class of one head: all scans pooled, and the mean over patients (each the mean of its scans)."""

    pooled: Overlap
    patient_dice: Mean


@dataclass(frozen=True)
class HeadSummary:
    """All classes of one head, and the mean over patients of each scan's mean Dice over classes."""

    classes: Mapping[str, ClassSummary]
    patient_dice: Mean
    n_scans: int


@dataclass(frozen=True)
class LesionSummary:
    """Lesions by one rule: all scans pooled, and means over patients (each patient's scans pooled)."""

    pooled: LesionCounts
    n_scans: int
    patient_sensitivity: Mean
    patient_precision: Mean
    patient_f1: Mean

    @property
    def false_positives_per_scan(self) -> float:
        """False lesions over scans; NaN where there are no scans."""
        return ratio(self.pooled.n_false_positive, self.n_scans)


@dataclass(frozen=True)
class CohortSummary:
    """All scans of a cohort.

    Attributes:
        n_scans: scans with at least one reference.
        n_patients: patients of these scans.
        heads: by head.
        any_overlap: lesions by the rule of any overlap; None without edema references.
        iou: lesions by the rule of one-to-one pairs; None without edema references.
        large_sensitivity: pooled sensitivity for lesions of at least ``LARGE_LESION_ML``, by any overlap.
        n_large_ref: how many of those there are.
        cases: what was measured on each scan.
        settings: definitions of all numbers.
        estimates: by the name of the metric: value and interval.
        detail: FROC, strata, patients, calibration; None without lesion tables.
        volumes: agreement of the edema volumes; None without edema references.
        comparison: with other predictions of the same scans, where these were given.
        readers: agreement of several readers, where these were given.
        notes: what is in no number, in words.
    """

    n_scans: int
    n_patients: int
    heads: Mapping[str, HeadSummary]
    any_overlap: LesionSummary | None
    iou: LesionSummary | None
    large_sensitivity: float
    n_large_ref: int
    cases: tuple[CaseMetrics, ...]
    settings: EvaluationSettings
    estimates: Mapping[str, Estimate]
    detail: LesionDetail | None
    volumes: VolumeAgreement | None
    comparison: Comparison | None = None
    readers: ReaderAgreement | None = None
    notes: tuple[str, ...] = ()


def summarise(cases: Sequence[CaseMetrics], settings: EvaluationSettings = DEFAULT_SETTINGS) -> CohortSummary:
    """Pool scans, and average over patients."""
    patients = by_patient(cases)
    agreements = [case.lesions for case in cases if case.lesions]
    n_large_ref = sum(agreement.n_large_ref for agreement in agreements)
    return CohortSummary(
        n_scans=len(cases),
        n_patients=len({case.patient_id for case in cases}),
        heads={head: _summarise_head(cases, head) for head in sorted({head for case in cases for head in case.heads})},
        any_overlap=_summarise_lesions(cases, lambda agreement: agreement.any_overlap) if agreements else None,
        iou=_summarise_lesions(cases, lambda agreement: agreement.iou) if agreements else None,
        large_sensitivity=ratio(sum(agreement.n_large_found for agreement in agreements), n_large_ref),
        n_large_ref=n_large_ref,
        cases=tuple(cases),
        settings=settings,
        estimates=estimate_all(patients, settings),
        detail=summarise_tables(patients, settings),
        volumes=_volumes(patients, settings),
    )


def by_patient(cases: Iterable[CaseMetrics]) -> dict[str, list[CaseMetrics]]:
    """Scans of each patient, both in the order in which they come."""
    patients: dict[str, list[CaseMetrics]] = defaultdict(list)
    for case in cases:
        patients[case.patient_id].append(case)
    return dict(patients)


def _volumes(patients: ByPatient, settings: EvaluationSettings) -> VolumeAgreement | None:
    measured = {
        patient: [case.heads[EDEMA][EDEMA] for case in scans if EDEMA in case.heads.get(EDEMA, {})]
        for patient, scans in patients.items()
    }
    return volume_agreement([overlaps for overlaps in measured.values() if overlaps], settings)


def _summarise_head(cases: Sequence[CaseMetrics], head: str) -> HeadSummary:
    measured = [case for case in cases if head in case.heads]
    patients = by_patient(measured)
    names = dict.fromkeys(name for case in measured for name in case.heads[head])
    return HeadSummary(
        classes={name: _summarise_class(patients, head, name) for name in names},
        patient_dice=_mean_over_patients(patients, lambda case: case.mean_dice(head)),
        n_scans=len(measured),
    )


def _summarise_class(patients: ByPatient, head: str, name: str) -> ClassSummary:
    nothing = Overlap(0.0, 0.0, 0.0)
    everywhere = [case.heads[head].get(name, nothing) for scans in patients.values() for case in scans]
    dice = _mean_over_patients(patients, lambda case: case.heads[head].get(name, nothing).dice)
    return ClassSummary(voxel.pooled(everywhere), dice)


def _summarise_lesions(cases: Sequence[CaseMetrics], rule: Callable[[LesionAgreement], LesionCounts]) -> LesionSummary:
    patients: dict[str, list[LesionCounts]] = defaultdict(list)
    for case in cases:
        if case.lesions:
            patients[case.patient_id].append(rule(case.lesions))
    by_patient = [lesionwise.pooled(scans) for scans in patients.values()]
    return LesionSummary(
        pooled=lesionwise.pooled(by_patient),
        n_scans=sum(len(scans) for scans in patients.values()),
        patient_sensitivity=mean_of_defined(counts.sensitivity for counts in by_patient),
        patient_precision=mean_of_defined(counts.precision for counts in by_patient),
        patient_f1=mean_of_defined(counts.f1 for counts in by_patient),
    )


def _mean_over_patients(patients: ByPatient, measure: Callable[[CaseMetrics], float]) -> Mean:
    return mean_of_defined(mean_of_defined(measure(case) for case in scans).value for scans in patients.values())
