from __future__ import annotations

import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.edema.settings import DEFAULT_SETTINGS, EdemaSettings


def test_at_least_three_in_ten_children_are_free_by_default() -> None:
    assert DEFAULT_SETTINGS.lesion_free >= 0.3


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"lesion_free": 1.2}, "lesion_free: is 1.2"),
        ({"smallest_ml": 0.0}, "smallest_ml, largest_ml: 0.0 to 40.0"),
        ({"smallest_ml": 50.0}, "smallest_ml, largest_ml: 50.0 to 40.0"),
        ({"filled_median": 0.0}, "filled_median, filled_spread: 0.0"),
        ({"filled_spread": -1.0}, "filled_median, filled_spread: .*-1.0"),
        ({"ratio_spread": -0.1}, "ratio_spread: is -0.1"),
        ({"ratio_range": (5.0, 5.0)}, "ratio_range"),
    ],
)
def test_settings_that_cannot_be_drawn_are_refused(wrong: dict[str, float], named: str) -> None:
    with pytest.raises(InputError, match=named):
        EdemaSettings(**wrong)  # type: ignore[arg-type]
