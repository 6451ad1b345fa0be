"""By date where all are known, else as given; what is no series of visits is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from crmo_seg.errors import InputError
from crmo_seg.jobs.comparison.reading import Visit
from crmo_seg.jobs.timelines.ordering import check_count, check_visits, in_order
from crmo_seg.longitudinal.comparison import VisitMasks
from crmo_seg.longitudinal.identity import VisitFacts


def visit(name: str, date: str | None, patient: str = "p1") -> Visit:
    return Visit(Path("out") / name, {}, VisitFacts(patient, date), cast(VisitMasks, cast(Any, None)))


def names(visits: tuple[Visit, ...]) -> list[str]:
    return [one.folder.name for one in visits]


def test_by_date_and_it_says_so_where_that_changes_the_order() -> None:
    a, b, c = visit("a", "2024-03-01"), visit("b", "2023-01-01"), visit("c", "2025-01-01")
    found, flags = in_order([a, b, c])
    assert names(found) == ["b", "a", "c"]
    assert [(flag.code, flag.severity) for flag in flags] == [("sorted_by_date", "info")]
    assert in_order([b, a, c]) == ((b, a, c), ())


def test_equal_dates_keep_the_order_of_the_command() -> None:
    a, b = visit("z", "2024-03-01"), visit("a", "2024-03-01")
    assert in_order([a, b]) == ((a, b), ())


def test_one_date_that_is_not_known_leaves_the_order_and_says_so() -> None:
    a, b = visit("a", "2024-03-01"), visit("b", None)
    found, (flag,) = in_order([a, b])
    assert names(found) == ["a", "b"]
    assert (flag.code, flag.severity, flag.value) == ("order_as_given", "warning", ("b",))
    assert "order of the command" in flag.text


@pytest.mark.parametrize("folders", [[], [Path("out/a")]])
def test_one_visit_is_no_timeline(folders: list[Path]) -> None:
    with pytest.raises(InputError, match="give the folders of two or more visits"):
        check_count(folders)


def test_any_two_are_checked_not_only_neighbours() -> None:
    a, b, c = visit("a", "2023-01-01"), visit("b", None), visit("c", "2022-01-01")
    with pytest.raises(InputError, match=r"c: is of 2022-01-01, before 2023-01-01 of out/a; give the earlier"):
        check_visits([a, b, c], same_patient=False)
    with pytest.raises(InputError, match="a: is given twice"):
        check_visits([a, b, a], same_patient=False)
    stranger = visit("d", "2024-01-01", "p2")
    with pytest.raises(InputError, match="d: is of patient p2, out/a of patient p1"):
        check_visits([a, b, stranger], same_patient=False)
    check_visits([a, b, stranger], same_patient=True)
