from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.errors import InputError
from crmo_seg.phantom.signal.sequences import (
    SEQUENCE_NAMES,
    DixonWater,
    InversionRecovery,
    Range,
    SpinEcho,
    draw_sequence,
    usual_sequence,
)

STEP_MS = 0.05


def recovered(magnetisation: float, time_ms: float, t1_ms: float) -> float:
    """Recovery towards 1 in small midpoint steps of dM/dt = (1 - M) / T1."""
    for _ in range(round(time_ms / STEP_MS)):
        middle = magnetisation + (1 - magnetisation) * STEP_MS / 2 / t1_ms
        magnetisation += (1 - middle) * STEP_MS / t1_ms
    return magnetisation


def simulated(tr_ms: float, te_ms: float, ti_ms: float | None, t1_ms: float, repetitions: int = 3) -> float:
    """Magnetisation before the 90 degree pulse in the steady state of [180 - TI -] 90 - TE/2 - 180 - rest of TR."""
    along_field = excited = 1.0
    for _ in range(repetitions):
        if ti_ms is not None:
            along_field = recovered(-along_field, ti_ms, t1_ms)
        excited = along_field
        along_field = -recovered(0.0, te_ms / 2, t1_ms)
        along_field = recovered(along_field, tr_ms - (ti_ms or 0.0) - te_ms / 2, t1_ms)
    return excited


def test_inversion_recovery_by_hand() -> None:
    """T1 = TI = TR - TE/2 - ... chosen so that every exponent is a power of 1/2."""
    unit_ms = 1000 * math.log(2)
    sequence = InversionRecovery(tr_ms=3 * unit_ms, te_ms=2 * unit_ms, ti_ms=unit_ms)
    assert sequence.longitudinal(1000.0) == pytest.approx(1 - 2 / 2 + 2 / 4 - 1 / 8)
    assert sequence.signed(0.8, 1000.0, 2000.0) == pytest.approx(0.8 * 0.375 / 2)


def test_spin_echo_by_hand() -> None:
    unit_ms = 1000 * math.log(2)
    sequence = SpinEcho(tr_ms=3 * unit_ms, te_ms=2 * unit_ms)
    assert sequence.longitudinal(1000.0) == pytest.approx(1 - 2 / 4 + 1 / 8)


@pytest.mark.parametrize(("t1_ms", "ti_ms"), [(230.0, 160.0), (900.0, 160.0), (1400.0, 210.0), (4300.0, 160.0)])
def test_inversion_recovery_agrees_with_simulated_recovery(t1_ms: float, ti_ms: float) -> None:
    sequence = InversionRecovery(tr_ms=4000.0, te_ms=60.0, ti_ms=ti_ms)
    assert sequence.longitudinal(t1_ms) == pytest.approx(simulated(4000.0, 60.0, ti_ms, t1_ms), abs=1e-5)


@pytest.mark.parametrize("t1_ms", [300.0, 900.0, 3000.0])
def test_spin_echo_agrees_with_simulated_recovery(t1_ms: float) -> None:
    expected = simulated(600.0, 14.0, None, t1_ms)
    assert SpinEcho(600.0, 14.0).longitudinal(t1_ms) == pytest.approx(expected, abs=1e-5)
    assert DixonWater(600.0, 14.0).longitudinal(t1_ms) == pytest.approx(expected, abs=1e-5)


@given(t1_ms=st.floats(150, 5000), t2_ms=st.floats(5, 2000))
def test_signal_is_zero_at_the_null(t1_ms: float, t2_ms: float) -> None:
    null = InversionRecovery(tr_ms=1e6, te_ms=60.0, ti_ms=t1_ms * math.log(2))
    assert null.signed(1.0, t1_ms, t2_ms) == pytest.approx(0, abs=1e-9)
    assert null.signed(1.0, t1_ms * 1.1, t2_ms) <= 0 <= null.signed(1.0, t1_ms * 0.9, t2_ms)


@given(t1_ms=st.floats(100, 5000), t2_ms=st.floats(5, 2000), seed=st.integers(0, 1000))
def test_spin_echo_is_never_negative(t1_ms: float, t2_ms: float, seed: int) -> None:
    for name in ("t1", "t2_dixon_water"):
        sequence = draw_sequence(name, 1.5, np.random.default_rng(seed))
        assert 0 <= sequence.signed(1.0, t1_ms, t2_ms) <= 1
        assert sequence.unsuppressed(1.0, t1_ms, t2_ms) == sequence.signed(1.0, t1_ms, t2_ms)


@pytest.mark.parametrize("field_t", [1.5, 3.0])
@pytest.mark.parametrize("name", SEQUENCE_NAMES)
def test_drawn_sequences_lie_in_clinical_ranges_and_differ(name: str, field_t: float) -> None:
    drawn = [draw_sequence(name, field_t, np.random.default_rng(seed)) for seed in range(100)]
    assert all(sequence.name == name for sequence in [*drawn, usual_sequence(name, field_t)])
    assert len(set(drawn)) > 90
    assert draw_sequence(name, field_t, np.random.default_rng(3)) == drawn[3]
    for sequence in drawn:
        assert sequence.te_ms < sequence.tr_ms
        if name == "stir":
            low, high = (140, 170) if field_t == 1.5 else (200, 230)
            assert sequence.ti_ms is not None
            assert low <= sequence.ti_ms <= high
            assert 30 <= sequence.te_ms <= 90
            assert 3500 <= sequence.tr_ms <= 7000
        else:
            assert sequence.ti_ms is None


def test_a_range_is_drawn_between_its_ends_in_whole_milliseconds() -> None:
    rng = np.random.default_rng(0)
    values = [Range(10, 20, 40).draw(rng) for _ in range(500)]
    assert min(values) >= 10
    assert max(values) <= 40
    assert all(value == int(value) for value in values)
    assert np.mean(values) == pytest.approx((10 + 20 + 40) / 3, abs=1)


def test_unknown_name_and_field_strength() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="sequence 'flair': is not known; give one of: stir, t1, t2_dixon_water"):
        draw_sequence("flair", 1.5, rng)
    with pytest.raises(InputError, match=r"field strength: is 0\.5 T; give 1\.5 or 3\.0"):
        draw_sequence("stir", 0.5, rng)
