"""Which growth plate of a bone is its proximal and which its distal one, and what kind of bone it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmo_seg.anatomy import Segment, bone_named
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


def kind_of_bone(full_name: str) -> str:
    """The name without side and level.

    >>> kind_of_bone("femur_left"), kind_of_bone("vertebra_T5"), kind_of_bone("rib_3_right")
    ('femur', 'vertebra', 'rib')
    """
    name = bone_named(full_name).name
    return name.split("_")[0] if name.startswith(("vertebra_", "rib_")) else name


def bone_ends(bone: SolidBone) -> tuple[BoneEnd, ...]:
    """The metaphyses of a bone, each with the growth plate nearest to it."""
    if not bone.growth_plates:
        return ()
    metaphyses = [site for site in bone.sites if site.segment is Segment.METAPHYSIS]
    return tuple(BoneEnd(_nearest(bone, site), site) for site in metaphyses)


def _nearest(bone: SolidBone, site: LesionSite) -> GrowthPlate:
    return min(bone.growth_plates, key=lambda plate: float(np.linalg.norm(plate.centre - site.centre)))
