"""When ossification centres appear and growth plates close, in girls and boys: the table, and a child's place in it.

Ages are of the mean child in years; early and late children differ by ``Child.maturity_years``.

Sources. Appearance and closure follow the ranges of L. Scheuer and S. Black, "Developmental Juvenile Osteology" (2000,
ISBN 978-0-12-624000-9), and W. W. Greulich and S. I. Pyle, "Radiographic Atlas of Skeletal Development of the Hand and
Wrist" (1959), recalled and rounded to half years, each plate given the middle of its range. Checked against a text:
femur (http://j-skel.com/lower_limbs.html, after Scheuer and Black 2004), wrist and carpus
(https://radiopaedia.org/articles/ossification-centres-of-the-wrist), elbow (radial head 3-6, olecranon about 9 years,
girls earlier), calcaneal apophysis (centre at 5.2 and 7.2 years, fusion from 11.2 and 13.3; doi:10.1111/joa.13677),
triradiate cartilage (ossifies from 8 to 12 years in girls, 10 to 14 in boys, CT of 1324 children,
https://synapse.koreamed.org/articles/1133021). Sternal clavicle and iliac crest stay open beyond 17 years in most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.phantom.body.child import Child, Sex


@dataclass(frozen=True)
class Closing:
    """A growth plate in time; (girls, boys) in years.

    Attributes:
        appears: the ossification centre beyond the plate is first seen; below 3 means before the phantom's range.
        begins: the plate begins to close.
        closed: nothing of it is left.
        apophysis: whether a muscle, and no joint, lies beyond it.
    """

    appears: tuple[float, float]
    begins: tuple[float, float]
    closed: tuple[float, float]
    apophysis: bool = False


CLOSING: Final[Mapping[str, Closing]] = MappingProxyType(
    {
        "clavicle medial": Closing((13.5, 15.0), (20.0, 20.0), (26.0, 26.0)),
        "acromion": Closing((13.5, 15.0), (17.0, 18.0), (19.0, 20.0), apophysis=True),
        "humerus proximal": Closing((0.4, 0.5), (14.5, 16.5), (17.0, 19.0)),
        "humerus distal": Closing((0.7, 1.0), (11.5, 13.5), (13.5, 15.5)),
        "radius proximal": Closing((4.5, 5.0), (12.0, 14.5), (14.0, 16.5)),
        "radius distal": Closing((0.9, 1.1), (14.5, 16.5), (17.0, 19.0)),
        "olecranon": Closing((8.5, 10.0), (12.5, 14.5), (14.5, 16.5), apophysis=True),
        "ulna distal": Closing((5.5, 6.5), (14.0, 16.0), (16.5, 18.5)),
        "metacarpal": Closing((1.5, 2.2), (13.0, 15.0), (15.0, 17.0)),
        "hand phalanx": Closing((1.0, 1.7), (12.5, 14.5), (14.5, 16.5)),
        "iliac crest": Closing((13.0, 14.5), (16.5, 17.5), (20.0, 21.0), apophysis=True),
        "ischial tuberosity": Closing((13.5, 15.0), (16.5, 17.5), (20.0, 21.0), apophysis=True),
        "triradiate": Closing((9.0, 11.0), (10.0, 12.0), (12.5, 14.5)),
        "femur head": Closing((0.4, 0.5), (12.0, 14.0), (14.5, 17.0)),
        "greater trochanter": Closing((2.5, 3.5), (13.0, 15.0), (15.0, 17.0), apophysis=True),
        "femur distal": Closing((0.0, 0.0), (13.5, 15.5), (16.0, 18.0)),
        "tibia proximal": Closing((0.0, 0.0), (13.0, 15.0), (15.5, 17.5)),
        "tibial tubercle": Closing((9.5, 11.5), (13.0, 15.0), (15.5, 17.5), apophysis=True),
        "tibia distal": Closing((0.4, 0.5), (12.5, 14.5), (15.0, 17.0)),
        "fibula proximal": Closing((3.0, 4.0), (14.0, 16.0), (16.5, 18.5)),
        "fibula distal": Closing((0.9, 1.1), (12.5, 14.5), (15.0, 17.0)),
        "calcaneal apophysis": Closing((5.2, 7.2), (11.2, 13.3), (14.5, 16.5), apophysis=True),
        "metatarsal": Closing((2.3, 3.0), (12.0, 14.5), (14.5, 16.5)),
        "foot phalanx": Closing((2.0, 2.7), (11.5, 13.5), (13.5, 15.5)),
    }
)

APPEARS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "scaphoid": (4.5, 5.5), "lunate": (3.0, 4.0), "triquetrum": (2.0, 2.5),
        "trapezium": (4.5, 5.5), "trapezoid": (4.5, 5.8), "capitate": (0.2, 0.3), "hamate": (0.3, 0.4),
        "navicular": (2.5, 3.2), "cuboid": (0.0, 0.0), "medial cuneiform": (1.7, 2.2),
        "intermediate cuneiform": (2.0, 2.6), "lateral cuneiform": (0.3, 0.4),
        "patella": (2.8, 4.0), "calcaneus": (-0.4, -0.4), "talus": (-0.3, -0.3),
    }
)  # fmt: skip
"""Small bones: age at which their ossification is first seen (girls, boys)."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "carpus": ("scaphoid", "lunate", "triquetrum", "trapezium", "trapezoid", "capitate", "hamate"),
        "tarsus": ("navicular", "cuboid", "medial cuneiform", "intermediate cuneiform", "lateral cuneiform"),
        "patella": ("patella",), "calcaneus": ("calcaneus",), "talus": ("talus",),
    }
)  # fmt: skip
"""Names of the solids of small bones, in their order."""
SMALL_BONES_DONE: Final = (12.0, 14.0)
"""Age at which the small bones are ossified up to the cartilage of the joints (girls, boys)."""


def of_sex(ages: tuple[float, float], sex: Sex) -> float:
    """The age of girls or of boys."""
    return ages[0] if sex is Sex.GIRL else ages[1]


def closing_openness(closing: Closing, child: Child) -> float:
    """1 wide open, 0 fused."""
    begins, closed = of_sex(closing.begins, child.sex), of_sex(closing.closed, child.sex)
    return float(np.interp(child.bone_age_years, (begins, closed), (1.0, 0.0)))


def epiphysis_ossified(closing: Closing, child: Child) -> float:
    """Share of the radius of what lies beyond the plate that is bone, 0 before the centre appears."""
    return _ossified(of_sex(closing.appears, child.sex), of_sex(closing.begins, child.sex), child)


def bone_ossified(part: str, child: Child) -> float:
    """Share of the radius of a small bone, a row of ``APPEARS``, that is bone; 0 before it appears.

    Raises:
        KeyError: for a part that is not in the table.
    """
    return _ossified(of_sex(APPEARS[part], child.sex), of_sex(SMALL_BONES_DONE, child.sex), child)


def _ossified(appears: float, done: float, child: Child) -> float:
    """Centres grow fast at first: half of the radius after a tenth of the time."""
    share = np.clip((child.bone_age_years - appears) / (done - appears), 0, 1)
    return float(share**0.3)
