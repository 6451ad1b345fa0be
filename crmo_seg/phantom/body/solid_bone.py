"""What a bone of the phantom is made of: solids, cortex, growth plates, and the places where edema likes to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmo_seg.anatomy import Segment
from crmo_seg.phantom.solids.rigid import STILL, Rigid, moved
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import Capsule, Ellipsoid, Shape, Vector, axes_along, unit, vector

THIN_CORTEX: Final = 0.0006
"""Cortex of flat, short and irregular bones, in statures; about 0.9 mm at 12 years."""
SHAFT_CORTEX: Final = 0.0012
MARROW_SHARE: Final = 0.8
"""A lesion site is counted as this share of its ellipsoid, since cortex takes some."""


@dataclass(frozen=True, eq=False)
class GrowthPlate:
    """A disc of cartilage across a long bone."""

    centre: Vector
    normal: Vector
    radius_mm: float

    def moved(self, motion: Rigid) -> GrowthPlate:
        """The plate in another place."""
        return replace(self, centre=motion.point(self.centre), normal=motion.direction(self.normal))


@dataclass(frozen=True, eq=False)
class LesionSite:
    """A place in the marrow where edema may start.

    Attributes:
        region: name for the table of frequencies, for example ``distal metaphysis``.
        segment: part of a long bone, None in others.
        centre: middle of the site, RAS+ mm.
        radii: of the ellipsoid that the site offers, mm.
        axes: directions of the radii as rows.
    """

    region: str
    segment: Segment | None
    centre: Vector
    radii: Vector
    axes: Vector

    @property
    def capacity_ml(self) -> float:
        """Marrow that a lesion can fill here."""
        return float(4 / 3 * np.pi * self.radii.prod() / 1000 * MARROW_SHARE)

    def moved(self, motion: Rigid) -> LesionSite:
        """The site in another place."""
        return replace(self, centre=motion.point(self.centre), axes=motion.direction(self.axes))


@dataclass(frozen=True, eq=False)
class SolidBone:
    """A bone of the child.

    Attributes:
        full_name: as in ``anatomy.BONES_TABLE``.
        shapes: solids whose union it is.
        cortex_mm: thickness of the dark shell.
        blend_mm: creases between the shapes are filled over this length.
        holes: solids cut out.
        growth_plates: empty in bones that have none in this phantom.
        sites: where edema may lie.
        fatty: whether its marrow is yellow, so dark when fat is suppressed.
        ripple: unevenness of the surface, to be added to the distance of the finished solid.
    """

    full_name: str
    shapes: tuple[Shape, ...]
    cortex_mm: float
    blend_mm: float = 0.0
    holes: tuple[Shape, ...] = ()
    growth_plates: tuple[GrowthPlate, ...] = ()
    sites: tuple[LesionSite, ...] = ()
    fatty: bool = False
    ripple: Ripple | None = None

    def moved(self, motion: Rigid) -> SolidBone:
        """The bone with all that belongs to it in another place; the waves of its surface are not turned."""
        if motion is STILL:
            return self
        return replace(
            self,
            shapes=tuple(moved(shape, motion) for shape in self.shapes),
            holes=tuple(moved(hole, motion) for hole in self.holes),
            growth_plates=tuple(plate.moved(motion) for plate in self.growth_plates),
            sites=tuple(site.moved(motion) for site in self.sites),
            ripple=None if self.ripple is None else replace(self.ripple, origin=motion.point(self.ripple.origin)),
        )


def chain(points: Sequence[Vector], radii: Sequence[float]) -> tuple[Capsule, ...]:
    """Rods from point to point."""
    pairs = zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)
    return tuple(Capsule(a, b, float(r), float(s)) for a, b, r, s in pairs)


def ball_site(centre: Vector, radius_mm: float, region: str = "body") -> LesionSite:
    """A round site in a short or irregular bone."""
    return LesionSite(region, None, centre, np.full(3, radius_mm), np.eye(3))


def flat_site(ellipsoid: Ellipsoid, region: str = "body") -> LesionSite:
    """A site as large as an ellipsoid."""
    return LesionSite(region, None, ellipsoid.centre, ellipsoid.radii, _axes(ellipsoid))


def end_sites(plate: GrowthPlate, end: str, *, metaphysis_mm: float, epiphysis_mm: float) -> tuple[LesionSite, ...]:
    """Sites on both sides of a growth plate: a long one on the side of the shaft, a flat one at the joint.

    The plate's normal points to the joint. Two thirds of the lesions of long bones lie in the metaphysis.
    """
    axes = axes_along(plate.normal, _across(plate.normal))
    inner = plate.radius_mm
    deep = LesionSite(
        f"{end} metaphysis",
        Segment.METAPHYSIS,
        plate.centre - plate.normal * (metaphysis_mm + 1.5),
        np.array([inner * 0.85, inner * 0.85, metaphysis_mm]),
        axes,
    )
    joint = LesionSite(
        f"{end} epiphysis",
        Segment.EPIPHYSIS,
        plate.centre + plate.normal * (epiphysis_mm + 1.5),
        np.array([inner * 0.85, inner * 0.6, epiphysis_mm]),
        axes,
    )
    return deep, joint


def shaft_site(start: Vector, end: Vector, radius_mm: float) -> LesionSite:
    """A long site in the middle of a shaft."""
    half = float(np.linalg.norm(end - start)) * 0.12
    radii = np.array([radius_mm, radius_mm, half])
    axes = axes_along(end - start, _across(end - start))
    return LesionSite("diaphysis", Segment.DIAPHYSIS, (start + end) / 2, radii, axes)


def growth_plate(start: Vector, end: Vector, share: float, radius_mm: float) -> GrowthPlate:
    """A plate across the bone at a share of the way from start to end, its normal towards the end."""
    return GrowthPlate(start + (end - start) * share, unit(end - start), radius_mm)


def _across(direction: Vector) -> Vector:
    """Some direction that is not parallel."""
    return vector(0, 1, 0) if abs(unit(direction)[1]) < 0.8 else vector(0, 0, 1)


def _axes(ellipsoid: Ellipsoid) -> Vector:
    return np.eye(3) if ellipsoid.axes is None else ellipsoid.axes
