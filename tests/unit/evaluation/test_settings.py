"""Settings that make no sense are named."""

from __future__ import annotations

import pytest

from crmo_seg.errors import InputError
from crmo_seg.evaluation.settings import EvaluationSettings


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("minimum_lesion_ml", -0.1, "0 ml or more"),
        ("minimum_iou", 1.5, "from 0 to 1"),
        ("surface_tolerance_mm", -1.0, "0 mm or more"),
        ("size_limits_ml", (1.0, 0.5), "rising volumes"),
        ("size_limits_ml", (0.5, 0.5), "rising volumes"),
        ("size_limits_ml", (0.0,), "rising volumes"),
        ("bootstrap_repeats", 0, "at least one"),
        ("confidence_level", 1.0, "between 0 and 1"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: object, remedy: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: is .*{remedy}"):
        EvaluationSettings(**{name: value})  # type: ignore[arg-type]


def test_no_limits_of_size_are_one_stratum() -> None:
    assert EvaluationSettings(size_limits_ml=()).size_limits_ml == ()
