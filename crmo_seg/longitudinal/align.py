"""Two visits brought together: the whole body first, then bone by bone along its joints.

The child has grown and lies differently, so no single map fits. The body's map comes from the centres of bones; a
bone's own map starts from that of the bone it hangs on (the forearm from the upper arm).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from crmo_seg.errors import InputError
from crmo_seg.longitudinal.affine import IDENTITY, AffineMap, fit_robust_similarity
from crmo_seg.longitudinal.bone_units import Cloud, Unit, clouds_of, labels_of, pair_units
from crmo_seg.longitudinal.register import Joint, Registration, register
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.volume import Float64Array, Geometry, Volume

PARENTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "humerus": ("scapula", "clavicle"),
        "radius": ("humerus",),
        "ulna": ("humerus",),
        "hand": ("radius", "ulna"),
        "femur": ("pelvis",),
        "patella": ("femur",),
        "tibia": ("femur",),
        "fibula": ("tibia", "femur"),
        "foot": ("tibia", "fibula"),
    }
)
"""Class of a bone -> classes that it hangs on, the nearest first."""
LONG: Final = frozenset({"humerus", "radius", "ulna", "femur", "tibia", "fibula"})
LIMBS: Final = frozenset(PARENTS)
LEAST_BONES: Final = 3
TELLING_BONES: Final = 8
"""Distances between the centres of this many bones tell growth better than the lengths of single ones."""
BODY_WIDTH_MM: Final = 15.0
"""Centres of bones of the trunk may lie this far from where one map brings them: breath, bend of the spine."""
_JOINT_POINTS: Final = 20


@dataclass(frozen=True, eq=False)
class AlignedBone:
    """A unit at both visits and the map between them.

    Attributes:
        unit: the bone.
        before: its marks at the first visit.
        now: those at the second.
        registration: its map and how well that fits.
        reliable: whether it fits well enough to tell a change.
    """

    unit: Unit
    before: Cloud
    now: Cloud
    registration: Registration
    reliable: bool

    @property
    def is_long(self) -> bool:
        """Whether it is a long bone, whole at both visits."""
        return self.unit.head_class in LONG and not (self.before.cut or self.now.cut)

    @property
    def stretch(self) -> float:
        """By how much it grew along its longest axis."""
        return float(np.linalg.norm(self.registration.map.matrix @ self.before.axes[0]))


@dataclass(frozen=True, eq=False)
class Alignment:
    """How points of the first visit get to the second.

    Attributes:
        body: the map of the whole body.
        body_tells_growth: whether it comes from many bones that neither picture cuts.
        bones: by the unit's name; those that were asked for, and those that they hang on.
        bones_before: fine labels at the first visit.
        bones_now: fine labels at the second visit.
    """

    body: AffineMap
    body_tells_growth: bool
    bones: Mapping[str, AlignedBone]
    bones_before: Volume
    bones_now: Volume

    @property
    def scale(self) -> float:
        """By how much lengths grew: of the body where whole bones tell it, else the median of whole long bones."""
        stretches = [bone.stretch for bone in self.bones.values() if bone.reliable and bone.is_long]
        return self.body.scale if self.body_tells_growth or not stretches else float(np.median(stretches))


def align_visits(
    before: Volume, now: Volume, labels: Iterable[int], settings: CompareSettings = DEFAULT_SETTINGS
) -> Alignment:
    """Align the bones with the given labels, and those that they hang on.

    Args:
        before: fine labels of the first visit, any grid.
        now: fine labels of the second visit, any grid.
        labels: fine labels whose bones hold lesions at either visit; others are not aligned, to save time.
        settings: what is a bone, and what is a good alignment.

    Raises:
        InputError: where the visits share no bone.
    """
    units = pair_units(labels_of(before, settings.minimum_bone_ml), labels_of(now, settings.minimum_bone_ml))
    if not units:
        raise InputError("the visits", "share no bone", "compare studies of the same part of the body, with bones")
    clouds_before = clouds_of(before, {unit.name: unit.before for unit in units})
    clouds_now = clouds_of(now, {unit.name: unit.now for unit in units})
    by_name = {unit.name: unit for unit in units}
    body, tells_growth = _body_map(units, clouds_before, clouds_now)
    chain = _Chain(by_name, clouds_before, clouds_now, body, settings, {})
    wanted = set(labels)
    for unit in units:
        if wanted & (unit.before | unit.now):
            chain.aligned(unit)
    if not chain.done:  # lesions lie in bones of one visit only: the nearest shared ones have to do
        chain.aligned(units[0])
    return Alignment(body, tells_growth, MappingProxyType(chain.done), before, now)


def already_aligned(grid: Geometry) -> Alignment:
    """For two visits that somebody registered to one grid, and that have no bones."""
    no_bones = Volume(np.broadcast_to(np.uint8(0), grid.shape), grid)
    return Alignment(IDENTITY, True, MappingProxyType({}), no_bones, no_bones)


def _body_map(units: Sequence[Unit], before: Mapping[str, Cloud], now: Mapping[str, Cloud]) -> tuple[AffineMap, bool]:
    """From the trunk where it is in both pictures, as limbs move; else from all bones. And whether it tells growth."""
    whole = [unit for unit in units if not (before[unit.name].cut or now[unit.name].cut)]
    trunk = [unit for unit in whole if unit.head_class not in LIMBS]
    for chosen in (trunk, whole, units):
        source = np.array([before[unit.name].centroid_mm for unit in chosen]).reshape(-1, 3)
        target = np.array([now[unit.name].centroid_mm for unit in chosen]).reshape(-1, 3)
        if len(chosen) >= LEAST_BONES and _spreads(source) and _spreads(target):
            tells_growth = len(chosen) >= TELLING_BONES and chosen is not units
            return fit_robust_similarity(source, target, BODY_WIDTH_MM), tells_growth
    return IDENTITY.sending(source.mean(axis=0), target.mean(axis=0)), False


def _spreads(points: Float64Array) -> bool:
    """Whether points do not lie on one line, about which a map could turn freely."""
    stretch = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(stretch[1] / np.sqrt(len(points)) > BODY_WIDTH_MM)


@dataclass
class _Chain:
    """Bones aligned one after the other, parents first."""

    units: Mapping[str, Unit]
    before: Mapping[str, Cloud]
    now: Mapping[str, Cloud]
    body: AffineMap
    settings: CompareSettings
    done: dict[str, AlignedBone]

    def aligned(self, unit: Unit) -> AlignedBone:
        """The bone's alignment, made where it is not there yet."""
        if unit.name not in self.done:
            self.done[unit.name] = self._align(unit)
        return self.done[unit.name]

    def _align(self, unit: Unit) -> AlignedBone:
        before, now = self.before[unit.name], self.now[unit.name]
        parent = self._parent(unit)
        if parent is None or not parent.reliable:
            registration = register(before, now, self.body)
        else:
            registration = register(before, now, parent.registration.map, _joint(before, parent))
        reliable = _is_reliable(registration, before, now, self.settings)
        return AlignedBone(unit, before, now, registration, reliable)

    def _parent(self, unit: Unit) -> AlignedBone | None:
        for head_class in PARENTS.get(unit.head_class, ()):
            candidates = [one for one in self.units.values() if (one.head_class, one.side) == (head_class, unit.side)]
            if candidates:
                return self.aligned(max(candidates, key=lambda one: self.before[one.name].volume_ml))
        return None


def _joint(bone: Cloud, parent: AlignedBone) -> Joint:
    """The end of a bone that is nearest to its parent: the mean of its nearest points."""
    distance, _ = cKDTree(parent.before.surface_mm).query(bone.surface_mm)
    place = bone.surface_mm[np.argsort(distance)[:_JOINT_POINTS]].mean(axis=0)
    return Joint(place, parent.registration.map(place))


def _is_reliable(registration: Registration, before: Cloud, now: Cloud, settings: CompareSettings) -> bool:
    """Close surfaces, enough overlap for its thickness, and no part out of the picture that is not cut there."""
    slice_mm = max(*before.bones.geometry.spacing_mm, *now.bones.geometry.spacing_mm)
    close = registration.residual_mm <= settings.largest_residual_mm + slice_mm / 2
    covers = registration.overlap >= settings.least_overlap or registration.residual_mm <= slice_mm / 2
    shown = registration.visible >= settings.least_visible or now.cut
    shown_back = registration.visible_back >= settings.least_visible or before.cut
    return close and covers and shown and shown_back
