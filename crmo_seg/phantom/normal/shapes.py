"""The places that foci of marrow take: at the growth plate, inside a site, or over a small bone."""

from __future__ import annotations

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.child import Child
from crmo_seg.phantom.body.growth_ages import PARTS, bone_ossified
from crmo_seg.phantom.body.nuclei import SMALLEST
from crmo_seg.phantom.body.solid_bone import LesionSite, SolidBone
from crmo_seg.phantom.normal.ends import BoneEnd
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Shape, axes_along, unit, vector


def named_part(bone: SolidBone, part: str | int, child: Child) -> Shape | None:
    """One of a bone's solids by index or, in carpus and tarsus, by name; None where it is not ossified yet."""
    if isinstance(part, int):
        return bone.shapes[part] if part < len(bone.shapes) else None
    names = PARTS[bone_named(bone.full_name).name]
    if len(bone.shapes) != len(names):  # only the nuclei that are seen are left, in the same order
        shares = [bone_ossified(name, child) for name in names]
        names = tuple(n for n, share in zip(names, shares, strict=True) if share >= SMALLEST or share == max(shares))
    return bone.shapes[names.index(part)] if part in names else None


def part_site(part: Shape) -> LesionSite:
    """A site as large as one solid of a bone; of a rod, its first half."""
    if isinstance(part, Ellipsoid):
        axes = np.eye(3) if part.axes is None else part.axes
        return LesionSite("part", None, part.centre, part.radii, axes)
    if isinstance(part, Capsule):
        half = float(np.linalg.norm(part.end - part.start)) / 2
        thick = part.radius_start
        centre = part.start + unit(part.end - part.start) * (half - thick) / 2
        radii = vector(thick, thick, (half + thick) / 2)
        return LesionSite("part", None, centre, radii, _axes_along(part))
    low, high = part.bounds()
    return LesionSite("part", None, (low + high) / 2, (high - low) / 2, np.eye(3))


def flame_place(end: BoneEnd, extension: float, rng: np.random.Generator) -> LesionSite:
    """The foot of a flame on its growth plate: two radii on the plate, the third is its length into the shaft.

    A small one stands on a part of the plate.
    """
    plate, site = end.plate, end.metaphysis
    depth = 2.0 * float(site.radii[2])
    spread = float(np.sqrt(min(1.0, 0.25 + extension)))
    axes = axes_along(plate.normal, site.axes[1])
    turn, off = rng.uniform(0, 2 * np.pi), plate.radius_mm * (1 - spread) * rng.uniform(0.3, 1.0)
    shift = vector(off * float(np.cos(turn)), off * float(np.sin(turn)), 0.0)
    radii = np.array([plate.radius_mm * spread, plate.radius_mm * spread, depth * (0.40 + 0.9 * extension)])
    return LesionSite(site.region, site.segment, plate.centre + shift @ axes, radii, axes)


def patch_place(site: LesionSite, extension: float, rng: np.random.Generator) -> LesionSite:
    """An ellipsoid inside the site, as large as its extension says, somewhat off its middle."""
    scale = extension ** (1 / 3)
    unequal = np.exp(0.2 * rng.standard_normal(3))
    radii = np.minimum(site.radii * scale * unequal / unequal.prod() ** (1 / 3), site.radii)
    shift = rng.uniform(-1, 1, 3) * (site.radii - radii)
    return LesionSite(site.region, site.segment, site.centre + shift @ site.axes, radii, site.axes)


def speckle_place(site: LesionSite, extension: float, rng: np.random.Generator) -> LesionSite:
    """The part of a small bone whose endosteal surface has specks."""
    scale = min(1.0, (2 * extension) ** (1 / 3))
    radii = site.radii * scale
    shift = rng.uniform(-1, 1, 3) * (site.radii - radii)
    return LesionSite(site.region, site.segment, site.centre + shift @ site.axes, radii, site.axes)


def _axes_along(rod: Capsule) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    direction = unit(rod.end - rod.start)
    return axes_along(direction, vector(0, 1, 0) if abs(direction[1]) < 0.8 else vector(0, 0, 1))
