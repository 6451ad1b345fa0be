"""Several readers on the page."""

from __future__ import annotations

from evaluation_builders import FEW_SAMPLES, edema_case

from crmo_seg.evaluation.readers import reader_agreement
from crmo_seg.report.evaluation.readers import mean_table, pair_table


def test_pairs_and_means() -> None:
    same, near = ([edema_case(c, ref=[(0, 10)], pred=[(s, 10 + s)]) for c in "ab"] for s in (0, 1))
    pairs = {("reference", "anna"): same, ("reference", "prediction"): near, ("anna", "prediction"): near}
    found = reader_agreement(pairs, "prediction", FEW_SAMPLES)
    rows = pair_table(found, FEW_SAMPLES).rows
    assert [row[0] for row in rows] == ["reference and anna", "reference and prediction", "anna and prediction"]
    assert (rows[0][1], rows[1][1]) == ("1.00 (1.00 to 1.00)", "0.900 (0.900 to 0.900)")
    assert mean_table(found, FEW_SAMPLES).rows[0] == ("Dice", "0.900", "1.00", "-0.100", "-0.100 to -0.100", "2")
