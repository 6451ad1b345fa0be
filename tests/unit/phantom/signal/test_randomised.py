from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.signal.palette import usual_palette
from crmo_seg.phantom.signal.randomised import (
    BRIGHTER,
    FATS,
    FLUIDS,
    WIDEST_FACTOR,
    randomised_palette,
    texture_amounts,
)
from crmo_seg.phantom.signal.sequences import SEQUENCE_NAMES
from crmo_seg.phantom.signal.tissues import TISSUES

DRAWS = 500


@pytest.mark.parametrize("name", ["stir", "t2_dixon_water"])
def test_fluid_sensitive_contrast_is_never_inverted(name: str) -> None:
    dark_fat = 0
    for seed in range(DRAWS):
        palette = randomised_palette(name, np.random.default_rng(seed), strength=1.0)
        reference = BRIGHTER * max(palette.signal("muscle"), palette.signal("red_marrow"))
        assert palette.signal("muscle") == 100
        assert all(palette.signal(bright) >= reference * 0.9999 for bright in ("edema", *FLUIDS))
        assert palette.signal("red_marrow") <= 260
        assert max(palette.signal(dark) for dark in ("air", "airway", "cortex", "bowel_gas")) <= 30
        fat, red_marrow = palette.signal("fat"), palette.signal("red_marrow")
        assert min(fat, red_marrow) <= palette.signal("fatty_marrow") <= max(fat, red_marrow)
        dark_fat += fat < 100
    assert 0.85 * DRAWS <= dark_fat < DRAWS


def test_t1_contrast_is_never_inverted() -> None:
    for seed in range(DRAWS):
        palette = randomised_palette("t1", np.random.default_rng(seed))
        order = ["fat", "fatty_marrow", "red_marrow", "edema"]
        signals = [palette.signal(name) for name in order]
        assert signals == sorted(signals, reverse=True)
        assert palette.signal("red_marrow") >= 109
        assert max(palette.signal(name) for name in FLUIDS) <= 100
        assert max(palette.signal(dark) for dark in ("air", "airway", "cortex", "bowel_gas")) <= 30


def test_means_are_drawn_from_wide_ranges() -> None:
    usual = usual_palette("stir")
    for name in ("liver", "spleen", "brain", "cartilage", "lymph_node", "thymus"):
        relative = [
            randomised_palette("stir", np.random.default_rng(seed)).signal(name) / usual.signal(name)
            for seed in range(200)
        ]
        assert 1 / WIDEST_FACTOR <= min(relative) < 0.6
        assert 1.7 < max(relative) <= WIDEST_FACTOR * 1.0001


def test_strength_scales_the_spread() -> None:
    def spread(strength: float) -> float:
        signals = [
            randomised_palette("stir", np.random.default_rng(seed), strength).signal("liver") for seed in range(100)
        ]
        return float(np.std(np.log(signals)))

    assert spread(0.0) == 0
    assert spread(0.5) == pytest.approx(spread(1.0) / 2, rel=0.01)


@pytest.mark.parametrize("name", SEQUENCE_NAMES)
def test_leaks_follow_the_fat(name: str) -> None:
    palette = randomised_palette(name, np.random.default_rng(0))
    for tissue, pair in palette.values.items():
        assert pair[0] >= 0
        assert pair[0] + pair[1] >= -1e-3, tissue
    if name == "t1":
        assert all(palette.fat_leak(tissue) == 0 for tissue in TISSUES)
    else:
        assert palette.fat_leak("fat") > palette.fat_leak("fatty_marrow") > palette.fat_leak("red_marrow")
        assert all(palette.fat_leak(fat) > 100 for fat in FATS)


def test_same_generator_same_palette() -> None:
    one, again = (randomised_palette("stir", np.random.default_rng(9)) for _ in range(2))
    assert all(np.array_equal(one.values[name], again.values[name]) for name in TISSUES)


def test_texture_amounts() -> None:
    for seed in range(50):
        amounts = texture_amounts(np.random.default_rng(seed))
        assert set(amounts) == set(TISSUES)
        assert amounts["air"] == 0
        assert all(0 <= amount <= 0.3 for amount in amounts.values())
    assert texture_amounts(np.random.default_rng(1)) == texture_amounts(np.random.default_rng(1))


def test_bad_strength() -> None:
    with pytest.raises(InputError, match=r"contrast strength: is 3; give a number between 0 and 2"):
        randomised_palette("stir", np.random.default_rng(0), strength=3)
