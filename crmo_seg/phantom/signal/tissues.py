"""Relaxation times, proton density and fat share of every tissue that the phantom paints.

A tissue is water with one T1 and one T2, and fat (`LIPID`) in a share of its protons. Every number says how sure it is:

* ``confirmed``: checked against an abstract, a table, or a transcription of the paper's table;
* ``recalled``: from memory of the paper or of textbooks;
* ``derived``: ours, between or beside measured tissues, because no measurement in children was found.

Proton densities follow the water contents of Woodard and White (doi:10.1259/0007-1285-59-708-1209) and the usual
relative densities (muscle, liver, spleen 0.90; kidney 0.95; blood 0.85; fat 0.95; brain 0.65-0.85; cortical bone 0.05).
The DOIs of Woodard and White, Le Ster, Smith, Crescenzi and Giri are recalled; the others were seen beside their texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from crmo_seg.errors import InputError

Standing: TypeAlias = Literal["confirmed", "recalled", "derived"]

CONFIRMED: Final[Standing] = "confirmed"
RECALLED: Final[Standing] = "recalled"
DERIVED: Final[Standing] = "derived"

FIELD_STRENGTHS_T: Final = (1.5, 3.0)

GOLD: Final = "10.2214/ajr.183.2.1830343"
"""Gold 2004: knees of 5 adults at 1.5 T and 3 T."""
DE_BAZELAIRE: Final = "10.1148/radiol.2303021331"
"""De Bazelaire 2004: abdomen of 6 adults at 1.5 T and 3 T."""
STANISZ: Final = "10.1002/mrm.20605"
"""Stanisz 2005: excised tissue and blood at 1.5 T and 3 T."""
GILLIGAN: Final = "10.1007/s00247-019-04411-7"
"""Gilligan 2019: 32 healthy children of 7-17 years, liver and spleen, T1 at 1.5 T and 3 T."""
LE_STER: Final = "10.1002/jmri.25205"
"""Le Ster 2016: marrow water and fat of lumbar vertebrae, 8 adults, 1.5 T."""
RUSCHKE: Final = "10.1002/nbm.4439"
"""Ruschke 2021: T2 of marrow water is longer in the young; 260 subjects from 0.7 years, 3 T."""
SMITH: Final = "10.1002/mrm.21596"
"""Smith 2008: cervical cord at 3 T."""
WRIGHT: Final = "10.1007/s10334-008-0104-8"
"""Wright 2008: T1 of white and grey matter at 1.5 T and 3 T."""
ROONEY: Final = "10.1002/mrm.21122"
"""Rooney 2007: T1 of CSF does not depend on field strength."""
KNOBELSDORFF: Final = "10.1186/1532-429X-15-53"
"""Von Knobelsdorff-Brenkenhoff 2013: myocardium of 60 adults at 3 T."""
CRESCENZI: Final = "10.1002/nbm.4009"
"""Crescenzi 2018: axillary lymph nodes of 20 women at 3 T; cortex of the node."""
BILE: Final = "Acta Radiologica 2002;43:401-410"
"""Bile of 38 patients: median 1/T1 0.76 and 1/T2 1.48 per second, with a wide spread."""
PATZ: Final = "10.1002/jmri.21017"
"""Patz 2007: eye at 1.5 T; anterior chamber."""
KIENINGER: Final = "10.1259/bjr.20211091"
"""Kieninger 2021: lesions of 20 children are 5.6 times as bright as muscle."""
NONE: Final = ""


@dataclass(frozen=True)
class Relaxation:
    """One relaxation time at both field strengths.

    Attributes:
        at_1_5_t: ms at 1.5 T.
        at_3_t: ms at 3 T.
        standing: how sure the numbers are.
        source: DOI or journal of the measurement; of a derived number the measurement that it leans on.
    """

    at_1_5_t: float
    at_3_t: float
    standing: Standing
    source: str = NONE

    def at(self, field_strength_t: float) -> float:
        """The time at a field strength, ms.

        Raises:
            InputError: where the field strength is neither 1.5 T nor 3 T.

        >>> Relaxation(1130.0, 1420.0, "confirmed", GOLD).at(3.0)
        1420.0
        """
        if field_strength_t not in FIELD_STRENGTHS_T:
            raise InputError("field strength", f"is {field_strength_t} T", "give 1.5 or 3.0")
        return self.at_1_5_t if field_strength_t == FIELD_STRENGTHS_T[0] else self.at_3_t


@dataclass(frozen=True)
class Tissue:
    """Water and fat of a tissue.

    Attributes:
        name: as the painter calls it.
        proton_density: visible protons of water and fat, relative to water.
        fat_share: share of these protons that belongs to triglycerides.
        t1: of the water.
        t2: of the water, under a train of refocusing pulses.
        density_standing: how sure proton density and fat share are.
    """

    name: str
    proton_density: float
    fat_share: float
    t1: Relaxation
    t2: Relaxation
    density_standing: Standing


LIPID_T1: Final = Relaxation(288.0, 371.0, CONFIRMED, GOLD)
LIPID_T2: Final = Relaxation(165.0, 133.0, CONFIRMED, GOLD)
"""Under closely spaced refocusing pulses, as a turbo spin echo has them; single echoes give 58-68 ms
(de Bazelaire 2004), because J coupling is not refocused (Henkelman 1992, doi:10.1002/jmri.1880020511)."""


@dataclass(frozen=True)
class LipidComponent:
    """A part of the triglyceride protons: its share, and its T1 relative to `LIPID_T1`."""

    share: float
    relative_t1: float


LIPID_COMPONENTS: Final = (LipidComponent(0.912, 0.95), LipidComponent(0.088, 1.90))
"""Methylene and its neighbours, and methyl. Methyl is 0.125 of methylene (confirmed: Hamilton 2011,
doi:10.1002/nbm.1622) and has twice its T1 (confirmed at 7 T: 1026 against 514 ms, liver fat; at other fields derived).
So no inversion time nulls all of the fat."""

LIPID_NEAR_WATER: Final = 0.086
"""Share of triglyceride protons that resonate beside water (confirmed: Hamilton 2011, doi:10.1002/nbm.1622)."""

# name: proton density, fat share, standing of both; T1 at 1.5 T and 3 T; T2 at 1.5 T and 3 T.
# fmt: off
_SOLID: Final = (
    Tissue("skin", 0.70, 0.10, Relaxation(900, 1050, DERIVED), Relaxation(38, 35, DERIVED), DERIVED),
    Tissue("fat", 0.95, 0.92, Relaxation(900, 1050, DERIVED), Relaxation(40, 38, DERIVED), RECALLED),
    Tissue("visceral_fat", 0.95, 0.90, Relaxation(900, 1050, DERIVED), Relaxation(40, 38, DERIVED), DERIVED),
    Tissue("orbital_fat", 0.95, 0.88, Relaxation(900, 1050, DERIVED), Relaxation(42, 40, DERIVED), DERIVED),
    Tissue("muscle", 0.90, 0.03, Relaxation(1130, 1420, CONFIRMED, GOLD), Relaxation(35.3, 31.7, CONFIRMED, GOLD), CONFIRMED),  # noqa: E501
    Tissue("muscle_edema", 0.95, 0.02, Relaxation(1400, 1650, DERIVED, GOLD), Relaxation(85, 76, DERIVED, GOLD), DERIVED),  # noqa: E501
    Tissue("fascia", 0.50, 0.0, Relaxation(800, 900, DERIVED), Relaxation(20, 18, DERIVED), DERIVED),
    Tissue("tendon", 0.30, 0.0, Relaxation(650, 700, RECALLED), Relaxation(11, 10, RECALLED), RECALLED),
    Tissue("cortex", 0.05, 0.0, Relaxation(250, 306, RECALLED), Relaxation(3, 3, RECALLED), CONFIRMED),
    Tissue("growth_plate", 0.80, 0.0, Relaxation(1200, 1400, DERIVED, GOLD), Relaxation(92, 82, DERIVED, GOLD), DERIVED),  # noqa: E501
    Tissue("cartilage", 0.75, 0.0, Relaxation(1060, 1240, CONFIRMED, GOLD), Relaxation(62, 54, DERIVED, GOLD), CONFIRMED),  # noqa: E501
    Tissue("disc", 0.85, 0.0, Relaxation(1300, 1500, DERIVED), Relaxation(105, 92, DERIVED), DERIVED),
)
"""Cartilage: epiphyseal cartilage of a child, whose T2 is longer than the 42 and 37 ms of adult joints (Gold 2004)."""

_MARROW: Final = (
    Tissue("red_marrow", 0.85, 0.25, Relaxation(701, 850, CONFIRMED, LE_STER), Relaxation(58, 54, DERIVED, RUSCHKE), DERIVED),  # noqa: E501
    Tissue("fatty_marrow", 0.92, 0.80, Relaxation(701, 850, DERIVED, LE_STER), Relaxation(52, 48, DERIVED, RUSCHKE), DERIVED),  # noqa: E501
    Tissue("edema", 0.90, 0.05, Relaxation(1450, 1700, DERIVED), Relaxation(200, 180, DERIVED, KIENINGER), DERIVED),
)
"""Red marrow of an adult's spine: fat 33 % (Le Ster), 37 % (Ruschke's median); a child has less. T1 at 3 T: 1.2 times.
Edema: chosen so that a STIR image shows the published lesion contrast."""

_CHEST: Final = (
    Tissue("lung", 0.15, 0.0, Relaxation(1200, 1350, RECALLED), Relaxation(20, 15, RECALLED), RECALLED),
    Tissue("mediastinum", 0.90, 0.55, Relaxation(950, 1150, DERIVED), Relaxation(60, 55, DERIVED), DERIVED),
    Tissue("thymus", 0.85, 0.10, Relaxation(950, 1200, DERIVED), Relaxation(82, 72, DERIVED), DERIVED),
    Tissue("heart", 0.85, 0.01, Relaxation(1030, 1170, CONFIRMED, KNOBELSDORFF), Relaxation(52, 45, CONFIRMED, KNOBELSDORFF), DERIVED),  # noqa: E501
    Tissue("flowing_blood", 0.85, 0.0, Relaxation(1441, 1932, CONFIRMED, STANISZ), Relaxation(290, 275, CONFIRMED, STANISZ), CONFIRMED),  # noqa: E501
    Tissue("slow_blood", 0.85, 0.0, Relaxation(1441, 1932, CONFIRMED, STANISZ), Relaxation(160, 110, DERIVED, STANISZ), CONFIRMED),  # noqa: E501
    Tissue("lymph_node", 0.88, 0.05, Relaxation(1180, 1435, DERIVED, CRESCENZI), Relaxation(108, 102, DERIVED, CRESCENZI), DERIVED),  # noqa: E501
)
"""Slow blood: venous, of shorter T2 than the oxygenated blood of Stanisz 2005. Lymph node: measured at 3 T only.
Myocardium at 1.5 T: T1 Stanisz 2005, T2 Giri 2009 (doi:10.1186/1532-429X-11-56)."""

_ABDOMEN: Final = (
    Tissue("liver", 0.90, 0.03, Relaxation(581, 783, CONFIRMED, GILLIGAN), Relaxation(46, 34, CONFIRMED, DE_BAZELAIRE), CONFIRMED),  # noqa: E501
    Tissue("spleen", 0.90, 0.01, Relaxation(1172, 1356, CONFIRMED, GILLIGAN), Relaxation(79, 61, CONFIRMED, DE_BAZELAIRE), CONFIRMED),  # noqa: E501
    Tissue("kidney", 0.95, 0.02, Relaxation(1189, 1344, CONFIRMED, DE_BAZELAIRE), Relaxation(86, 78.5, CONFIRMED, DE_BAZELAIRE), CONFIRMED),  # noqa: E501
    Tissue("renal_pelvis", 1.0, 0.0, Relaxation(3400, 3600, RECALLED), Relaxation(1000, 800, RECALLED), RECALLED),
    Tissue("bladder", 1.0, 0.0, Relaxation(3400, 3600, RECALLED), Relaxation(1400, 1100, RECALLED), RECALLED),
    Tissue("gall_bladder", 0.95, 0.0, Relaxation(1316, 1450, CONFIRMED, BILE), Relaxation(676, 600, CONFIRMED, BILE), DERIVED),  # noqa: E501
    Tissue("stomach", 0.95, 0.0, Relaxation(2200, 2400, DERIVED), Relaxation(350, 300, DERIVED), DERIVED),
    Tissue("bowel_wall", 0.88, 0.02, Relaxation(950, 1150, DERIVED), Relaxation(66, 58, DERIVED), DERIVED),
    Tissue("bowel_fluid", 0.95, 0.0, Relaxation(2200, 2400, DERIVED), Relaxation(380, 330, DERIVED), DERIVED),
)
"""Kidney: mean of cortex (966, 1142; T2 87, 76) and medulla (1412, 1545; T2 85, 81)."""

_FLUID_AND_NERVE: Final = (
    Tissue("joint_fluid", 1.0, 0.0, Relaxation(2850, 3620, RECALLED, GOLD), Relaxation(1210, 767, RECALLED, GOLD), RECALLED),  # noqa: E501
    Tissue("csf", 1.0, 0.0, Relaxation(4300, 4300, CONFIRMED, ROONEY), Relaxation(2000, 2000, RECALLED), CONFIRMED),
    Tissue("cord", 0.70, 0.0, Relaxation(745, 900, CONFIRMED, SMITH), Relaxation(74, 74, CONFIRMED, SMITH), CONFIRMED),
    Tissue("brain", 0.77, 0.0, Relaxation(921, 1222, CONFIRMED, WRIGHT), Relaxation(83.5, 84, CONFIRMED, STANISZ), CONFIRMED),  # noqa: E501
    Tissue("eye", 1.0, 0.0, Relaxation(4500, 4500, DERIVED, PATZ), Relaxation(450, 400, DERIVED, PATZ), DERIVED),
)
"""Brain: mean of white and grey matter. Cord at 1.5 T: Stanisz 2005 (745 and 74 ms)."""

_EMPTY: Final = tuple(
    Tissue(name, 0.0, 0.0, Relaxation(1000, 1000, DERIVED), Relaxation(10, 10, DERIVED), DERIVED)
    for name in ("air", "airway", "bowel_gas")
)
# fmt: on

TISSUES: Final[Mapping[str, Tissue]] = MappingProxyType(
    {row.name: row for row in (*_EMPTY, *_SOLID, *_MARROW, *_CHEST, *_ABDOMEN, *_FLUID_AND_NERVE)}
)
"""Every tissue by name."""
