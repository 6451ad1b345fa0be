"""Two predictions on the page: what the tests say in words, and which scans changed."""

from __future__ import annotations

from dataclasses import replace

from evaluation_builders import FEW_SAMPLES, edema_case

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.comparison import Comparison, compare_cohorts
from crmo_seg.evaluation.statistics import Interval
from crmo_seg.report.console import UNDEFINED
from crmo_seg.report.evaluation.comparison import MOST_CHANGES, change_table, difference_table, verdicts


def cohort(shift: int, n: int = 12) -> list[CaseMetrics]:
    return [edema_case(f"case{i}", ref=[(0, 5 + i)], pred=[(shift, 5 + i + shift)]) for i in range(n)]


def compared(first: int, other: int) -> Comparison:
    return compare_cohorts(cohort(first), cohort(other), FEW_SAMPLES)


def test_words_say_which_is_better() -> None:
    better = verdicts(compared(0, 3))
    assert better[0] == "12 of 12 scans changed."
    assert better[1].startswith("Better: Dice (+0.")
    assert better[-1].startswith("Not told apart (p from 0.05 on, or an interval with 0): volume error, absolute (ml)")
    assert verdicts(compared(3, 0))[1].startswith("Worse: Dice (-0.")


def test_the_same_prediction_is_not_told_apart() -> None:
    comparison = compared(1, 1)
    assert change_table(comparison).rows == ()
    sentences = verdicts(comparison)
    assert sentences[0] == "0 of 12 scans changed."
    assert len(sentences) == 2


def test_a_small_p_does_not_suffice_where_the_interval_holds_zero() -> None:
    comparison = compared(0, 3)
    wide = [replace(one, interval=Interval(-1.0, 1.0)) for one in comparison.metrics]
    assert [text[:10] for text in verdicts(replace(comparison, metrics=tuple(wide)))] == ["12 of 12 s", "Not told a"]


def test_rows_and_arrows() -> None:
    rows = {row[0]: row for row in difference_table(compared(0, 1), FEW_SAMPLES).rows}
    assert rows["Dice ↑"][1] == "1.00"
    assert rows["Dice ↑"][3].startswith("+0.")
    assert rows["volume error (ml) 0"][3] == "0.000"
    assert rows["Hausdorff 95 % (mm) ↓"][5] == UNDEFINED  # not tested


def test_a_value_on_one_side_only_is_starred() -> None:
    first = [edema_case("a", ref=[(0, 4)], pred=[(0, 4)]), edema_case("b", ref=[], pred=[])]
    other = [edema_case("a", ref=[(0, 4)], pred=[(0, 3)]), edema_case("b", ref=[], pred=[(0, 3)])]
    labels = [row[0] for row in difference_table(compare_cohorts(first, other, FEW_SAMPLES), FEW_SAMPLES).rows]
    assert "Dice ↑ *" in labels
    assert "volume error, absolute (ml) ↓" in labels


def test_the_largest_changes_are_shown_and_the_others_counted() -> None:
    table = change_table(compared(0, 3))
    assert len(table.rows) == MOST_CHANGES
    assert table.rows[0][:2] == ("case0", "1.00 | 0.400")
    assert table.note == "This | other. 2 more in comparison_cases.csv."
