"""Rows of the tables: what is undefined or was not measured is an empty cell."""

from __future__ import annotations

import csv
import io
import math

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.statistics import Interval
from crmo_seg.evaluation.strata import Stratum
from crmo_seg.evaluation.surface import SurfaceAgreement
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.jobs.evaluation.tables import case_row, lesion_rows, stratum_rows, table_text


def test_a_case_with_two_heads() -> None:
    heads = {"edema": {"edema": Overlap(0, 2, 0)}, "knee": {"1": Overlap(1, 1, 1), "2": Overlap(1, 3, 1)}}
    surfaces = {"edema": {"edema": SurfaceAgreement(0.0, 0.0, math.nan, math.nan)}}
    row = case_row(CaseMetrics("a", "A", heads, surfaces=surfaces))
    assert (row["edema_dice"], row["edema_volume_ratio"], row["edema_hausdorff95_mm"]) == ("0", "0", "")
    assert (row["knee_mean_dice"], row["knee_2_dice"]) == ("0.75", "0.5")
    assert "lesion_f1" not in row
    assert lesion_rows([CaseMetrics("a", "A", heads)]) == []


def test_an_empty_stratum() -> None:
    nothing = Stratum("size", "< 0.5 ml", 0, 0, 0, 0, Interval(math.nan, math.nan))
    row = stratum_rows([nothing])[0]
    assert (row["dimension"], row["stratum"], row["n_ref"]) == ("size", "< 0.5 ml", "0")
    assert (row["sensitivity"], row["sensitivity_low"], row["precision"]) == ("", "", "")


def test_rows_with_other_cells_share_one_header() -> None:
    text = table_text([{"a": "1"}, {"a": "2", "b": "x,y"}])
    assert list(csv.DictReader(io.StringIO(text))) == [{"a": "1", "b": ""}, {"a": "2", "b": "x,y"}]
    assert table_text([], ("a", "b")) == "a,b\n"
