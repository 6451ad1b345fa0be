"""The three sequences: signal of one pool of protons from its density, T1 and T2.

Each sequence gives the *signed* longitudinal magnetisation at excitation, so that the pools of a tissue can be summed
before the scanner takes the magnitude: below its null, fat is negative and lowers the signal of water beside it or
adds to it, as in life.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.phantom.signal.tissues import LIPID_NEAR_WATER

DIXON_UNMODELLED: Final = 0.25
"""Share of the lipid protons beside water that a Dixon reconstruction still counts as water (derived: with one fat peak
it would be all of them, with the full spectrum none)."""


@dataclass(frozen=True)
class InversionRecovery:
    """Turbo spin echo after an inversion pulse (STIR, TIRM).

    Attributes:
        tr_ms: repetition time.
        te_ms: effective echo time.
        ti_ms: inversion time.
    """

    name: ClassVar[str] = "stir"
    lipid_passed: ClassVar[float] = 1.0

    tr_ms: float
    te_ms: float
    ti_ms: float

    def longitudinal(self, t1_ms: float) -> float:
        """Signed magnetisation along the field when the echo is excited, in units of the equilibrium.

        1 - 2 exp(-TI/T1) + 2 exp(-(TR - TE/2)/T1) - exp(-TR/T1): steady state of inversion, excitation and one
        refocusing pulse (Bydder and Young, J Comput Assist Tomogr 1985;9:659).

        >>> round(InversionRecovery(tr_ms=1e5, te_ms=60.0, ti_ms=300.0 * math.log(2)).longitudinal(300.0), 9)
        0.0
        """
        return (
            1
            - 2 * math.exp(-self.ti_ms / t1_ms)
            + 2 * math.exp(-(self.tr_ms - self.te_ms / 2) / t1_ms)
            - math.exp(-self.tr_ms / t1_ms)
        )

    def signed(self, density: float, t1_ms: float, t2_ms: float) -> float:
        """Signed signal of a pool of protons, water without relaxation being 1."""
        return density * self.longitudinal(t1_ms) * math.exp(-self.te_ms / t2_ms)

    def unsuppressed(self, density: float, t1_ms: float, t2_ms: float) -> float:
        """Signal where the inversion fails: that of the spin echo alone."""
        return SpinEcho(self.tr_ms, self.te_ms).signed(density, t1_ms, t2_ms)


@dataclass(frozen=True)
class SpinEcho:
    """Spin echo or turbo spin echo; with a short TR and TE it is T1-weighted.

    Attributes:
        tr_ms: repetition time.
        te_ms: effective echo time.
    """

    name: ClassVar[str] = "t1"
    lipid_passed: ClassVar[float] = 1.0
    ti_ms: ClassVar[float | None] = None

    tr_ms: float
    te_ms: float

    def longitudinal(self, t1_ms: float) -> float:
        """Magnetisation along the field when the echo is excited, in units of the equilibrium.

        1 - 2 exp(-(TR - TE/2)/T1) + exp(-TR/T1): steady state of excitation and one refocusing pulse.

        >>> round(SpinEcho(tr_ms=1e5, te_ms=10.0).longitudinal(900.0), 9)
        1.0
        """
        return 1 - 2 * math.exp(-(self.tr_ms - self.te_ms / 2) / t1_ms) + math.exp(-self.tr_ms / t1_ms)

    def signed(self, density: float, t1_ms: float, t2_ms: float) -> float:
        """Signal of a pool of protons, water without relaxation being 1; never negative."""
        return density * self.longitudinal(t1_ms) * math.exp(-self.te_ms / t2_ms)

    def unsuppressed(self, density: float, t1_ms: float, t2_ms: float) -> float:
        """The same as `signed`: there is nothing to fail."""
        return self.signed(density, t1_ms, t2_ms)


@dataclass(frozen=True)
class DixonWater:
    """Water image of a T2-weighted Dixon turbo spin echo: the fat of a tissue does not show, but for a small rest.

    Attributes:
        tr_ms: repetition time.
        te_ms: effective echo time.
    """

    name: ClassVar[str] = "t2_dixon_water"
    lipid_passed: ClassVar[float] = LIPID_NEAR_WATER * DIXON_UNMODELLED
    ti_ms: ClassVar[float | None] = None

    tr_ms: float
    te_ms: float

    def longitudinal(self, t1_ms: float) -> float:
        """As that of the spin echo."""
        return SpinEcho(self.tr_ms, self.te_ms).longitudinal(t1_ms)

    def signed(self, density: float, t1_ms: float, t2_ms: float) -> float:
        """Signal of a pool of water, or of fat in the fat image."""
        return SpinEcho(self.tr_ms, self.te_ms).signed(density, t1_ms, t2_ms)

    def unsuppressed(self, density: float, t1_ms: float, t2_ms: float) -> float:
        """The same as `signed`: what fat shows where water and fat are swapped."""
        return self.signed(density, t1_ms, t2_ms)


Sequence: TypeAlias = InversionRecovery | SpinEcho | DixonWater

SEQUENCE_NAMES: Final = (InversionRecovery.name, SpinEcho.name, DixonWater.name)
"""In a manifest: image_stir, image_t1, image_t2_dixon_water."""


@dataclass(frozen=True)
class Range:
    """Lowest, usual and highest value of a protocol; drawn from a triangle."""

    low: float
    usual: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One value; whole milliseconds, as a console shows them."""
        return float(round(rng.triangular(self.low, self.usual, self.high)))


@dataclass(frozen=True)
class SequenceRanges:
    """What a protocol leaves open."""

    tr_ms: Range
    te_ms: Range
    ti_ms: Range | None = None


# Ranges of clinical protocols, recalled: they are not facts of a source. The echo times of STIR leave out the lower
# part of the clinical range (30-90 ms): without T2 weighting no lesion reaches the published 5.6 times of muscle.
_RANGES: Final[Mapping[tuple[str, float], SequenceRanges]] = MappingProxyType(
    {
        ("stir", 1.5): SequenceRanges(Range(3500, 5000, 7000), Range(54, 63, 76), Range(150, 160, 168)),
        ("stir", 3.0): SequenceRanges(Range(3500, 5000, 7000), Range(50, 57, 68), Range(200, 209, 220)),
        ("t1", 1.5): SequenceRanges(Range(400, 550, 700), Range(8, 12, 20)),
        ("t1", 3.0): SequenceRanges(Range(450, 600, 750), Range(8, 12, 20)),
        ("t2_dixon_water", 1.5): SequenceRanges(Range(3000, 4200, 6000), Range(60, 74, 90)),
        ("t2_dixon_water", 3.0): SequenceRanges(Range(3000, 4500, 6000), Range(60, 70, 84)),
    }
)


def draw_sequence(name: str, field_strength_t: float, rng: np.random.Generator) -> Sequence:
    """A sequence with TR, TE and TI from the ranges of clinical protocols.

    TI lies near the null of fat, not on it: fat is partly suppressed, a little differently in every scan.

    Args:
        name: one of `SEQUENCE_NAMES`.
        field_strength_t: 1.5 or 3.0.
        rng: source of randomness.

    Raises:
        InputError: where name or field strength is unknown.
    """
    return _sequence(name, field_strength_t, lambda part: part.draw(rng))


def usual_sequence(name: str, field_strength_t: float) -> Sequence:
    """The sequence with the usual TR, TE and TI.

    >>> usual_sequence("stir", 1.5)
    InversionRecovery(tr_ms=5000, te_ms=63, ti_ms=160)
    """
    return _sequence(name, field_strength_t, lambda part: part.usual)


def _sequence(name: str, field_strength_t: float, pick: Callable[[Range], float]) -> Sequence:
    ranges = _ranges(name, field_strength_t)
    tr_ms, te_ms = pick(ranges.tr_ms), pick(ranges.te_ms)
    if ranges.ti_ms is not None:
        return InversionRecovery(tr_ms, te_ms, pick(ranges.ti_ms))
    return SpinEcho(tr_ms, te_ms) if name == SpinEcho.name else DixonWater(tr_ms, te_ms)


def _ranges(name: str, field_strength_t: float) -> SequenceRanges:
    if name not in SEQUENCE_NAMES:
        raise InputError(f"sequence {name!r}", "is not known", f"give one of: {', '.join(SEQUENCE_NAMES)}")
    if (name, field_strength_t) not in _RANGES:
        raise InputError("field strength", f"is {field_strength_t} T", "give 1.5 or 3.0")
    return _RANGES[name, field_strength_t]
