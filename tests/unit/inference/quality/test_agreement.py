"""Disagreement of members against Dice worked out pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.inference.quality.agreement import agreement_flags, disagreement, shared_voxels
from crmo_seg.volume import Array


@given(members=arrays(np.float32, (3, 4, 3, 2), elements=st.sampled_from([0.1, 0.4, 0.5, 0.9])))
def test_as_the_metric_says(members: Array) -> None:
    masks = members >= 0.5
    dices = []
    for first, second in ((0, 1), (0, 2), (1, 2)):
        shared = float((masks[first] & masks[second]).sum())
        dice = Overlap(pred_ml=float(masks[first].sum()), ref_ml=float(masks[second].sum()), shared_ml=shared).dice
        dices.append(1.0 if np.isnan(dice) else dice)
    assert disagreement(shared_voxels(list(members), 0.5)) == pytest.approx(1 - np.mean(dices))


def test_counts_of_windows_add_up() -> None:
    members = np.random.default_rng(0).random((4, 12, 6, 5))
    whole = shared_voxels(list(members), 0.6)
    windows = [shared_voxels(list(members[:, start : start + 3]), 0.6) for start in range(0, 12, 3)]
    np.testing.assert_array_equal(np.sum(windows, axis=0), whole)


def test_extremes() -> None:
    mark, nothing = np.ones((2, 2)), np.zeros((2, 2))
    assert disagreement(shared_voxels([mark, mark, mark], 0.5)) == 0.0
    assert disagreement(shared_voxels([nothing, nothing], 0.5)) == 0.0
    assert disagreement(shared_voxels([mark, nothing], 0.5)) == 1.0
    assert disagreement(shared_voxels([mark], 0.5)) is None


def test_specks_are_no_disagreement() -> None:
    shared = shared_voxels([np.array([0.9, 0.0, 0.0]), np.array([0.0, 0.0, 0.9])], 0.5)
    assert disagreement(shared) == 1.0
    assert disagreement(shared, minimum_voxels=2) == 0.0


@pytest.mark.parametrize("value", [None, 0.0, 0.5])
def test_agreement_is_not_worth_a_word(value: float | None) -> None:
    assert not list(agreement_flags(value))


def test_disagreement_is() -> None:
    (flag,) = agreement_flags(0.7)
    assert (flag.code, flag.severity, flag.value) == ("members_disagree", "warning", 0.7)
    assert "share 30% of what they mark" in flag.text
