"""The bones: one table for masks, reports, DICOM codes and the classes of the ``bones`` head.

A *fine* label names one bone with its side or level (``femur_left``, ``vertebra_T5``); every ``bones.nii.gz``
holds fine labels. A *head class* is unsided and unlevelled, because a patch cannot tell T5 from T6 or the left
knee from the right. Where a side or a level could not be found, a fine label says just that (``femur``,
``thoracic_vertebra``); such labels stand from ``FIRST_INCOMPLETE_LABEL`` on.

SNOMED CT codes are those of the DICOM context groups (PS3.16, CID 4031 and relatives, as in pydicom 3.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Side(Enum):
    """The patient's side."""

    LEFT = "left"
    RIGHT = "right"


class Segment(Enum):
    """The part of a long bone, named by its growth plates."""

    EPIPHYSIS = "epiphysis"
    METAPHYSIS = "metaphysis"
    DIAPHYSIS = "diaphysis"


SIDE_CODES: Final = MappingProxyType({Side.RIGHT: "24028007", Side.LEFT: "7771000"})
"""SNOMED CT codes of the sides (DICOM PS3.16 CID 244)."""


@dataclass(frozen=True)
class Site:
    """Where a lesion lies. What could not be determined is None.

    Attributes:
        bone: name without the side, for example ``femur`` or ``vertebra_T5``.
        side: the patient's side; None for bones of the midline too.
        segment: part of a long bone.
        juxtaphyseal: whether the lesion touches the growth plate.
        physis_distance_mm: distance to the growth plate.
        snomed_code: the bone's SNOMED CT code.
        crosses_physis: whether the lesion goes on beyond the growth plate.
        bone_share: part of the bone that the lesion fills, 0 to 1; None for bones that are cut or not told apart.
    """

    bone: str | None = None
    side: Side | None = None
    segment: Segment | None = None
    juxtaphyseal: bool | None = None
    physis_distance_mm: float | None = None
    snomed_code: str | None = None
    crosses_physis: bool | None = None
    bone_share: float | None = None


NOWHERE: Final = Site()
"""The site of a lesion for which nothing could be determined."""


@dataclass(frozen=True)
class Bone:
    """A row of the table.

    Attributes:
        label: the value in a ``bones`` mask, uint8.
        name: the bone, its level included, without the side.
        side: None for bones of the midline and for labels of unknown side.
        group: part of the skeleton, for tables by region.
        snomed_code: SNOMED CT concept of the bone, without the side.
        head_class: name of the unsided class that a network predicts.
        complete: False for labels that lack a side or a level that the bone has.
    """

    label: int
    name: str
    side: Side | None
    group: str
    snomed_code: str
    head_class: str
    complete: bool = True

    @property
    def full_name(self) -> str:
        """Name with the side, unique in the table: ``femur_left``."""
        return self.name if self.side is None else f"{self.name}_{self.side.value}"


class _Kind(NamedTuple):
    """A bone that comes once or twice, before sides and label numbers are given."""

    name: str
    group: str
    snomed_code: str
    head_class: str


FIRST_INCOMPLETE_LABEL: Final = 200

_CERVICAL = ("14806007", "39976000", "113205007", "5329002", "36978003", "36054005", "87391001")
_THORACIC = (
    "64864005", "53733008", "1626008", "73071006", "56401006", "45296009",
    "62487009", "11068009", "82687006", "7610001", "12989004", "23215003",
)  # fmt: skip
_LUMBAR = ("66794005", "14293000", "36470004", "11994002", "49668003")
_RIB = "113197003"
_VERTEBRA = "51282000"
_PELVIS = "118645006"  # bone structure of pelvis, CID 7304; DICOM has the symphysis pubis, but no pubic bone

_MIDLINE: Final = (
    _Kind("skull", "head", "89546000", "skull"),
    _Kind("mandible", "head", "91609006", "mandible"),
    *(_Kind(f"vertebra_C{i}", "spine", code, "cervical_vertebra") for i, code in enumerate(_CERVICAL, 1)),
    *(_Kind(f"vertebra_T{i}", "spine", code, "thoracic_vertebra") for i, code in enumerate(_THORACIC, 1)),
    *(_Kind(f"vertebra_L{i}", "spine", code, "lumbar_vertebra") for i, code in enumerate(_LUMBAR, 1)),
    _Kind("sacrum", "spine", "54735007", "sacrum"),
    _Kind("coccyx", "spine", "64688005", "sacrum"),
    _Kind("manubrium", "thorax", "37285002", "sternum"),
    _Kind("sternum", "thorax", "56873002", "sternum"),
)

_PAIRED: Final = (
    *(_Kind(f"rib_{i}", "thorax", _RIB, "rib") for i in range(1, 13)),
    _Kind("clavicle", "shoulder_girdle", "51299004", "clavicle"),
    _Kind("scapula", "shoulder_girdle", "79601000", "scapula"),
    _Kind("humerus", "arm", "85050009", "humerus"),
    _Kind("radius", "arm", "62413002", "radius"),
    _Kind("ulna", "arm", "23416004", "ulna"),
    _Kind("carpus", "hand", "8205005", "hand"),
    _Kind("metacarpals", "hand", "36455000", "hand"),
    _Kind("hand_phalanges", "hand", "7569003", "hand"),
    _Kind("ilium", "pelvis", "22356005", "pelvis"),
    _Kind("ischium", "pelvis", "85710004", "pelvis"),
    _Kind("pubis", "pelvis", _PELVIS, "pelvis"),
    _Kind("femur", "leg", "71341001", "femur"),
    _Kind("patella", "leg", "64234005", "patella"),
    _Kind("tibia", "leg", "12611008", "tibia"),
    _Kind("fibula", "leg", "87342007", "fibula"),
    _Kind("calcaneus", "foot", "80144004", "foot"),
    _Kind("talus", "foot", "67453005", "foot"),
    _Kind("tarsus", "foot", "108371006", "foot"),
    _Kind("metatarsals", "foot", "280711000", "foot"),
    _Kind("foot_phalanges", "foot", "29707007", "foot"),
)

_WITHOUT_LEVEL: Final = (
    _Kind("cervical_vertebra", "spine", _VERTEBRA, "cervical_vertebra"),
    _Kind("thoracic_vertebra", "spine", _VERTEBRA, "thoracic_vertebra"),
    _Kind("lumbar_vertebra", "spine", _VERTEBRA, "lumbar_vertebra"),
)

_PAIRED_WITHOUT_PART: Final = (
    _Kind("rib", "thorax", _RIB, "rib"),
    _Kind("hand", "hand", "85562004", "hand"),
    _Kind("pelvis", "pelvis", _PELVIS, "pelvis"),
    _Kind("foot", "foot", "56459004", "foot"),
)

_SAME_IN_BOTH: Final = (
    "clavicle",
    "scapula",
    "humerus",
    "radius",
    "ulna",
    "femur",
    "patella",
    "tibia",
    "fibula",
)


def _complete_bones() -> tuple[Bone, ...]:
    sided: list[tuple[_Kind, Side | None]] = [(kind, None) for kind in _MIDLINE]
    sided += [(kind, side) for kind in _PAIRED for side in Side]
    return tuple(Bone(label, k.name, s, k.group, k.snomed_code, k.head_class) for label, (k, s) in enumerate(sided, 1))


def _incomplete_bones() -> tuple[Bone, ...]:
    """Labels for what is known to be a rib or a femur, but not which one or of which side."""
    unsided = [kind for kind in _PAIRED if kind.name in _SAME_IN_BOTH]
    kinds: list[tuple[_Kind, Side | None]] = [(kind, None) for kind in (*_WITHOUT_LEVEL, *unsided)]
    kinds += [(kind, side) for kind in _PAIRED_WITHOUT_PART for side in (None, *Side)]
    return tuple(
        Bone(label, k.name, s, k.group, k.snomed_code, k.head_class, complete=False)
        for label, (k, s) in enumerate(kinds, FIRST_INCOMPLETE_LABEL)
    )


BONES_TABLE: Final[tuple[Bone, ...]] = (*_complete_bones(), *_incomplete_bones())
"""Every fine label. Numbers are part of the file format: rows are only ever added at the end of their part."""

HEAD_CLASSES: Final[tuple[str, ...]] = tuple(dict.fromkeys(bone.head_class for bone in _complete_bones()))
"""The unsided classes of the ``bones`` head; class ``i`` of a network is ``HEAD_CLASSES[i - 1]``, 0 is no bone."""

_BY_LABEL: Final = MappingProxyType({bone.label: bone for bone in BONES_TABLE})
_BY_FULL_NAME: Final = MappingProxyType({bone.full_name: bone for bone in BONES_TABLE})


def bone_of_label(label: int) -> Bone:
    """The bone of a fine label.

    Raises:
        KeyError: where no bone has that label.

    >>> bone_of_label(1).full_name
    'skull'
    """
    return _BY_LABEL[label]


def bone_named(full_name: str) -> Bone:
    """The bone of a full name such as ``femur_left`` or ``vertebra_T5``.

    >>> bone_named("femur_left").head_class, bone_named("vertebra_T5").snomed_code
    ('femur', '56401006')
    """
    return _BY_FULL_NAME[full_name]


def head_class_index(bone: Bone) -> int:
    """The value of a bone in the ``bones`` head, from 1.

    >>> head_class_index(bone_named("vertebra_T5")) == head_class_index(bone_named("thoracic_vertebra"))
    True
    """
    return HEAD_CLASSES.index(bone.head_class) + 1


NO_LABEL: Final = 255
"""Stands in ``HEAD_CLASS_OF_LABEL`` for values that are no fine label."""


def _head_class_by_label() -> NDArray[np.uint8]:
    table = np.full(256, NO_LABEL, dtype=np.uint8)
    table[0] = 0
    for bone in BONES_TABLE:
        table[bone.label] = head_class_index(bone)
    table.setflags(write=False)
    return table


HEAD_CLASS_OF_LABEL: Final = _head_class_by_label()
"""Fine label -> head class, to be indexed with a whole mask; shape (256,), 0 is no bone."""


def bone_of_head_class(index: int, side: Side | None) -> Bone:
    """The most precise bone that a head class and a side determine: its level and part stay open.

    >>> bone_of_head_class(HEAD_CLASSES.index("femur") + 1, Side.LEFT).full_name
    'femur_left'
    >>> bone_of_head_class(HEAD_CLASSES.index("rib") + 1, None).full_name
    'rib'
    """
    candidates = [bone for bone in BONES_TABLE if head_class_index(bone) == index]
    named_alike = [bone for bone in candidates if bone.name == HEAD_CLASSES[index - 1]]
    return next((bone for bone in named_alike if bone.side is side), named_alike[0])
