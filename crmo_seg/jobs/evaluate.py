"""``crmo-seg evaluate``: predictions of a manifest's cases against their labels.

A prediction is ``<predictions>/<case_id>/<head>.nii.gz``. A head that no case has a prediction for was not predicted
and is left out; a head that only some cases have a prediction for is an error.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.cases import LABEL_PREFIX, Case, read_manifest
from crmo_seg.errors import InputError
from crmo_seg.evaluation.cohort import CaseMetrics, CohortSummary, HeadSummary, LesionSummary, summarise
from crmo_seg.evaluation.lesionwise import LesionCounts, compare_lesions
from crmo_seg.evaluation.voxel import Overlap, overlap, overlap_by_class
from crmo_seg.files import written_whole
from crmo_seg.io.nifti import read_labels
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.sites import head_classes_of
from crmo_seg.volume import GeometryError, Volume

SCHEMA_VERSION: Final = 1


def evaluate(manifest: Path, predictions: Path, out: Path) -> CohortSummary:
    """Compare predictions with the labels of a manifest; write ``out/cases.csv`` and ``out/summary.json``.

    Cases without any label are left out.

    Args:
        manifest: the cases and their labels.
        predictions: the folder that holds a folder for each case.
        out: the folder to write to; made where it does not exist.

    Raises:
        InputError: where a file is missing, on another grid than its label, or holds values that are no labels,
            or the tables cannot be written.
    """
    cases = read_manifest(manifest)
    heads = _predicted_heads(manifest, cases, predictions)
    metrics = [_measure(case, predictions, heads) for case in cases if any(head in case.labels for head in heads)]
    summary = summarise(metrics)
    _write_text(out / "cases.csv", _cases_table(metrics))
    _write_text(out / "summary.json", json.dumps(summary_to_json(summary), indent=2, allow_nan=False) + "\n")
    return summary


def summary_to_json(summary: CohortSummary) -> dict[str, Any]:
    """The summary as plain data; what is undefined is None (JSON knows no NaN)."""
    plain = {
        "schema_version": SCHEMA_VERSION,
        "n_scans": summary.n_scans,
        "n_patients": summary.n_patients,
        "heads": {head: _head_to_json(measured) for head, measured in summary.heads.items()},
        "lesions": {
            "any_overlap": _lesions_to_json(summary.any_overlap),
            "iou": _lesions_to_json(summary.iou),
            "n_large_ref": summary.n_large_ref,
            "large_sensitivity": summary.large_sensitivity,
        },
    }
    cleaned: dict[str, Any] = _without_nan(plain)
    return cleaned


def _predicted_heads(manifest: Path, cases: Sequence[Case], predictions: Path) -> tuple[str, ...]:
    expected = [(head, _prediction(predictions, case, head)) for case in cases for head in case.labels]
    if not expected:
        raise InputError(manifest, "has no label to compare with", f"fill a column {LABEL_PREFIX}<head>")
    heads = tuple(dict.fromkeys(head for head, path in expected if path.exists()))
    missing = [path for head, path in expected if not path.exists() and (head in heads or not heads)]
    if missing:
        problem = f"does not exist ({len(missing)} of {len(expected)} predictions are missing)"
        raise InputError(missing[0], problem, "predict all cases of the manifest, or give the folder that holds them")
    return heads


def _prediction(predictions: Path, case: Case, head: str) -> Path:
    return predictions / case.case_id / f"{head}.nii.gz"


def _measure(case: Case, predictions: Path, heads: Sequence[str]) -> CaseMetrics:
    pairs = {head: _read_pair(case, predictions, head) for head in heads if head in case.labels}
    return CaseMetrics(
        case_id=case.case_id,
        patient_id=case.patient_id,
        heads={head: _overlaps(head, pred=pred, ref=ref) for head, (pred, ref) in pairs.items()},
        lesions=compare_lesions(pred=pairs[EDEMA][0], ref=pairs[EDEMA][1]) if EDEMA in pairs else None,
    )


def _read_pair(case: Case, predictions: Path, head: str) -> tuple[Volume, Volume]:
    pred_path, ref_path = _prediction(predictions, case, head), case.labels[head]
    # The same voxels may be stored in another order: a mask of a DICOM series beside a reference in NIfTI.
    pred, ref = (_read_checked(path, head).canonical() for path in (pred_path, ref_path))
    if not pred.geometry.same_grid(ref.geometry):
        problem = f"is on another grid than {ref_path}: {pred} against {ref}"
        raise InputError(pred_path, problem, "predict on the image that was annotated")
    return pred, ref


def _read_checked(path: Path, head: str) -> Volume:
    """Labels as they are compared: binary for edema, unsided classes for bones."""
    labels = read_labels(path)
    if head == EDEMA and labels.array.max() > 1:
        raise InputError(path, f"has the value {labels.array.max()}, expected 0 and 1", "save edema as a binary mask")
    if head != BONES:
        return labels
    try:
        return head_classes_of(labels)
    except GeometryError as error:
        raise InputError(path, str(error), "label bones as in crmo_seg.anatomy") from error


def _overlaps(head: str, *, pred: Volume, ref: Volume) -> dict[str, Overlap]:
    if head == EDEMA:
        return {EDEMA: overlap(pred=pred, ref=ref)}
    return {_class_name(head, value): found for value, found in overlap_by_class(pred=pred, ref=ref).items()}


def _class_name(head: str, value: int) -> str:
    return HEAD_CLASSES[value - 1] if head == BONES else str(value)


def case_row(case: CaseMetrics) -> dict[str, str]:
    """One row of ``cases.csv``; a cell is empty where a metric is undefined or was not measured."""
    row: dict[str, float] = {}
    for head, classes in case.heads.items():
        if head != EDEMA:
            row[f"{head}_mean_dice"] = case.mean_dice(head)
        for name, found in classes.items():
            prefix = EDEMA if head == EDEMA else f"{head}_{name}"
            row |= {f"{prefix}_{key}": value for key, value in _overlap_to_json(found).items()}
    if case.lesions:
        row |= {f"lesion_{key}": value for key, value in _counts_to_json(case.lesions.any_overlap).items()}
        row |= {f"lesion_iou_{key}": value for key, value in _counts_to_json(case.lesions.iou).items()}
    cells = {name: "" if math.isnan(value) else f"{value:.6g}" for name, value in row.items()}
    return {"case_id": case.case_id, "patient_id": case.patient_id, **cells}


def _overlap_to_json(found: Overlap) -> dict[str, float]:
    derived = {name: getattr(found, name) for name in ("volume_error_ml", "volume_ratio")}
    return {"dice": found.dice, "pred_volume_ml": found.pred_ml, "ref_volume_ml": found.ref_ml, **derived}


def _counts_to_json(counts: LesionCounts) -> dict[str, float]:
    derived = {name: getattr(counts, name) for name in ("sensitivity", "precision", "f1")}
    return {**asdict(counts), **derived}


def _head_to_json(head: HeadSummary) -> dict[str, Any]:
    classes = {
        name: {"pooled": _overlap_to_json(one.pooled), "patient_dice": asdict(one.patient_dice)}
        for name, one in head.classes.items()
    }
    return {"n_scans": head.n_scans, "patient_dice": asdict(head.patient_dice), "classes": classes}


def _lesions_to_json(lesions: LesionSummary | None) -> dict[str, Any] | None:
    if lesions is None:
        return None
    means = {name: asdict(getattr(lesions, f"patient_{name}")) for name in ("sensitivity", "precision", "f1")}
    pooled = {**_counts_to_json(lesions.pooled), "false_positives_per_scan": lesions.false_positives_per_scan}
    return {"n_scans": lesions.n_scans, "pooled": pooled, "per_patient": means}


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - JSON is untyped
    if isinstance(value, Mapping):
        return {key: _without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _cases_table(cases: Sequence[CaseMetrics]) -> str:
    rows = [case_row(case) for case in cases]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


def _write_text(path: Path, text: str) -> None:
    """Complete or not at all."""
    with written_whole(path) as part:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="")
