"""Agreement of several readers: by hand, symmetric, and over the same scans on both sides."""

from __future__ import annotations

import math

import pytest
from evaluation_builders import FEW_SAMPLES, Rods, edema_case

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.readers import MeanDifference, ReaderAgreement, reader_agreement

PAIRS = (("reference", "anna"), ("reference", "prediction"), ("anna", "prediction"))


def agreement(*scans: tuple[Rods, Rods, Rods]) -> ReaderAgreement:
    """Of scans as the reference, Anna and the prediction marked them."""
    masks = [dict(zip(("reference", "anna", "prediction"), scan, strict=True)) for scan in scans]

    def cases(first: str, second: str) -> list[CaseMetrics]:
        return [edema_case(f"scan{i}", ref=mask[first], pred=mask[second]) for i, mask in enumerate(masks)]

    return reader_agreement({pair: cases(*pair) for pair in PAIRS}, "prediction", FEW_SAMPLES)


def difference(found: ReaderAgreement, label: str) -> MeanDifference:
    return next(one for one in found.differences if one.label == label)


def test_two_readers_and_a_prediction_by_hand() -> None:
    # Reference 0-10, Anna 2-12, prediction 5-15: Dice 0.8 between the readers, 0.5 and 0.7 with the prediction.
    found = agreement(*[([(0, 10)], [(2, 12)], [(5, 15)])] * 3)
    assert [(pair.first, pair.second) for pair in found.pairs] == list(PAIRS)
    assert [pair.estimates["dice"].value for pair in found.pairs] == pytest.approx([0.8, 0.5, 0.7])
    dice = difference(found, "Dice")
    assert (dice.with_readers, dice.between_readers) == (pytest.approx(0.6), pytest.approx(0.8))
    assert (dice.difference, dice.interval.low, dice.interval.high) == (pytest.approx(-0.2),) * 3
    assert difference(found, "lesions, any overlap: F1").difference == 0.0


def test_roles_do_not_matter() -> None:
    one, other = [(0, 4), (10, 14)], [(1, 5), (20, 23), (25, 28)]
    there, back = edema_case("a", ref=one, pred=other), edema_case("a", ref=other, pred=one)
    found = reader_agreement(
        {("reference", "anna"): [there], ("reference", "prediction"): [there], ("anna", "prediction"): [back]},
        "prediction",
        FEW_SAMPLES,
    )
    for name in ("dice", "surface_dice", "lesion_f1"):
        values = {round(pair.estimates[name].value, 12) for pair in found.pairs}
        assert len(values) == 1, name


def test_means_are_of_the_scans_in_which_every_pair_has_a_value() -> None:
    """On the second scan only the prediction marks something: Dice 0 with each reader, undefined between them."""
    found = agreement(([(0, 10)], [(0, 10)], [(0, 10)]), ([], [], [(0, 4)]))
    dice = difference(found, "Dice")
    assert (dice.with_readers, dice.between_readers, dice.n_scans) == (1.0, 1.0, 1)
    f1 = difference(found, "lesions, any overlap: F1")  # pooled, so that the false lesion counts
    assert (f1.with_readers, f1.between_readers, f1.n_scans) == (pytest.approx(2 / 3), 1.0, 2)


def test_nothing_marked_by_anyone() -> None:
    found = agreement(([], [], []), ([], [], []))
    assert math.isnan(difference(found, "Dice").difference)
    assert difference(found, "Dice").n_scans == 0
    assert math.isnan(difference(found, "lesions, any overlap: F1").interval.low)
