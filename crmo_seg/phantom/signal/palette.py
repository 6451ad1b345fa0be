"""The palette of one sequence: what each tissue shows, and what its fat adds where suppression fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.phantom.signal.corrections import LIPID_T1_IN_STIR, MAGNETISATION_TRANSFER
from crmo_seg.phantom.signal.patient import PatientTissues, TissueDeviation, average_patient, draw_patient
from crmo_seg.phantom.signal.sequences import DixonWater, InversionRecovery, Sequence, SpinEcho, usual_sequence
from crmo_seg.phantom.signal.tissues import LIPID_COMPONENTS, LIPID_T1, LIPID_T2, TISSUES, Tissue

FloatArray: TypeAlias = NDArray[np.float32]

MUSCLE: Final = 100.0
"""Signal of muscle in every palette."""

MOST_FAT: Final = 0.97
"""Fat share of tissue that is nothing but fat cells."""


@dataclass(frozen=True, eq=False)
class Palette:
    """What each tissue shows in one sequence.

    Attributes:
        values: for each tissue, float32 of shape (2,): signal, with muscle at 100, and fat leak, which is added in
            full where fat suppression fails. In a Dixon image the leak turns the water image into the fat image, and
            is negative for watery tissue. Signal plus leak is never negative.
    """

    values: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        missing = [name for name in TISSUES if name not in self.values]
        if missing:
            raise ValueError(f"palette lacks {', '.join(missing)}")
        wrong = [name for name, pair in self.values.items() if pair.shape != (2,) or not np.isfinite(pair).all()]
        if wrong:
            raise ValueError(f"palette needs two finite numbers for {', '.join(wrong)}")

    def signal(self, tissue: str) -> float:
        """Signal of a tissue; muscle has 100."""
        return float(self.values[tissue][0])

    def fat_leak(self, tissue: str) -> float:
        """What is added to the signal where fat suppression fails altogether."""
        return float(self.values[tissue][1])


def palette_from(signals: Mapping[str, float], fat_leaks: Mapping[str, float]) -> Palette:
    """A palette from numbers by tissue."""
    rows = {name: np.array((signals[name], fat_leaks[name]), dtype=np.float32) for name in signals}
    return Palette(MappingProxyType(rows))


def physical_palette(sequence: Sequence, field_strength_t: float, rng: np.random.Generator) -> Palette:
    """The palette that the equations give for a patient whose relaxation times and densities are drawn.

    The draws do not depend on the sequence: generators in the same state give the same patient in every sequence.

    Args:
        sequence: with its TR, TE and TI.
        field_strength_t: 1.5 or 3.0.
        rng: source of randomness; always the same number of draws.

    Raises:
        InputError: where the field strength is neither 1.5 T nor 3 T.
    """
    return palette_of(sequence, field_strength_t, draw_patient(rng))


def usual_palette(sequence_name: str, field_strength_t: float = 1.5) -> Palette:
    """The palette of the usual sequence and the average patient.

    Raises:
        InputError: where name or field strength is unknown.

    >>> usual_palette("stir").signal("muscle")
    100.0
    """
    return palette_of(usual_sequence(sequence_name, field_strength_t), field_strength_t, average_patient())


def palette_of(sequence: Sequence, field_strength_t: float, patient: PatientTissues) -> Palette:
    """The palette of a sequence for the tissues of a patient.

    Raises:
        InputError: where the field strength is neither 1.5 T nor 3 T.
    """
    pools = {
        name: _pools(tissue, patient.deviations[name], patient.lipid_t1, sequence, field_strength_t)
        for name, tissue in TISSUES.items()
    }
    scale = MUSCLE / abs(pools["muscle"].water + pools["muscle"].lipid)
    pairs = {name: _pair(part, patient.deviations[name], sequence, scale) for name, part in pools.items()}
    signals, fat_leaks = ({name: pair[channel] for name, pair in pairs.items()} for channel in (0, 1))
    return palette_from(signals, fat_leaks)


@dataclass(frozen=True)
class _Pools:
    """Signed signals of the two parts of a tissue, and of its fat where nothing suppresses it."""

    water: float
    lipid: float
    lipid_unsuppressed: float


def _pools(
    tissue: Tissue, deviation: TissueDeviation, lipid_t1: float, sequence: Sequence, field_strength_t: float
) -> _Pools:
    density = tissue.proton_density * deviation.density
    fat_share = min(tissue.fat_share * deviation.fat_share, MOST_FAT)
    t1_ms = tissue.t1.at(field_strength_t) * deviation.t1
    t2_ms = tissue.t2.at(field_strength_t) * deviation.t2
    water = sequence.signed(density * (1 - fat_share), t1_ms, t2_ms)
    lipid, unsuppressed = _lipid(density * fat_share, lipid_t1, sequence, field_strength_t)
    return _Pools(water * MAGNETISATION_TRANSFER.get(tissue.name, 1.0), lipid, unsuppressed)


def _lipid(density: float, lipid_t1: float, sequence: Sequence, field_strength_t: float) -> tuple[float, float]:
    """Signed signal of fat, as the sequence shows it and as it would be unsuppressed."""
    correction = LIPID_T1_IN_STIR if isinstance(sequence, InversionRecovery) else 1.0
    bulk_t1_ms = LIPID_T1.at(field_strength_t) * lipid_t1 * correction
    t2_ms = LIPID_T2.at(field_strength_t)
    parts = [(density * part.share, bulk_t1_ms * part.relative_t1) for part in LIPID_COMPONENTS]
    shown = sequence.lipid_passed * sum(sequence.signed(share, t1_ms, t2_ms) for share, t1_ms in parts)
    return shown, sum(sequence.unsuppressed(share, t1_ms, t2_ms) for share, t1_ms in parts)


def _pair(pools: _Pools, deviation: TissueDeviation, sequence: Sequence, scale: float) -> tuple[float, float]:
    """Signal and fat leak on the palette's scale: the magnitude is taken after water and fat are summed."""
    if deviation.near_zero is not None:
        return deviation.near_zero, 0.0
    gain = scale * deviation.factor
    signal = gain * abs(pools.water + pools.lipid)
    return signal, _leak(signal, gain * pools.lipid_unsuppressed, sequence)


def _leak(signal: float, fat_image: float, sequence: Sequence) -> float:
    """What a failure of suppression adds: nothing in T1, the fat in STIR, in Dixon the step to the fat image.

    In life a failing inversion brightens the water of STIR a little as well; that is left out, as it is small beside
    the fat and would change the contrast of lesions, which is defined by their ratio to muscle.
    """
    if isinstance(sequence, SpinEcho):
        return 0.0
    return fat_image - signal if isinstance(sequence, DixonWater) else fat_image
