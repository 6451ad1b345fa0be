"""Which growth plate of a bone is its proximal and which its distal one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.body.solid_bone import GrowthPlate, LesionSite, SolidBone


@dataclass(frozen=True, eq=False)
class BoneEnd:
    """A growth plate and the site of the metaphysis beside it, for example ``distal metaphysis``."""

    plate: GrowthPlate
    metaphysis: LesionSite

    @property
    def name(self) -> str:
        """``proximal``, ``distal`` or ``medial``."""
        return self.metaphysis.region.split()[0]


def bone_ends(bone: SolidBone) -> tuple[BoneEnd, ...]:
    """The metaphyses of a bone, each with the growth plate nearest to it."""
    if not bone.growth_plates:
        return ()
    metaphyses = [site for site in bone.sites if site.segment is Segment.METAPHYSIS]
    return tuple(BoneEnd(_nearest(bone, site), site) for site in metaphyses)


def _nearest(bone: SolidBone, site: LesionSite) -> GrowthPlate:
    return min(bone.growth_plates, key=lambda plate: float(np.linalg.norm(plate.centre - site.centre)))
