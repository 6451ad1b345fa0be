"""Strata of size and bone, counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crmo_seg.anatomy import Site
from crmo_seg.evaluation.lesion_table import ComparedLesion, LesionTable
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.evaluation.strata import Stratum, size_names, stratify
from crmo_seg.lesions import Lesion


def lesion(volume_ml: float, *, met: bool, bone: str | None = None) -> ComparedLesion:
    measured = Lesion(1, volume_ml, 10.0, (0.0, 0.0, 0.0), site=Site(bone=bone))
    return ComparedLesion(measured, (1,) if met else (), None, math.nan)


def named(strata: tuple[Stratum, ...]) -> dict[str, tuple[int, int, int, int]]:
    return {one.name: (one.n_ref, one.n_found, one.n_pred, one.n_false_positive) for one in strata}


def test_sizes_by_hand_and_a_limit_belongs_to_the_larger() -> None:
    ref = (lesion(0.499, met=True), lesion(0.5, met=False), lesion(5 * 0.1 + 0.5, met=True), lesion(5.0, met=True))
    pred = (lesion(0.2, met=False), lesion(7.0, met=True))
    found = named(stratify({"A": [LesionTable(ref, pred)]}))
    assert found == {
        "< 0.5 ml": (1, 1, 1, 1),
        "0.5-1 ml": (1, 0, 0, 0),
        "1-5 ml": (1, 1, 0, 0),
        ">= 5 ml": (1, 1, 1, 0),
    }


def test_a_limit_is_kept_whatever_the_rounding_of_the_volume() -> None:
    almost = sum([0.1] * 5) - 1e-12
    assert named(stratify({"A": [LesionTable((lesion(almost, met=True),), ())]}))["0.5-1 ml"] == (1, 1, 0, 0)


def test_bones_and_hands_and_feet_by_hand() -> None:
    ref = (lesion(1, met=True, bone="calcaneus"), lesion(1, met=False, bone="tibia"), lesion(1, met=True))
    pred = (lesion(1, met=False, bone="hand_phalanges"),)
    strata = stratify({"A": [LesionTable(ref, pred)]})
    found = named(strata)
    assert [one.name for one in strata if one.dimension == "bone group"] == ["hand", "leg", "foot", "unknown"]
    assert (found["foot"], found["leg"], found["unknown"]) == ((1, 1, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0))
    assert (found["hands and feet"], found["elsewhere"]) == ((1, 1, 1, 1), (1, 0, 0, 0))
    hand = next(one for one in strata if one.name == "hand")
    assert math.isnan(hand.sensitivity)
    assert hand.precision == 0.0


def test_without_bones_there_are_sizes_only() -> None:
    strata = stratify({"A": [LesionTable((lesion(1, met=True),), ())]})
    assert {one.dimension for one in strata} == {"size"}
    assert size_names(()) == ("all",)


def test_the_interval_is_over_patients() -> None:
    tables = {f"P{i}": [LesionTable((lesion(0.2, met=i < 3), lesion(0.3, met=i < 3)), ())] for i in range(6)}
    stratum = stratify(tables, EvaluationSettings(size_limits_ml=()))[0]
    drawn = np.random.default_rng(0).multinomial(6, [1 / 6] * 6, size=2000)
    low, high = np.quantile(drawn[:, :3].sum(axis=1) / 6, (0.025, 0.975))
    assert (stratum.sensitivity_interval.low, stratum.sensitivity_interval.high) == pytest.approx((low, high))


def test_one_patient_with_lesions_of_a_kind_has_no_interval() -> None:
    tables = {"A": [LesionTable((lesion(0.2, met=True), lesion(0.3, met=False)), ())], "B": [LesionTable((), ())]}
    stratum = stratify(tables)[0]
    assert stratum.sensitivity == 0.5
    assert math.isnan(stratum.sensitivity_interval.low)
