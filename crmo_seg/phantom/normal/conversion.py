"""At which age the red marrow of each part of the skeleton has become fat.

The order is that of the literature: from the hands and feet towards the trunk; in a long bone the epiphysis soon after
it ossifies, then the diaphysis, the distal metaphysis, and the proximal metaphysis last; the axial skeleton stays red.
- Moore and Dawson 1990 (doi:10.1148/radiology.175.1.2315484, abstract read; 77 femora on T1-weighted images): diaphysis
  at 1 to 10 years, distal metaphysis at 10 to 20 years, the adult pattern by 24 years.
- Niu et al. 2007 (J Huazhong Univ Sci Technol Med Sci 27:617, abstract read; STIR of 52 proximal femora): epiphysis,
  then distal diaphysis, then greater trochanter and metaphysis; the proximal diaphysis keeps red marrow.
- Kwong et al. 2014 (doi:10.2214/AJR.13.10711, abstract read): proximal humerus, patchy or linear from childhood on.
- Kricun 1985 (doi:10.1007/BF00361188), Vogler and Murphy 1988 (doi:10.1148/radiology.168.3.3043546), Dawson et al. 1992
  (Radiology 183:47, pelvis: acetabulum first) and Burdiles and Babyn 2009 (doi:10.1016/j.mric.2009.03.001): the general
  order; recalled, their existence checked.
The half-conversion ages below are our reading of these ranges: the femur's follow the sources, the others are assumed
in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.bone_kinds import kind_of


@dataclass(frozen=True)
class Conversion:
    """Ages in years at which half of the marrow is fat.

    Attributes:
        shaft: the diaphysis, or all of a bone that has no growth plate in the phantom.
        epiphysis: beyond the growth plates.
        distal: metaphysis.
        proximal: metaphysis; the medial one of the clavicle too.
    """

    shaft: float
    epiphysis: float = 2.0
    distal: float = 12.0
    proximal: float = 20.0


_CONVERSIONS: Final[Mapping[str, Conversion]] = MappingProxyType(
    {
        "femur": Conversion(shaft=5.5, epiphysis=2.0, distal=14.0, proximal=22.0),
        "humerus": Conversion(shaft=5.5, epiphysis=2.0, distal=10.0, proximal=21.0),
        "tibia": Conversion(shaft=4.5, epiphysis=2.0, distal=10.0, proximal=13.0),
        "fibula": Conversion(shaft=4.5, epiphysis=2.5, distal=10.0, proximal=12.0),
        "radius": Conversion(shaft=3.5, epiphysis=2.0, distal=9.0, proximal=6.0),
        "ulna": Conversion(shaft=3.5, epiphysis=3.0, distal=9.0, proximal=6.0),
        "clavicle": Conversion(shaft=24.0, epiphysis=16.0, distal=30.0, proximal=30.0),
        "patella": Conversion(3.0),
        "carpus": Conversion(2.5),
        "metacarpals": Conversion(1.5),
        "hand_phalanges": Conversion(1.0),
        "calcaneus": Conversion(3.0),
        "talus": Conversion(3.0),
        "tarsus": Conversion(3.0),
        "metatarsals": Conversion(1.5),
        "foot_phalanges": Conversion(1.0),
        "skull": Conversion(14.0),
        "mandible": Conversion(9.0),
        "scapula": Conversion(26.0),
        "ilium": Conversion(36.0),
        "ischium": Conversion(26.0),
        "pubis": Conversion(26.0),
        "sacrum": Conversion(36.0),
        "coccyx": Conversion(20.0),
    }
)
_AXIAL: Final = Conversion(45.0)
"""Vertebrae, ribs, sternum: red all through childhood."""

EARLY_SPOTS: Final[Mapping[tuple[str, str], float]] = MappingProxyType(
    {("femur", "trochanter"): 9.0, ("ilium", "roof"): 17.0}
)
"""Half-conversion ages of sites that go ahead of the bone around them."""


def conversion_of(full_name: str) -> Conversion:
    """The ages of a bone.

    >>> conversion_of("femur_left").distal, conversion_of("vertebra_L3").shaft
    (14.0, 45.0)
    """
    return _CONVERSIONS.get(kind_of(bone_named(full_name)), _AXIAL)
