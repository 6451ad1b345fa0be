from __future__ import annotations

from typing import Any

import pytest

from crmo_seg.errors import InputError
from crmo_seg.plan import Budget, Overrides


def test_sizes_differ_in_features_and_arithmetic() -> None:
    assert Budget.of_size("medium", 8) == Budget(8.0, 24, 800.0)
    assert Budget.of_size("large", 8) == Budget(8.0, 32, None)
    assert Budget.of_size("large", 8, 50).step_gflop == 50.0


def test_an_unknown_size_is_named() -> None:
    with pytest.raises(InputError, match=r"network.budget.size: is 'huge'; choose one of small, medium, large"):
        Budget.of_size("huge", 8)


@pytest.mark.parametrize("changes", [{"memory_gb": 0.0}, {"base_channels": -1}, {"step_gflop": 0.0}])
def test_a_budget_is_positive(changes: dict[str, Any]) -> None:
    (name,) = changes
    with pytest.raises(InputError, match=f"network.budget.{name}: is .*above 0"):
        Budget(**{"memory_gb": 1.0, "base_channels": 8, **changes})


def test_overrides_are_what_is_not_null() -> None:
    nothing = {"grid": {"in_plane_spacing_mm": None, "slice_spacing_range_mm": None}, "patch": None, "stages": None}
    assert Overrides.from_settings(nothing) == Overrides()
    given = {"grid": {"slice_spacing_range_mm": [3.0, 8.0]}, "stages": {"strides": [[1, 1, 1], [2, 2, 1]]}}
    overrides = Overrides.from_settings(given, batch_size=4)
    assert overrides == Overrides(slice_spacing_range_mm=(3.0, 8.0), strides=((1, 1, 1), (2, 2, 1)), batch_size=4)
    assert overrides.given == ("slice_spacing_range_mm", "batch_size", "strides")
    assert overrides.depth == 2


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"patch": [64, 64]}, r"network.patch: is \[64, 64\]; give three whole numbers"),
        ({"patch": [64, 64, 0]}, r"network.patch: is \[64, 64, 0\]"),
        ({"patch": 64}, r"network.patch: is 64; give three whole numbers"),
        ({"stages": {"channels": 16}}, r"network.stages.channels: is 16; give a list"),
        ({"grid": {"in_plane_spacing_mm": "fine"}}, r"network.grid.in_plane_spacing_mm: is 'fine'; give a number"),
        ({"grid": {"slice_spacing_range_mm": 6.0}}, r"network.grid.slice_spacing_range_mm: is 6.0; give two numbers"),
        ({"grid": {"spacing": 1.0}}, "network: has no setting spacing; known: in_plane_spacing_mm"),
        ({"stages": {"channels": [8, 16], "kernels": [[3, 3, 3]]}}, "network.stages: names 1, 2 stages"),
        ({"stages": {"strides": [[1, 1, 1], [2, 2]]}}, r"network.stages.strides: is \[\[1, 1, 1\], \[2, 2\]\]"),
    ],
)
def test_wrong_overrides_are_named(network: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Overrides.from_settings(network)


def test_a_batch_is_counted() -> None:
    with pytest.raises(InputError, match="batch_size: is 0; give a whole number"):
        Overrides(batch_size=0)
