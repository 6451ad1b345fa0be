"""Bright and dark fat: a cylinder worked out by hand, phantoms of three sequences, and real scans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_volume

from crmo_seg.inference.quality.fat import LARGEST_RIM_RATIO, fat_flags, rim_ratio
from crmo_seg.io.nifti import read_image
from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.settings import PhantomSettings, as_tiny, read_preset
from crmo_seg.volume import Array, Volume

SPACING_MM = (2.0, 6.0, 2.0)


def make_cylinder(fat: float) -> Volume:
    """Muscle of 100 in a skin of 10 mm of fat, 120 mm across and as long as the image; air is 5."""
    x, y, _ = np.meshgrid(np.arange(80) * 2.0, np.arange(26) * 6.0, np.arange(40), indexing="ij")
    radius = np.hypot(x - 79, y - 75)
    array = np.select([radius < 50, radius < 60], [100.0, fat], 5.0)
    return make_volume(array.astype(np.float32), SPACING_MM)


def settings_of(mode: str) -> PhantomSettings:
    settings = as_tiny(read_preset("whole_body"))
    contrast = replace(settings.contrast, mode=mode)
    return replace(settings, sequences=("stir", "t2_dixon_water", "t1"), contrast=contrast)


def ratios(mode: str, patients: int) -> dict[str, Array]:
    studies = [study for index in range(patients) for study in make_studies(settings_of(mode), 3, index)]
    names = studies[0].scan.images
    return {name: np.array([rim_ratio(study.scan.images[name]) for study in studies], dtype=float) for name in names}


@pytest.mark.parametrize("fat", [200.0, 300.0])
def test_the_ratio_is_that_of_the_tissues(fat: float) -> None:
    assert rim_ratio(make_cylinder(fat)) == pytest.approx((fat - 5) / (100 - 5), rel=0.05)


@pytest.mark.parametrize("fat", [5.0, 20.0, 60.0, 100.0])
def test_dark_fat_is_never_called_bright(fat: float) -> None:
    ratio = rim_ratio(make_cylinder(fat))
    assert ratio is not None
    assert ratio <= 1.02


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS[::7])
def test_any_orientation(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    image = make_cylinder(250.0)
    assert rim_ratio(image.transposed(axes, flips)) == pytest.approx(rim_ratio(image))


def test_the_unit_of_the_signal_does_not_matter() -> None:
    image = make_cylinder(250.0)
    assert rim_ratio(image.with_array(image.array * np.float32(0.01))) == pytest.approx(rim_ratio(image), rel=1e-3)


def test_bright_fat_is_a_warning_where_it_should_be_dark() -> None:
    (flag,) = fat_flags("stir", make_cylinder(250.0))
    assert (flag.code, flag.severity) == ("fat_not_suppressed", "warning")
    assert "STIR image" in flag.text
    assert not list(fat_flags("t1", make_cylinder(250.0)))
    assert not list(fat_flags("stir", make_cylinder(40.0)))


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 40, 40), (12, 12, 12)])
def test_too_small_an_image_says_nothing(shape: tuple[int, int, int]) -> None:
    array = np.random.default_rng(0).random(shape).astype(np.float32)
    assert rim_ratio(make_volume(array)) is None
    assert rim_ratio(make_volume(np.zeros(shape, dtype=np.float32))) is None


@pytest.mark.slow
def test_it_parts_the_sequences_of_phantoms() -> None:
    of = ratios("physical", patients=3)
    suppressed = np.concatenate([of["stir"], of["t2_dixon_water"]])
    assert suppressed.max() < LARGEST_RIM_RATIO - 0.4
    assert of["t1"].min() > suppressed.max() + 0.2
    assert of["t1"].max() > LARGEST_RIM_RATIO


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["body_mr_3mm", "spine_t2"])
def test_unclear_real_scans_are_not_called_unsuppressed(shared_data: Path, name: str) -> None:
    """A body MR whose fat is no brighter than its organs, and a piece of spine without skin."""
    assert not list(fat_flags("stir", read_image(shared_data / "nifti" / f"{name}.nii.gz")))
