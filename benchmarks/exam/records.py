"""What was measured on a study as JSON, and back; what no table needs is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from crmo_seg.anatomy import Side, Site
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.lesion_table import ComparedLesion, LesionTable
from crmo_seg.evaluation.lesionwise import LesionAgreement, LesionCounts
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.lesions import Lesion

Record = dict[str, Any]


def record_of(case: CaseMetrics) -> Record:
    """A study that has edema; NaN becomes null."""
    assert case.lesions is not None
    assert case.table is not None
    return {
        "case_id": case.case_id,
        "heads": {
            head: {name: astuple(shared) for name, shared in classes.items()} for head, classes in case.heads.items()
        },
        "lesions": {
            "any_overlap": astuple(case.lesions.any_overlap),
            "iou": astuple(case.lesions.iou),
            "n_large_ref": case.lesions.n_large_ref,
            "n_large_found": case.lesions.n_large_found,
        },
        "ref": [_lesion_record(one) for one in case.table.ref],
        "pred": [_lesion_record(one) for one in case.table.pred],
    }


def case_of(record: Mapping[str, Any]) -> CaseMetrics:
    """The study of a record."""
    lesions = record["lesions"]
    return CaseMetrics(
        record["case_id"],
        record["case_id"],
        heads={
            head: {name: Overlap(*shared) for name, shared in classes.items()}
            for head, classes in record["heads"].items()
        },
        lesions=LesionAgreement(
            LesionCounts(*lesions["any_overlap"]),
            LesionCounts(*lesions["iou"]),
            lesions["n_large_ref"],
            lesions["n_large_found"],
        ),
        table=LesionTable(*(tuple(_lesion(one) for one in record[side]) for side in ("ref", "pred"))),
    )


def _lesion_record(one: ComparedLesion) -> Record:
    lesion, site = one.lesion, one.lesion.site
    return {
        "lesion_id": lesion.lesion_id,
        "volume_ml": lesion.volume_ml,
        "max_diameter_mm": lesion.max_diameter_mm,
        "centroid_ras_mm": lesion.centroid_ras_mm,
        "bone": site.bone,
        "side": site.side.value if site.side else None,
        "meets": one.meets,
        "partner": one.partner,
        "iou": None if math.isnan(one.iou) else one.iou,
    }


def _lesion(record: Record) -> ComparedLesion:
    x, y, z = record["centroid_ras_mm"]
    site = Site(bone=record["bone"], side=Side(record["side"]) if record["side"] else None)
    lesion = Lesion(record["lesion_id"], record["volume_ml"], record["max_diameter_mm"], (x, y, z), site=site)
    iou = math.nan if record["iou"] is None else record["iou"]
    return ComparedLesion(lesion, tuple(record["meets"]), record["partner"], iou)
