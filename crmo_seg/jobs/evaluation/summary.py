"""``summary.json``: all numbers of a cohort as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from crmo_seg.evaluation.calibration import Reliability
from crmo_seg.evaluation.cohort import CohortSummary, HeadSummary, LesionSummary
from crmo_seg.evaluation.comparison import Comparison
from crmo_seg.evaluation.lesions_summary import FrocSummary, LesionDetail
from crmo_seg.evaluation.readers import ReaderAgreement
from crmo_seg.evaluation.statistics import Interval
from crmo_seg.evaluation.volume_agreement import VolumeAgreement
from crmo_seg.jobs.evaluation.tables import count_values, overlap_values, stratum_values

SCHEMA_VERSION: Final = 1

_LESION_FREE = ("n_scans", "n_clean", "specificity", "n_false_positive", "false_positives_per_scan",
                "false_positive_ml_per_scan")  # fmt: skip


def summary_to_json(summary: CohortSummary) -> dict[str, Any]:
    """The summary as plain data; what is undefined is None (JSON knows no NaN)."""
    plain = {
        "schema_version": SCHEMA_VERSION,
        "n_scans": summary.n_scans,
        "n_patients": summary.n_patients,
        "notes": list(summary.notes),
        "settings": asdict(summary.settings),
        "metrics": {name: _estimate(asdict(one), one.interval) for name, one in summary.estimates.items()},
        "heads": {head: _head(measured) for head, measured in summary.heads.items()},
        "lesions": {
            "any_overlap": _lesions(summary.any_overlap),
            "iou": _lesions(summary.iou),
            "n_large_ref": summary.n_large_ref,
            "large_sensitivity": summary.large_sensitivity,
            **_detail(summary.detail),
        },
        "volumes": _volumes(summary.volumes),
        "comparison": _comparison(summary.comparison),
        "readers": _readers(summary.readers),
    }
    cleaned: dict[str, Any] = _without_nan(plain)
    return cleaned


def _estimate(values: dict[str, Any], interval: Interval) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "interval"} | {"interval": _interval(interval)}


def _interval(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _head(head: HeadSummary) -> dict[str, Any]:
    classes = {
        name: {"pooled": overlap_values(one.pooled), "patient_dice": asdict(one.patient_dice)}
        for name, one in head.classes.items()
    }
    return {"n_scans": head.n_scans, "patient_dice": asdict(head.patient_dice), "classes": classes}


def _lesions(lesions: LesionSummary | None) -> dict[str, Any] | None:
    if lesions is None:
        return None
    means = {name: asdict(getattr(lesions, f"patient_{name}")) for name in ("sensitivity", "precision", "f1")}
    pooled = {**count_values(lesions.pooled), "false_positives_per_scan": lesions.false_positives_per_scan}
    return {"n_scans": lesions.n_scans, "pooled": pooled, "per_patient": means}


def _detail(detail: LesionDetail | None) -> dict[str, Any]:
    if detail is None:
        return {}
    patients = detail.detection
    return {
        "froc": _froc(detail.froc),
        "n_without_confidence": detail.n_without_confidence,
        "strata": [{"dimension": one.dimension, "name": one.name, **stratum_values(one)} for one in detail.strata],
        "lesion_free_scans": {name: getattr(detail.lesion_free, name) for name in _LESION_FREE},
        "patients": {
            "n_with_lesions": patients.n_with,
            "n_without_lesions": patients.n_without,
            "auc_confidence": patients.auc_confidence,
            "auc_confidence_interval": _interval(patients.auc_confidence_interval),
            "auc_volume": patients.auc_volume,
            "auc_volume_interval": _interval(patients.auc_volume_interval),
        },
        "lesion_calibration": _reliability(detail.lesion_calibration),
        "voxel_calibration": _reliability(detail.voxel_calibration),
    }


def _froc(froc: FrocSummary | None) -> dict[str, Any] | None:
    if froc is None:
        return None
    points = [
        {"false_positives_per_scan": number, "sensitivity": value, "interval": _interval(froc.point_intervals[number])}
        for number, value in froc.points.items()
    ]
    last = froc.curve.last_false_positives_per_scan
    score = {"score": froc.score, "score_interval": _interval(froc.score_interval)}
    return {**score, "points": points, "last_false_positives_per_scan": last}


def _reliability(found: Reliability | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "expected_calibration_error": found.expected_calibration_error,
        "brier_score": found.brier_score,
        "n": found.n.tolist(),
        "confidence_sum": found.confidence_sum.tolist(),
        "n_true": found.n_true.tolist(),
    }


def _volumes(volumes: VolumeAgreement | None) -> dict[str, Any] | None:
    if volumes is None:
        return None
    found = volumes.bland_altman
    return {
        "n_scans": len(found.difference_ml),
        "bias_ml": found.bias_ml,
        "deviation_ml": found.deviation_ml,
        "limits_of_agreement_ml": list(found.limits_ml),
        "intraclass_correlation": volumes.correlation,
        "intraclass_correlation_interval": _interval(volumes.correlation_interval),
    }


def _comparison(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    metrics = {one.name: _estimate(asdict(one), one.interval) for one in comparison.metrics}
    return {"n_scans": len(comparison.cases), "n_changed": comparison.n_changed, "metrics": metrics}


def _readers(readers: ReaderAgreement | None) -> dict[str, Any] | None:
    if readers is None:
        return None
    pairs = [
        {
            "raters": [pair.first, pair.second],
            "metrics": {name: _estimate(asdict(one), one.interval) for name, one in pair.estimates.items()},
            "volumes": _volumes(pair.volumes),
        }
        for pair in readers.pairs
    ]
    differences = [
        {**_estimate(asdict(one), one.interval), "difference": one.difference} for one in readers.differences
    ]
    return {"pairs": pairs, "prediction_less_readers": differences}


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - JSON is untyped
    if isinstance(value, Mapping):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
