from dataclasses import replace

import pytest

from crmo_seg.errors import InputError
from crmo_seg.inference.modes import BASELINE, BEST, DEFAULT, FAST, MODES, Mode, mode_named


def test_modes_cost_more_the_better_they_are() -> None:
    assert list(MODES.values()) == [FAST, DEFAULT, BEST, BASELINE]
    assert FAST.overlap < DEFAULT.overlap < BEST.overlap
    assert [mode.passes for mode in MODES.values()] == [1, 1, 4, 1]


def test_the_baseline_runs_the_same_windows_for_its_bones() -> None:
    assert [mode.name for mode in MODES.values() if mode.thresholds_edema] == ["baseline"]
    assert replace(DEFAULT, name="baseline", thresholds_edema=True) == BASELINE


def test_the_best_mode_mirrors_in_plane_only() -> None:
    assert set(BEST.mirrored_axes) == {(), (0,), (1,), (0, 1)}


def test_an_unknown_mode_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="'turbo' is unknown; choose one of fast, default, best, baseline"):
        mode_named("turbo")


@pytest.mark.parametrize(("overlap", "axes"), [(1.0, ((),)), (-0.1, ((),)), (0.2, ()), (0.2, ((3,),))])
def test_a_mode_that_cannot_run_is_refused(overlap: float, axes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="mode mine"):
        Mode("mine", overlap, axes)
