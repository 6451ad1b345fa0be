"""What the lesions of a cohort, taken one by one, say together: FROC, strata, patients, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crmo_seg.evaluation.calibration import Reliability, reliability
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.detection import LesionFreeScans, PatientDetection, detect_patients, lesion_free_scans
from crmo_seg.evaluation.froc import FrocCurve, ScoredLesions, calibration_pairs, froc_counts
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.statistics import Interval, patient_samples, percentile_interval
from crmo_seg.evaluation.strata import Stratum, stratify


@dataclass(frozen=True)
class FrocSummary:
    """The curve, and what is read from it.

    Attributes:
        curve: of all scans.
        points: false positives a scan -> sensitivity there.
        point_intervals: over patients, by the same keys.
        score: mean of the sensitivities.
        score_interval: over patients.
    """

    curve: FrocCurve
    points: Mapping[float, float]
    point_intervals: Mapping[float, Interval]
    score: float
    score_interval: Interval


@dataclass(frozen=True)
class LesionDetail:
    """A cohort lesion by lesion.

    Attributes:
        froc: None where a predicted lesion has no confidence.
        n_without_confidence: predicted lesions without one.
        strata: by size and by bone.
        detection: of patients.
        lesion_free: scans without a reference lesion.
        lesion_calibration: of the confidence of predicted lesions; None as ``froc``.
        voxel_calibration: of the edema probability; None where no scan has it.
    """

    froc: FrocSummary | None
    n_without_confidence: int
    strata: tuple[Stratum, ...]
    detection: PatientDetection
    lesion_free: LesionFreeScans
    lesion_calibration: Reliability | None
    voxel_calibration: Reliability | None


def summarise_tables(
    patients: Mapping[str, Sequence[CaseMetrics]], settings: EvaluationSettings = DEFAULT_SETTINGS
) -> LesionDetail | None:
    """From the lesion tables of all scans; None where no scan has one."""
    measured = {name: [case.table for case in scans if case.table] for name, scans in patients.items()}
    tables = {name: found for name, found in measured.items() if found}
    if not tables:
        return None
    scored = [[table.scored for table in found] for found in tables.values()]
    flat = [scan for scans in scored for scan in scans]
    n_unknown = int(sum(np.isnan(scan.confidence).sum() for scan in flat))
    voxels = [case.voxel_calibration for scans in patients.values() for case in scans if case.voxel_calibration]
    return LesionDetail(
        froc=summarise_froc(scored, settings),
        n_without_confidence=n_unknown,
        strata=stratify(tables, settings),
        detection=detect_patients(tables, settings),
        lesion_free=lesion_free_scans([table for found in tables.values() for table in found]),
        lesion_calibration=None if n_unknown else reliability(*calibration_pairs(flat)),
        voxel_calibration=sum(voxels[1:], voxels[0]) if voxels else None,
    )


def summarise_froc(
    patients: Sequence[Sequence[ScoredLesions]], settings: EvaluationSettings = DEFAULT_SETTINGS
) -> FrocSummary | None:
    """The curve of all scans of all patients, with intervals; None where a predicted lesion has no confidence."""
    counts = froc_counts(patients)
    if counts is None:
        return None
    numbers = settings.false_positives_per_scan
    curve = counts.curve(np.ones(len(patients)))
    drawn = patient_samples(len(patients), settings)
    samples = np.array([counts.curve(times).sensitivities_at(numbers) for times in drawn])
    n_with = int((counts.n_ref > 0).sum())
    intervals = [percentile_interval(column, n_with, settings) for column in samples.T]
    return FrocSummary(
        curve=curve,
        points=dict(zip(numbers, curve.sensitivities_at(numbers).tolist(), strict=True)),
        point_intervals=dict(zip(numbers, intervals, strict=True)),
        score=float(curve.sensitivities_at(numbers).mean()),
        score_interval=percentile_interval(samples.mean(axis=1), n_with, settings),
    )
