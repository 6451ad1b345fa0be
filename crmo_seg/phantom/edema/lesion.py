"""A lesion in two forms: lasting (relative to its bone, the same at every visit) and planned (in RAS+ mm)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.anatomy import Bone, Segment
from crmo_seg.phantom.body.solid_bone import GrowthPlate, LesionSite
from crmo_seg.phantom.solids.shapes import Vector

JUXTAPHYSEAL_MM: Final = 2.0
"""A lesion this near to the surface of the growth plate counts as touching it."""
LONG_BONES: Final = frozenset({"femur", "tibia", "fibula", "humerus", "radius", "ulna"})


@dataclass(frozen=True)
class SiteKey:
    """A site of the skeleton by name, so that it is found again at another age.

    Attributes:
        bone: row of ``anatomy.BONES_TABLE``, side included.
        region: of the ``LesionSite``.
        number: among the sites of that region in the bone, from 0.
    """

    bone: Bone
    region: str
    number: int


@dataclass(frozen=True, eq=False)
class LesionShape:
    """What makes a blob irregular, in units of the lesion's radii.

    Attributes:
        wave_vectors: (n, 3), radians per radius; they deform the ellipsoid.
        wave_phases: (n,), radians.
        nodules: (m, 4), centre and radius of each ball in mean radii; m = 0 unless the lesion is nodular.
    """

    wave_vectors: Vector
    wave_phases: Vector
    nodules: Vector


@dataclass(frozen=True, eq=False)
class LastingLesion:
    """A lesion relative to its bone.

    Attributes:
        key: stable over visits, unique in a child.
        site: in which bone and where.
        offset: (3,), -1 to 1 along the axes of the site, in shares of the room that the lesion leaves there; the
            third axis of a metaphysis or epiphysis runs along the normal of the growth plate.
        stretch: (3,), radii over those of an ellipsoid shaped like the site; their product is 1.
        volume_ml: marrow to fill, the lobe beyond the plate included.
        signal_ratio: to muscle.
        responder: whether the child's lesions answer to treatment.
        lobe_share: part of the volume beyond the growth plate; 0 where the lesion does not cross it.
        halo_mm: how far the inflammation of the soft tissue reaches; 0 where there is none.
        border_mm: over which the edema fades.
        shape: irregularity.
    """

    key: str
    site: SiteKey
    offset: Vector
    stretch: Vector
    volume_ml: float
    signal_ratio: float
    responder: bool
    lobe_share: float
    halo_mm: float
    border_mm: float
    shape: LesionShape


@dataclass(frozen=True, eq=False)
class PlannedLesion:
    """A lesion on the skeleton of one visit, before it is drawn.

    Attributes:
        lasting: its form relative to the bone.
        segment: part of a long bone, None in others.
        place: the ellipsoid of the lesion itself, RAS+ mm; in a crossing lesion the part in the metaphysis.
        planned_ml: marrow to fill, the lobe included.
        plate: the growth plate beside it; None in bones and shafts without one.
        physis_distance_mm: to the surface of the nearest growth plate; None in bones without any.
        epiphyseal_lobe: the ellipsoid beyond the plate, None where the lesion does not cross it.
        lobe_ml: part of the volume in that lobe.
        border_mm: over which the edema fades; never so wide that its middle would be pale.
    """

    lasting: LastingLesion
    segment: Segment | None
    place: LesionSite
    planned_ml: float
    plate: GrowthPlate | None
    physis_distance_mm: float | None
    epiphyseal_lobe: LesionSite | None
    lobe_ml: float
    border_mm: float

    @property
    def lesion_key(self) -> str:
        """Stable over visits."""
        return self.lasting.key

    @property
    def bone(self) -> Bone:
        """Row of ``anatomy.BONES_TABLE``."""
        return self.lasting.site.bone

    @property
    def region(self) -> str:
        """Name of the site, for example ``distal metaphysis``."""
        return self.lasting.site.region

    @property
    def signal_ratio(self) -> float:
        """Signal over that of muscle."""
        return self.lasting.signal_ratio

    @property
    def juxtaphyseal(self) -> bool | None:
        """Whether it touches a growth plate; None in bones without any."""
        return None if self.physis_distance_mm is None else self.physis_distance_mm <= JUXTAPHYSEAL_MM

    @property
    def crosses_plate(self) -> bool:
        """Whether it goes on beyond the growth plate."""
        return self.epiphyseal_lobe is not None

    @property
    def halo(self) -> bool:
        """Whether the soft tissue around the bone is inflamed too."""
        return self.lasting.halo_mm > 0

    @property
    def nodular(self) -> bool:
        """Whether it looks like a cluster of small balls."""
        return len(self.lasting.shape.nodules) > 0

    @property
    def shape(self) -> LesionShape:
        """Irregularity."""
        return self.lasting.shape

    @property
    def lobes(self) -> tuple[tuple[LesionSite, float], ...]:
        """Each connected part with its volume in ml."""
        if self.epiphyseal_lobe is None:
            return ((self.place, self.planned_ml),)
        return (self.place, self.planned_ml - self.lobe_ml), (self.epiphyseal_lobe, self.lobe_ml)


def ellipsoid_ml(radii_mm: Vector) -> float:
    """Volume of an ellipsoid.

    >>> round(ellipsoid_ml(np.array([10.0, 10.0, 10.0])), 3)
    4.189
    """
    return float(4 / 3 * np.pi * np.prod(radii_mm) / 1000)
