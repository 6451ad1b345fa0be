from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.settings import NO_ARTEFACTS, ArtefactSettings, Chance, ScanSettings


def test_a_chance_comes_as_often_and_as_strong_as_it_says() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([Chance(0.25, (2.0, 4.0)).draw(rng) for _ in range(4000)])
    came = drawn[drawn > 0]
    assert abs(len(came) / len(drawn) - 0.25) < 0.03
    assert came.min() >= 2
    assert came.max() <= 4
    assert abs(came.mean() - 3) < 0.1


def test_a_chance_takes_two_numbers_whatever_comes() -> None:
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    Chance(0.0, (0.0, 1.0)).draw(one)
    Chance(1.0, (0.0, 1.0)).draw(other)
    assert one.random() == other.random()


def test_noise_and_cross_talk_are_as_frequent_as_published() -> None:
    defaults = ArtefactSettings()
    assert defaults.strong_noise.share == pytest.approx(93 / 1038, abs=0.005)
    assert defaults.cross_talk.share == pytest.approx(102 / 1038, abs=0.005)


def test_a_perfect_scanner_has_no_artefact() -> None:
    rng = np.random.default_rng(0)
    assert all(value.draw(rng) == 0 for value in vars(NO_ARTEFACTS).values() if isinstance(value, Chance))
    assert NO_ARTEFACTS.gibbs == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"in_plane_mm": (-1.0, 2.0)}, "in_plane_mm is (-1.0, 2.0); give two numbers above 0, the smaller first"),
        ({"slice_thickness_mm": (8.0, 3.0)}, "slice_thickness_mm is (8.0, 3.0)"),
        ({"stations": (0, 3)}, "stations is (0, 3)"),
        ({"gap": (0.0, 0.9)}, "gap is (0.0, 0.9); give two numbers of 0 to 0.5"),
        ({"sub_slice_mm": 0.0}, "sub_slice_mm is 0.0"),
        ({"coronal_whole_body": 0.0, "sagittal_spine": 0.0, "region": 0.0}, "the shares of the views are"),
        ({"fine_voxels": 5.0}, "the field is too small"),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        ScanSettings(**change)
    assert str(caught.value).startswith("scan settings: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("chance", [(1.5, (0.0, 1.0)), (0.5, (2.0, 1.0)), (0.5, (-1.0, 1.0))])
def test_impossible_chances_are_refused(chance: tuple[float, tuple[float, float]]) -> None:
    with pytest.raises(InputError, match="give a share of 0 to 1 and an amount that rises"):
        Chance(*chance)
