from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.signal.contrast import (
    MEDIAN_SIGNAL_RATIO,
    ContrastSettings,
    draw_palette,
    edema_signal,
    look_alike_signal,
    ratio_signal,
)
from crmo_seg.phantom.signal.palette import usual_palette
from crmo_seg.phantom.signal.randomised import randomised_palette
from crmo_seg.phantom.signal.sequences import SEQUENCE_NAMES
from crmo_seg.phantom.signal.tissues import TISSUES

RATIOS = (3.0, 4.5, MEDIAN_SIGNAL_RATIO, 7.0, 9.0)


@pytest.mark.parametrize("mode", ["physical", "randomised"])
@pytest.mark.parametrize("name", SEQUENCE_NAMES)
def test_both_modes_by_one_door(name: str, mode: str) -> None:
    settings = ContrastSettings(mode=mode)  # type: ignore[arg-type]
    palette, scanner = draw_palette(name, settings, np.random.default_rng(0))
    assert palette.signal("muscle") == pytest.approx(100)
    assert (scanner.sequence_name, scanner.mode) == (name, mode)
    assert scanner.field_strength_t in (1.5, 3.0)
    assert (scanner.ti_ms is None) == (name != "stir")


def test_shares_of_modes_and_field_strengths() -> None:
    settings = ContrastSettings(mode="mixed", randomised_share=0.4, share_3_t=0.25)
    scanners = [draw_palette("stir", settings, np.random.default_rng(seed))[1] for seed in range(400)]
    assert np.mean([scanner.mode == "randomised" for scanner in scanners]) == pytest.approx(0.4, abs=0.07)
    assert np.mean([scanner.field_strength_t == 3.0 for scanner in scanners]) == pytest.approx(0.25, abs=0.07)


def test_given_field_strength_is_kept_and_changes_nothing_else_that_is_drawn() -> None:
    settings = ContrastSettings(mode="physical")
    low, high = (draw_palette("stir", settings, np.random.default_rng(1), field_t)[1] for field_t in (1.5, 3.0))
    assert (low.field_strength_t, high.field_strength_t) == (1.5, 3.0)
    assert low.tr_ms == high.tr_ms


def test_sequences_of_a_study_share_mode_field_and_patient() -> None:
    for seed in range(20):
        scanners = [draw_palette(name, ContrastSettings(), np.random.default_rng(seed))[1] for name in SEQUENCE_NAMES]
        assert len({(scanner.mode, scanner.field_strength_t) for scanner in scanners}) == 1


def test_same_generator_same_palette() -> None:
    (one, scanner), (again, other) = (
        draw_palette("stir", ContrastSettings(), np.random.default_rng(7)) for _ in range(2)
    )
    assert scanner == other
    assert all(np.array_equal(one.values[name], again.values[name]) for name in TISSUES)


def test_lesion_of_stir_has_the_ratio_to_muscle() -> None:
    for palette in (usual_palette("stir"), randomised_palette("stir", np.random.default_rng(3))):
        signal = edema_signal(palette, "stir", 4.2)
        assert signal.dtype == np.float32
        assert signal.tolist() == pytest.approx([420.0, palette.fat_leak("edema")])


@pytest.mark.parametrize("name", ["t1", "t2_dixon_water"])
def test_other_sequences_follow_the_ratio_in_their_direction(name: str) -> None:
    palette = usual_palette(name)
    signals = [float(edema_signal(palette, name, ratio)[0]) for ratio in RATIOS]
    assert signals == sorted(signals, reverse=name == "t1")
    assert edema_signal(palette, name, MEDIAN_SIGNAL_RATIO)[0] == pytest.approx(palette.signal("edema"))
    if name == "t1":
        assert max(signals) < palette.signal("red_marrow")


def test_lesion_of_t1_is_darker_than_marrow_whatever_the_contrast() -> None:
    for seed in range(100):
        palette = randomised_palette("t1", np.random.default_rng(seed))
        for ratio in RATIOS:
            assert edema_signal(palette, "t1", ratio)[0] < palette.signal("red_marrow")


@pytest.mark.parametrize("ratio", RATIOS)
def test_swapped_dixon_lesion_shows_its_fat_and_never_goes_below_zero(ratio: float) -> None:
    palette = usual_palette("t2_dixon_water")
    lesion, look_alike = (
        edema_signal(palette, "t2_dixon_water", ratio),
        look_alike_signal(palette, "t2_dixon_water", ratio),
    )
    fat_image = {name: palette.signal(name) + palette.fat_leak(name) for name in ("edema", "red_marrow")}
    assert lesion.sum() == pytest.approx(fat_image["edema"], abs=1e-3)
    assert look_alike.sum() == pytest.approx(fat_image["red_marrow"], abs=1e-3)
    assert look_alike[0] == pytest.approx(100 * ratio)


def test_look_alike_is_as_bright_as_a_lesion_in_stir_and_itself_in_t1() -> None:
    stir, t1 = usual_palette("stir"), usual_palette("t1")
    assert look_alike_signal(stir, "stir", 5.0).tolist() == ratio_signal(stir, 5.0).tolist()
    assert ratio_signal(stir, 5.0, "joint_fluid").tolist() == [500.0, 0.0]
    assert look_alike_signal(t1, "t1", 5.0)[0] == pytest.approx(t1.signal("red_marrow"))


def test_bad_settings_and_input() -> None:
    with pytest.raises(InputError, match="contrast mode: is 'real'; give physical, randomised or mixed"):
        ContrastSettings(mode="real")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"contrast randomised_share: is 1\.5; give a number between 0 and 1"):
        ContrastSettings(randomised_share=1.5)
    with pytest.raises(InputError, match=r"signal ratio of a lesion: is 0\.0; give a positive number"):
        edema_signal(usual_palette("stir"), "stir", 0.0)
    with pytest.raises(InputError, match="sequence 'dwi': is not known"):
        edema_signal(usual_palette("stir"), "dwi", 5.0)
    with pytest.raises(InputError, match="sequence 'dwi': is not known"):
        draw_palette("dwi", ContrastSettings(), np.random.default_rng(0))
