"""What a bundle is, and its hashes."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_plan

from crmo_seg.bundle import ModelBundle
from crmo_seg.errors import InputError


def make_bundle(**changes: object) -> ModelBundle:
    weights = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    return ModelBundle(**{"name": "test", "plan": make_plan(), "weights": weights} | changes)  # type: ignore[arg-type]


def test_the_hash_changes_with_what_changes_a_prediction() -> None:
    changes = [{}, {"threshold": 0.4}, {"minimum_lesion_ml": 0.2}, {"minimum_peak_probability": 0.8}]
    assert len({make_bundle(**change).sha256 for change in changes}) == 4


def test_a_bundle_without_a_least_peak_keeps_the_hash_that_it_had_before_there_was_one() -> None:
    assert "minimum_peak_probability" not in make_bundle().contract


def test_only_allowed_networks_are_named() -> None:
    with pytest.raises(InputError, match=r"names the network 'torch.load'; allowed: crmo_seg.network.UNet"):
        make_bundle(network_class="torch.load")


def test_a_bundle_alone_is_its_only_member() -> None:
    bundle = make_bundle()
    (member,) = bundle.members
    assert member.sha256 == bundle.sha256


def test_the_hash_of_the_network_is_that_of_weights_and_plan() -> None:
    point = {"threshold": 0.4, "minimum_lesion_ml": 0.2, "minimum_peak_probability": 0.9}
    same = {make_bundle().network_sha256, make_bundle(**point, name="x").network_sha256}
    assert len(same) == 1
    weights = {"a.weight": np.zeros((2, 3), np.float32)}
    changed = [{"weights": weights}, {"other_weights": (weights,)}, {"plan": make_plan(patch=(16, 16, 8))}]
    assert len(same | {make_bundle(**change).network_sha256 for change in changed}) == 4


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"threshold": 1.0}, "threshold 1.0"),
        ({"minimum_lesion_ml": -1.0}, "-1.0 ml"),
        ({"minimum_peak_probability": 1.0}, "least peak probability 1.0 of a lesion"),
    ],
)
def test_senseless_numbers_are_refused(change: dict[str, float], problem: str) -> None:
    with pytest.raises(InputError, match=f"bundle test: has the .*{problem}; give"):
        make_bundle(**change)
