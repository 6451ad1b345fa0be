"""Which lesions are planned; statistics only, nothing is rasterised."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.plain.edema import PlannedLesion
from crmo_seg.phantom.plain.generate import PatientPlan, plan_patient
from crmo_seg.phantom.plain.presets import PLAIN, PLAIN_TINY

PATIENTS = 250


@pytest.fixture(scope="module")
def plans() -> list[PatientPlan]:
    return [plan_patient(PLAIN, 0, index) for index in range(PATIENTS)]


@pytest.fixture(scope="module")
def ill(plans: list[PatientPlan]) -> list[tuple[PlannedLesion, ...]]:
    return [plan.lesions for plan in plans if plan.lesions]


def share(ill: list[tuple[PlannedLesion, ...]], *names: str) -> float:
    return float(np.mean([any(lesion.bone.name.startswith(names) for lesion in lesions) for lesions in ill]))


def test_three_in_ten_children_have_no_edema(ill: list[tuple[PlannedLesion, ...]]) -> None:
    assert 1 - len(ill) / PATIENTS == pytest.approx(PLAIN.lesion_free, abs=0.08)


def test_the_number_of_sites_follows_dangelo(ill: list[tuple[PlannedLesion, ...]]) -> None:
    counts = [len(lesions) for lesions in ill]
    assert 5 <= np.median(counts) <= 7
    assert 1 <= min(counts) <= max(counts) <= 27


@pytest.mark.parametrize(
    ("names", "published"),
    [(("femur",), 0.61), (("tibia",), 0.64), (("ilium", "ischium", "pubis"), 0.39), (("vertebra",), 0.27)],
)
def test_the_sites_follow_dangelo(
    ill: list[tuple[PlannedLesion, ...]], names: tuple[str, ...], published: float
) -> None:
    assert share(ill, *names) == pytest.approx(published, abs=0.12)


def test_most_lesions_of_long_bones_are_metaphyseal(ill: list[tuple[PlannedLesion, ...]]) -> None:
    segments = [lesion.site.segment.value for lesions in ill for lesion in lesions if lesion.site.segment]
    assert 0.55 < segments.count("metaphysis") / len(segments) < 0.85


def test_signal_and_volume_stay_within_their_ranges(ill: list[tuple[PlannedLesion, ...]]) -> None:
    lesions = [lesion for one in ill for lesion in one]
    ratios, volumes = [lesion.signal_ratio for lesion in lesions], [lesion.planned_ml for lesion in lesions]
    assert 3.0 <= min(ratios) <= max(ratios) <= 8.0
    assert np.median(ratios) == pytest.approx(5.6, abs=0.4)
    assert 0.3 <= min(volumes) <= max(volumes) <= 30.0


def test_no_site_is_taken_twice(ill: list[tuple[PlannedLesion, ...]]) -> None:
    for lesions in ill:
        names = [(lesion.bone.full_name, lesion.site.region) for lesion in lesions]
        repeatable = {"rib", "metatarsal", "metacarpal", "wing", "body"}  # several alike in one bone
        single = [name for name in names if name[1] not in repeatable]
        assert len(single) == len(set(single))


def test_tiny_lesions_are_several_voxels_large() -> None:
    lesions = [lesion for index in range(30) for lesion in plan_patient(PLAIN_TINY, 0, index).lesions]
    assert min(lesion.planned_ml for lesion in lesions) >= 2.0
