"""What is found and where, in the codes of DICOM PS3.16."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from crmo_seg.anatomy import SIDE_CODES, Side, Site

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept


class Concept(NamedTuple):
    """A code of a scheme: ``SCT`` SNOMED CT, ``DCM`` DICOM, ``IBSI``, ``UCUM`` units, or the project's own."""

    value: str
    scheme: str
    meaning: str

    def coded(self) -> CodedConcept:
        """The concept as highdicom takes it."""
        from highdicom.sr import CodedConcept

        return CodedConcept(self.value, self.scheme, self.meaning)


PRIVATE_SCHEME: Final = "99CRMOSEG"
"""Coding scheme of the measurements that no public one knows; designators from 99 on are private (PS3.16 8)."""

ABNORMAL_STRUCTURE: Final = Concept("49755003", "SCT", "Morphologically Abnormal Structure")  # CID 7150
EDEMA: Final = Concept("79654002", "SCT", "Edema")  # no code joins edema and bone marrow: both are said
BONE_MARROW: Final = Concept("14016003", "SCT", "Bone Marrow")
PRESENT: Final = Concept("52101004", "SCT", "Present")  # CID 240
ABSENT: Final = Concept("272519000", "SCT", "Absent")
ARTIFICIAL_INTELLIGENCE: Final = Concept("123110", "DCM", "Artificial Intelligence")  # CID 7162
MAGNETIC_RESONANCE_IMAGING: Final = Concept("113091000", "SCT", "Magnetic resonance imaging")
DEVICE: Final = Concept("121007", "DCM", "Device")  # CID 270
COMMENT: Final = Concept("121106", "DCM", "Comment")

VOLUME: Final = Concept("118565006", "SCT", "Volume")
MAXIMUM_DIAMETER: Final = Concept("L0JK", "IBSI", "Maximum 3D Diameter of a Mesh")
SIGNAL_RATIO: Final = Concept("SIGNAL_RATIO", PRIVATE_SCHEME, "Signal ratio of lesion to muscle")
MEAN_PROBABILITY: Final = Concept("MEAN_PROBABILITY", PRIVATE_SCHEME, "Mean probability of edema")
NUMBER_OF_LESIONS: Final = Concept("246206008", "SCT", "Number of lesions")

MILLILITRE: Final = Concept("cm3", "UCUM", "cubic centimeter")  # the same; CID 7462 has no ml
MILLIMETRE: Final = Concept("mm", "UCUM", "mm")
RATIO: Final = Concept("{ratio}", "UCUM", "ratio")
NO_UNITS: Final = Concept("1", "UCUM", "no units")
LESIONS: Final = Concept("{lesions}", "UCUM", "lesions")

_SIDE_MEANINGS: Final = MappingProxyType({Side.RIGHT: "Right", Side.LEFT: "Left"})
_MEANINGS: Final = MappingProxyType(
    {
        "pubis": "Pelvis",
        "metacarpals": "Metacarpus",
        "hand_phalanges": "Finger",
        "metatarsals": "Metatarsus",
        "foot_phalanges": "Toe",
    }
)
_VERTEBRA = re.compile(r"vertebra_(\w+)")
_RIB = re.compile(r"rib_\d+")


def bone_concept(site: Site) -> Concept | None:
    """The bone of a site without its side; None where it is not known.

    >>> bone_concept(Site(bone="vertebra_T5", snomed_code="56401006"))
    Concept(value='56401006', scheme='SCT', meaning='T5 vertebra')
    >>> bone_concept(Site(bone="rib_7", snomed_code="113197003")).meaning
    'Rib'
    """
    if site.bone is None or site.snomed_code is None:
        return None
    return Concept(site.snomed_code, "SCT", _meaning(site.bone))


def side_concept(site: Site) -> Concept | None:
    """The side of a site (CID 244); None in the midline and where it is not known.

    >>> side_concept(Site(bone="femur", side=Side.LEFT)).meaning
    'Left'
    """
    return Concept(SIDE_CODES[site.side], "SCT", _SIDE_MEANINGS[site.side]) if site.side else None


def site_text(site: Site) -> str:
    """Side, bone and part in words; empty where nothing is known.

    >>> from crmo_seg.anatomy import Segment
    >>> site_text(Site(bone="femur", side=Side.LEFT, segment=Segment.METAPHYSIS))
    'left femur, metaphysis'
    >>> site_text(Site(bone="vertebra_T5"))
    'vertebra T5'
    """
    side = site.side.value if site.side else ""
    bone = (site.bone or "").replace("_", " ")
    place = " ".join(word for word in (side, bone) if word)
    return ", ".join(part for part in (place, site.segment.value if site.segment else "") if part)


def _meaning(bone: str) -> str:
    # A meaning says what the code says, not more: none knows the number of a rib, or the pubis.
    if vertebra := _VERTEBRA.fullmatch(bone):
        return f"{vertebra[1]} vertebra"
    if _RIB.fullmatch(bone):
        return "Rib"
    if bone.endswith("_vertebra"):
        return "Vertebra"
    return _MEANINGS.get(bone, bone.replace("_", " ").capitalize())
