"""The exam is fixed, and each family lies outside of training in the respect that it is named for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmo_seg.phantom.exam import FAMILIES, TRAINING_PRESET
from crmo_seg.phantom.settings import EXAM_PREFIX, PhantomSettings, preset_names, read_preset
from crmo_seg.phantom.visit import plan_visits

TRAINING = read_preset(TRAINING_PRESET)
BY_NAME = {family.name: family.settings() for family in FAMILIES}


def apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] <= other[0] or other[1] <= one[0]


def finer_half(settings: PhantomSettings) -> tuple[float, float]:
    """Of slices of spines and regions."""
    thin, thick = settings.scan.slice_thickness_mm
    return thin, (thin + thick) / 2


def test_every_preset_of_the_exam_is_a_family() -> None:
    presets = {name for name in preset_names() if name.startswith(EXAM_PREFIX)}
    assert presets == {EXAM_PREFIX + family.name for family in FAMILIES}


def test_no_two_families_share_children() -> None:
    seeds = [family.seed for family in FAMILIES]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) > 100_000, "small numbers are what people train with"


@pytest.mark.parametrize("name", ["toddlers", "adolescents"])
def test_other_ages(name: str) -> None:
    assert apart(BY_NAME[name].age_years, TRAINING.age_years)


def test_other_regions() -> None:
    assert not set(BY_NAME["regions"].scan.regions) & set(TRAINING.scan.regions)


def test_other_bodies() -> None:
    assert min(BY_NAME["shapes"].body.shape, BY_NAME["shapes"].body.build) > 1.5
    assert TRAINING.body.shape == TRAINING.body.build == 1


def test_other_contrasts() -> None:
    assert (BY_NAME["contrasts"].contrast.mode, BY_NAME["contrasts"].contrast.strength) == ("randomised", 1.6)
    assert TRAINING.contrast.strength == 1
    assert not set(BY_NAME["dixon"].sequences) & set(TRAINING.sequences)


def test_other_slices() -> None:
    for name in ("spines_thin", "spines_thick"):
        assert apart(finer_half(BY_NAME[name]), finer_half(TRAINING))
    assert apart(BY_NAME["poor_scans"].scan.slice_thickness_mm, TRAINING.scan.slice_thickness_mm)
    assert apart(BY_NAME["poor_scans"].scan.in_plane_mm, TRAINING.scan.in_plane_mm)


def test_stronger_artefacts() -> None:
    poor, usual = BY_NAME["poor_scans"].scan.artefacts, TRAINING.scan.artefacts
    for name in ("noise", "bias", "ghosting"):
        assert getattr(poor, name).share == 1
        assert apart(getattr(poor, name).amount, getattr(usual, name).amount)


def test_more_look_alikes_and_more_lesions() -> None:
    settings = BY_NAME["look_alikes"]
    assert settings.edema.lesion_free == 1
    assert settings.normal.frequency > TRAINING.normal.frequency
    assert settings.normal.strength > TRAINING.normal.strength
    assert BY_NAME["heavy"].edema.number_factor == 3 * TRAINING.edema.number_factor


def test_a_family_leaves_training_in_no_other_respect() -> None:
    """Those that are not about ages keep to the ages of training."""
    for name in set(BY_NAME) - {"toddlers", "adolescents"}:
        low, high = BY_NAME[name].age_years
        assert TRAINING.age_years[0] <= low <= high <= TRAINING.age_years[1], name


def test_more_lesions_are_planned_with_the_factor() -> None:
    heavy = BY_NAME["heavy"]
    usual = replace(heavy, edema=replace(heavy.edema, number_factor=1.0))
    counts = [[len(plan_visits(one, 5, index)[0].lesions) for index in range(2)] for one in (usual, heavy)]
    assert [3 * count for count in counts[0]] == counts[1]
