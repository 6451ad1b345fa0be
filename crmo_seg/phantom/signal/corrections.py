"""Where real images differ from the sequence equations: named factors, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LIPID_T1_IN_STIR: Final = 0.815
"""Factor on the fat's T1 in inversion recovery. With 288 and 371 ms (Gold 2004) fat would be nulled at 200 and 257 ms;
scanners null it at 140-170 and 200-230 ms, because inversion is incomplete and the echo train takes part of the
recovery. 0.815 puts the null into both ranges, and leaves fat as dark as images show it."""

MAGNETISATION_TRANSFER: Final[Mapping[str, float]] = MappingProxyType(
    {
        "muscle": 0.80, "heart": 0.82, "liver": 0.85, "spleen": 0.85, "kidney": 0.90, "brain": 0.80, "cord": 0.80,
        "cartilage": 0.85, "growth_plate": 0.92, "disc": 0.90, "skin": 0.80, "fascia": 0.70, "tendon": 0.70,
        "bowel_wall": 0.85, "thymus": 0.90, "red_marrow": 0.92, "fatty_marrow": 0.95, "lymph_node": 0.93,
        "muscle_edema": 0.93, "mediastinum": 0.92,
    }
)  # fmt: skip
"""Share of the water's signal that is left after the refocusing pulses of all slices have saturated macromolecules.
Measured in brain: about 20 % lost (multi-echo spin echo, PMC7053148); the others derived. Fluid, blood, edema and fat
have no entry: they lose nothing."""

DRAWN_FACTORS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "flowing_blood": (0.03, 0.15),  # spins leave the slice between excitation and echo
        "slow_blood": (0.60, 1.05),
        "heart": (0.60, 1.0),  # motion
        "csf": (0.75, 1.0),  # pulsation
        "stomach": (0.15, 0.95),  # fluid, food, or nearly empty
        "bowel_fluid": (0.45, 1.0),
        "gall_bladder": (0.60, 1.0),  # concentrated bile has a shorter T2
        "bladder": (0.85, 1.0),
        "thymus": (0.75, 1.1),  # more fat with age
    }
)
"""Range of a factor for what the equations do not hold: flow, motion, content. Without an entry it is 1."""

NEAR_ZERO: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "air": (0.0, 0.0), "airway": (0.0, 2.0), "bowel_gas": (0.0, 6.0), "cortex": (2.0, 12.0), "lung": (4.0, 18.0),
        "tendon": (3.0, 16.0),
    }
)  # fmt: skip
"""Range of the signal (muscle is 100) of what gives hardly an echo of its own: small vessels, haze of neighbours."""
