"""The tables of an evaluation: a row a case, a row a lesion, strata, the FROC curve, and what changed.

A cell is empty where a value is undefined or was not measured.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.comparison import Comparison
from crmo_seg.evaluation.froc import FrocCurve
from crmo_seg.evaluation.lesion_scores import LesionScores
from crmo_seg.evaluation.lesion_table import ComparedLesion
from crmo_seg.evaluation.lesionwise import LesionCounts
from crmo_seg.evaluation.readers import ReaderAgreement
from crmo_seg.evaluation.strata import Stratum
from crmo_seg.evaluation.surface import SurfaceAgreement
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.keys import EDEMA

Row = dict[str, str]


def case_row(case: CaseMetrics) -> Row:
    """One row of ``cases.csv``."""
    row: dict[str, float] = {}
    for head, classes in case.heads.items():
        if head != EDEMA:
            row[f"{head}_mean_dice"] = case.mean_dice(head)
        for name, found in classes.items():
            prefix = EDEMA if head == EDEMA else f"{head}_{name}"
            values = {**overlap_values(found), **_surface_values(case.surfaces.get(head, {}).get(name))}
            row |= {f"{prefix}_{key}": value for key, value in values.items()}
    if case.lesions:
        row |= {f"lesion_{key}": value for key, value in count_values(case.lesions.any_overlap).items()}
        row |= {f"lesion_iou_{key}": value for key, value in count_values(case.lesions.iou).items()}
    row |= _score_values(case.scores)
    return {"case_id": case.case_id, "patient_id": case.patient_id, **_cells(row)}


def lesion_rows(cases: Iterable[CaseMetrics]) -> list[Row]:
    """Rows of ``lesions.csv``: the reference lesions of a case, then the predicted ones."""
    rows = []
    for case in cases:
        ids = {"case_id": case.case_id, "patient_id": case.patient_id}
        lesions = (case.table.ref, case.table.pred) if case.table else ((), ())
        for mask, of_mask in zip(("reference", "prediction"), lesions, strict=True):
            rows += [{**ids, "mask": mask, **_lesion_row(one)} for one in of_mask]
    return rows


def stratum_rows(strata: Iterable[Stratum]) -> list[Row]:
    """Rows of ``strata.csv``."""
    return [{"dimension": one.dimension, "stratum": one.name, **_cells(stratum_values(one))} for one in strata]


def froc_rows(curve: FrocCurve) -> list[Row]:
    """Rows of ``froc.csv``: the points of the curve, from the most confident lesion to the last."""
    points = zip(curve.thresholds, curve.false_positives_per_scan, curve.sensitivity, strict=True)
    names = ("threshold", "false_positives_per_scan", "sensitivity")
    return [_cells(dict(zip(names, (float(value) for value in point), strict=True))) for point in points]


def comparison_rows(comparison: Comparison) -> list[Row]:
    """Rows of ``comparison.csv``: one a metric."""
    numbers = ("value", "other", "difference", "low", "high", "n_pairs", "n_undefined", "n_one_sided", "p", "p_holm")
    rows = []
    for one in comparison.metrics:
        values = {"low": one.interval.low, "high": one.interval.high, **asdict(one)}
        rows.append({"metric": one.name, "better": one.better, **_cells({name: values[name] for name in numbers})})
    return rows


def change_rows(comparison: Comparison) -> list[Row]:
    """Rows of ``comparison_cases.csv``: one a case, the largest change first."""
    rows = []
    for case in comparison.cases:
        cells: dict[str, float] = {}
        for name, (first, other) in case.values.items():
            cells |= {name: first, f"{name}_other": other, f"{name}_difference": case.difference(name)}
        changed = str(case.is_changed).lower()
        rows.append({"case_id": case.case_id, "patient_id": case.patient_id, "changed": changed, **_cells(cells)})
    return rows


def reader_rows(readers: ReaderAgreement) -> list[Row]:
    """Rows of ``readers.csv``: a row a pair of raters."""
    rows = []
    for pair in readers.pairs:
        cells: dict[str, float] = {}
        for name, one in pair.estimates.items():
            cells |= {name: one.value, f"{name}_low": one.interval.low, f"{name}_high": one.interval.high}
        cells["volume_icc"] = pair.volumes.correlation if pair.volumes else math.nan
        rows.append({"first": pair.first, "second": pair.second, **_cells(cells)})
    return rows


def table_text(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = ()) -> str:
    """CSV with the columns of all rows; ``columns`` where there are no rows."""
    names = list(dict.fromkeys(name for row in rows for name in row)) or columns
    table = io.StringIO()
    writer = csv.DictWriter(table, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


LESION_COLUMNS = (
    "case_id", "patient_id", "mask", "lesion_id", "volume_ml", "max_diameter_mm", "centroid_x_ras_mm",
    "centroid_y_ras_mm", "centroid_z_ras_mm", "confidence", "bone", "side", "group", "met", "meets", "partner", "iou",
)  # fmt: skip
"""Columns of ``lesions.csv``."""


def overlap_values(found: Overlap) -> dict[str, float]:
    """Numbers of an overlap, derived ones included."""
    derived = {name: getattr(found, name) for name in ("volume_error_ml", "volume_ratio")}
    return {"dice": found.dice, "pred_volume_ml": found.pred_ml, "ref_volume_ml": found.ref_ml, **derived}


def count_values(counts: LesionCounts) -> dict[str, float]:
    """Numbers of lesion counts, derived ones included."""
    return {**asdict(counts), **{name: getattr(counts, name) for name in ("sensitivity", "precision", "f1")}}


def stratum_values(one: Stratum) -> dict[str, float]:
    """Numbers of a stratum, derived ones included."""
    interval = {"sensitivity_low": one.sensitivity_interval.low, "sensitivity_high": one.sensitivity_interval.high}
    counts = {name: getattr(one, name) for name in ("n_ref", "n_found", "n_pred", "n_false_positive")}
    return {**counts, "sensitivity": one.sensitivity, **interval, "precision": one.precision}


def _surface_values(found: SurfaceAgreement | None) -> dict[str, float]:
    return asdict(found) if found else {}


def _score_values(scores: LesionScores | None) -> dict[str, float]:
    if scores is None:
        return {}
    panoptic = {name: getattr(scores.panoptic, name) for name in ("recognition_quality", "segmentation_quality")}
    volumes = {name: getattr(scores, name) for name in ("false_positive_ml", "false_negative_ml")}
    return {"brats_dice": scores.brats_dice, "panoptic_quality": scores.panoptic.quality, **panoptic, **volumes}


def _lesion_row(one: ComparedLesion) -> Row:
    lesion, site = one.lesion, one.lesion.site
    centroid = dict(zip((f"centroid_{axis}_ras_mm" for axis in "xyz"), lesion.centroid_ras_mm, strict=True))
    confidence = math.nan if lesion.mean_probability is None else lesion.mean_probability
    sizes = {"volume_ml": lesion.volume_ml, "max_diameter_mm": lesion.max_diameter_mm}
    return {
        "lesion_id": str(lesion.lesion_id),
        **_cells({**sizes, **centroid, "confidence": confidence}),
        "bone": site.bone or "",
        "side": site.side.value if site.side else "",
        "group": one.group,
        "met": str(one.is_met).lower(),
        "meets": ";".join(map(str, one.meets)),
        "partner": "" if one.partner is None else str(one.partner),
        **_cells({"iou": one.iou}),
    }


def _cells(row: Mapping[str, float]) -> Row:
    return {name: "" if math.isnan(value) else f"{value:.6g}" for name, value in row.items()}
