import numpy as np
import pytest
from scipy import stats

from crmo_seg.phantom.comparison import Row, as_markdown, as_text, wilson

OUTSIDE = Row("children with femur", 0.9, 10, 0.6, 0.5, 0.7, "d'Angelo 2020", "doi", percent=True)
TREND = Row("minor foci, old over young", 1.4, None, np.inf, 1.0, np.inf, "Limbs", "doi:10/1", percent=False)


@pytest.mark.parametrize(("hits", "total"), [(5, 75), (46, 75), (0, 12), (9, 9), (56, 108)])
def test_wilson_agrees_with_scipy(hits: int, total: int) -> None:
    expected = stats.binomtest(hits, total).proportion_ci(0.95, method="wilson")
    assert wilson(hits, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_by_hand() -> None:
    """Nothing of 10: the upper limit is z² / (n + z²)."""
    z2 = 1.959964**2
    assert wilson(0, 10) == pytest.approx((0, z2 / (10 + z2)), abs=1e-6)


def test_a_value_outside_is_marked() -> None:
    assert not OUTSIDE.inside
    assert as_markdown([OUTSIDE]).splitlines()[2] == (
        "| children with femur | 90.0 % | 10 | 60.0 % | 50.0 % to 70.0 % | NO | d'Angelo 2020 | doi |"
    )


def test_a_direction_has_no_number() -> None:
    assert TREND.inside
    assert "| 1.4 |  | more | over 1.0 | yes |" in as_markdown([TREND])


def test_the_tables_have_a_line_a_quantity() -> None:
    rows = (OUTSIDE, TREND)
    markdown, text = as_markdown(rows).splitlines(), as_text(rows).splitlines()
    assert len(markdown) == len(rows) + 2
    assert len({line.count("|") for line in markdown}) == 1
    assert all(line.startswith(row.name) for line, row in zip(text[1:], rows, strict=True))
