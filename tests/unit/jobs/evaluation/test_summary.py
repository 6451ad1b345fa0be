"""``summary.json`` is strict JSON with everything in it."""

from __future__ import annotations

import json
import math

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import summarise
from crmo_seg.evaluation.lesion_table import LesionTable
from crmo_seg.evaluation.surface import SurfaceAgreement
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.jobs.evaluation.summary import summary_to_json


def test_what_is_undefined_or_infinite_is_null() -> None:
    surfaces = {"edema": {"edema": SurfaceAgreement(math.nan, math.nan, math.nan, math.nan)}}
    heads = {"edema": {"edema": Overlap(0, 0, 0)}}
    case = CaseMetrics("a", "A", heads, surfaces=surfaces, table=LesionTable((), ()))
    data = json.loads(json.dumps(summary_to_json(summarise([case])), allow_nan=False))
    assert data["metrics"]["dice"] == {
        "label": "Dice", "value": None, "interval": [None, None], "n_defined": 0, "n": 1,
    }  # fmt: skip
    assert data["lesions"]["patients"]["auc_confidence"] is None
    assert data["lesions"]["lesion_free_scans"]["specificity"] == 1.0
    assert data["volumes"]["limits_of_agreement_ml"] == [None, None]
    assert data["comparison"] is None
    assert data["settings"]["size_limits_ml"] == [0.5, 1.0, 5.0]


def test_without_edema_there_are_no_lesions_and_no_volumes() -> None:
    data = summary_to_json(summarise([CaseMetrics("a", "A", {"knee": {"1": Overlap(1, 1, 1)}})]))
    assert (data["volumes"], data["lesions"]["any_overlap"]) == (None, None)
    assert "froc" not in data["lesions"]
    assert set(data["metrics"]) == {"knee_dice"}
