"""Small bones of the young: only a nucleus in their cartilage is ossified."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.growth_ages import PARTS, bone_ossified
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.solids.shapes import Ellipsoid

SMALLEST: Final = 0.3
"""Nuclei below this share of the radius are not seen; the largest of each bone is never smaller."""
_SITE: Final = 0.85
"""Radii of a lesion's site over those of the nucleus."""


def nucleus(bone: SolidBone, child: Child) -> SolidBone:
    """The ossified part of a small bone; other bones are returned as they are."""
    parts = PARTS.get(bone_named(bone.full_name).name)
    if parts is None:
        return bone
    shares = [bone_ossified(part, child) for part in parts]
    largest = max(shares)
    kept = [
        replace(shape, radii=shape.radii * max(share, SMALLEST))
        for shape, share in zip(bone.shapes, shares, strict=True)
        if isinstance(shape, Ellipsoid) and (share >= SMALLEST or share == largest)
    ]
    return replace(bone, shapes=tuple(kept), sites=tuple(_fitted(site, kept) for site in bone.sites))


def _fitted(site: LesionSite, kept: list[Ellipsoid]) -> LesionSite:
    """The site within the nearest nucleus."""
    nearest = min(kept, key=lambda shape: float(np.linalg.norm(shape.centre - site.centre)))
    axes = np.eye(3) if nearest.axes is None else nearest.axes
    radii = np.minimum(nearest.radii * _SITE, np.sort(site.radii)[-1] if len(kept) > 1 else np.inf)
    return replace(site, centre=nearest.centre, radii=radii, axes=axes)
