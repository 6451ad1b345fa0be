"""How the tissues of one patient differ from the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.phantom.signal.corrections import DRAWN_FACTORS, NEAR_ZERO
from crmo_seg.phantom.signal.tissues import TISSUES

T1_VARIATION: Final = 0.04
T2_VARIATION: Final = 0.06
DENSITY_VARIATION: Final = 0.02
FAT_SHARE_VARIATION: Final = 0.05
LIPID_T1_VARIATION: Final = 0.015
"""Standard deviations over mean between patients; smaller than those of the sources in `tissues`, which hold the error
of measurement as well."""

WIDEST_DEVIATIONS: Final = 2.0
"""No draw lies further from the mean than this many standard deviations."""


@dataclass(frozen=True)
class TissueDeviation:
    """Factors on the numbers of one tissue.

    Attributes:
        t1: of the water.
        t2: of the water.
        density: on the proton density.
        fat_share: on the fat share.
        factor: on the signal, for flow, motion and content.
        near_zero: signal that stands for the equations where a tissue gives no echo, muscle being 100; else None.
    """

    t1: float
    t2: float
    density: float
    fat_share: float
    factor: float
    near_zero: float | None


@dataclass(frozen=True)
class PatientTissues:
    """The tissues of one patient.

    Attributes:
        deviations: by tissue.
        lipid_t1: factor on the T1 of all fat.
    """

    deviations: Mapping[str, TissueDeviation]
    lipid_t1: float


def draw_patient(rng: np.random.Generator) -> PatientTissues:
    """Tissues of a patient; the number of draws is always the same."""
    lipid_t1 = _spread(rng, LIPID_T1_VARIATION)
    return PatientTissues(MappingProxyType({name: _draw(name, rng) for name in TISSUES}), lipid_t1)


def average_patient() -> PatientTissues:
    """The patient who has the numbers of the table, and the middle of every range."""
    return PatientTissues(MappingProxyType({name: _average(name) for name in TISSUES}), lipid_t1=1.0)


def _draw(name: str, rng: np.random.Generator) -> TissueDeviation:
    variations = (T1_VARIATION, T2_VARIATION, DENSITY_VARIATION, FAT_SHARE_VARIATION)
    t1, t2, density, fat_share = (_spread(rng, variation) for variation in variations)
    place = float(rng.uniform())
    return TissueDeviation(t1, t2, density, fat_share, _factor(name, place), _near_zero(name, place))


def _average(name: str) -> TissueDeviation:
    return TissueDeviation(1.0, 1.0, 1.0, 1.0, _factor(name, 0.5), _near_zero(name, 0.5))


def _spread(rng: np.random.Generator, variation: float) -> float:
    """A factor around 1."""
    return 1 + variation * float(np.clip(rng.standard_normal(), -WIDEST_DEVIATIONS, WIDEST_DEVIATIONS))


def _factor(name: str, place: float) -> float:
    return _within(DRAWN_FACTORS[name], place) if name in DRAWN_FACTORS else 1.0


def _near_zero(name: str, place: float) -> float | None:
    return _within(NEAR_ZERO[name], place) if name in NEAR_ZERO else None


def _within(bounds: tuple[float, float], place: float) -> float:
    return bounds[0] + place * (bounds[1] - bounds[0])
