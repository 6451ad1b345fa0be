"""Which bone of one visit is which of the other, and the surfaces that they are aligned by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.anatomy import Bone, Side, bone_of_label
from crmo_seg.lesions import NEIGHBOURS_6
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

LARGEST_CLOUD: Final = 700
"""Points of a bone that its alignment looks at: more change it by less than a tenth of a millimetre."""
ENDS: Final = (0.003, 0.997)
"""Shares of a bone's voxels before its ends: a few strays beyond are no bone."""


@dataclass(frozen=True)
class Unit:
    """A bone, or bones that cannot be told apart at one of the visits, known at both.

    Attributes:
        name: for example ``femur_left``, or ``rib_left`` for all ribs of a side.
        head_class: of ``anatomy``.
        side: None for the midline, or where it is not known.
        before: fine labels of the first visit.
        now: fine labels of the second visit.
    """

    name: str
    head_class: str
    side: Side | None
    before: frozenset[int]
    now: frozenset[int]


@dataclass(frozen=True, eq=False)
class Cloud:
    """The marks of a unit at one visit.

    Attributes:
        surface_mm: centres of voxels on its surface, (n, 3), at most ``LARGEST_CLOUD``.
        inside_mm: centres of its voxels, (n, 3), as many at most.
        volume_ml: of all its voxels.
        centroid_mm: mean of the centres of all its voxels, (3,).
        deviations_mm: standard deviations of all its voxels along its principal axes, (3,), longest first.
        axes: these axes as rows, (3, 3).
        ends_mm: the two ends of the longest axis, on the line through the centroid, (2, 3).
        labels: its fine labels.
        bones: the whole mask.
        cut: whether it reaches the edge of the picture, so that part of it may be missing.
    """

    surface_mm: Float64Array
    inside_mm: Float64Array
    volume_ml: float
    centroid_mm: Float64Array
    deviations_mm: Float64Array
    axes: Float64Array
    ends_mm: Float64Array
    labels: frozenset[int]
    bones: Volume
    cut: bool

    @cached_property
    def tree(self) -> cKDTree:
        """For nearest points of the surface."""
        return cKDTree(self.surface_mm)

    def holds(self, points_mm: Float64Array) -> NDArray[np.bool_]:
        """Whether points lie in a voxel of the unit."""
        shape = np.array(self.bones.geometry.shape)
        index = np.rint(self.bones.geometry.to_index(points_mm)).astype(np.int64)
        within = np.all((index >= 0) & (index < shape), axis=1)
        found = np.zeros(len(points_mm), dtype=np.bool_)
        found[within] = np.isin(self.bones.array[tuple(index[within].T)], list(self.labels))
        return found


def in_view(points_mm: Float64Array, geometry: Geometry) -> NDArray[np.bool_]:
    """Whether points, shape (n, 3), lie in the picture.

    >>> in_view(np.array([[0.4, 0, 0], [0.6, 0, 0]]), Geometry(np.eye(4), (1, 1, 1))).tolist()
    [True, False]
    """
    index = geometry.to_index(points_mm)
    inside: NDArray[np.bool_] = np.all((index >= -0.5) & (index <= np.array(geometry.shape) - 0.5), axis=1)
    return inside


def thinned(indices: Array, most: int) -> Array:
    """At most ``most`` rows, in their order, drawn with a fixed seed: a regular step would draw stripes.

    >>> thinned(np.arange(5)[:, None], 5).ravel().tolist(), len(thinned(np.zeros((9, 3)), 5))
    ([0, 1, 2, 3, 4], 5)
    """
    if len(indices) <= most:
        return indices
    return indices[np.sort(np.random.default_rng(0).permutation(len(indices))[:most])]


def pair_units(before: Iterable[int], now: Iterable[int]) -> tuple[Unit, ...]:
    """The units that both visits have.

    A vertebra or a rib is a unit of its own only where both visits know the level of all of its class; else the class
    is one unit, so that a level that one visit lacks makes no difference.

    Args:
        before: fine labels present at the first visit.
        now: those of the second.

    >>> from crmo_seg.anatomy import bone_named
    >>> femur, rib_3, rib = (bone_named(f"{name}_left").label for name in ("femur", "rib_3", "rib"))
    >>> [unit.name for unit in pair_units([femur, rib_3], [femur, rib])]
    ['femur_left', 'rib_left']
    """
    groups_before, groups_now = _by_class(before), _by_class(now)
    units: list[Unit] = []
    for key in groups_before.keys() & groups_now.keys():
        first, second = groups_before[key], groups_now[key]
        if all(bone.complete for bone in (*first, *second)):
            shared = {bone.label: bone for bone in first}.keys() & {bone.label for bone in second}
            units += [_unit(bone.full_name, [bone], [bone]) for bone in map(bone_of_label, shared)]
        else:
            units.append(_unit(_class_name(*key), first, second))
    return tuple(sorted(units, key=lambda unit: unit.name))


def labels_of(bones: Volume, minimum_ml: float) -> tuple[int, ...]:
    """Fine labels with at least this volume."""
    counts = np.bincount(bones.array.ravel(), minlength=1)
    counts[0] = 0
    return tuple(int(label) for label in np.flatnonzero(counts * bones.geometry.voxel_volume_ml >= minimum_ml))


def clouds_of(bones: Volume, groups: Mapping[str, frozenset[int]]) -> dict[str, Cloud]:
    """The clouds of units, by name; each looks at its own box of the mask only."""
    boxes = ndimage.find_objects(bones.array)
    return {name: _cloud(bones, labels, _common_box([boxes[label - 1] for label in labels]))
            for name, labels in groups.items()}  # fmt: skip


def _cloud(bones: Volume, labels: frozenset[int], box: tuple[slice, ...]) -> Cloud:
    mask = np.isin(bones.array[box], list(labels))
    surface = mask & ~ndimage.binary_erosion(mask, NEIGHBOURS_6)
    start = np.array([part.start for part in box])
    cut = any(part.start == 0 or part.stop == n for part, n in zip(box, bones.geometry.shape, strict=True))
    indices = np.argwhere(mask) + start
    world = bones.geometry.to_world_mm(indices)
    centroid = world.mean(axis=0)
    variances, columns = np.linalg.eigh((world - centroid).T @ (world - centroid) / len(world))
    along = (world - centroid) @ columns[:, -1]
    return Cloud(
        surface_mm=bones.geometry.to_world_mm(thinned(np.argwhere(surface), LARGEST_CLOUD) + start),
        inside_mm=bones.geometry.to_world_mm(thinned(indices, LARGEST_CLOUD)),
        volume_ml=len(indices) * bones.geometry.voxel_volume_ml,
        centroid_mm=centroid,
        deviations_mm=np.sqrt(np.maximum(variances[::-1], 0.0)),
        axes=columns.T[::-1],
        ends_mm=centroid + np.outer(np.quantile(along, ENDS), columns[:, -1]),
        labels=labels,
        bones=bones,
        cut=cut,
    )


def _common_box(boxes: Iterable[tuple[slice, ...]]) -> tuple[slice, ...]:
    return tuple(
        slice(min(part.start for part in parts), max(part.stop for part in parts)) for parts in zip(*boxes, strict=True)
    )


def _by_class(labels: Iterable[int]) -> dict[tuple[str, Side | None], list[Bone]]:
    groups: dict[tuple[str, Side | None], list[Bone]] = {}
    for label in labels:
        bone = bone_of_label(label)
        groups.setdefault((bone.head_class, bone.side), []).append(bone)
    return groups


def _class_name(head_class: str, side: Side | None) -> str:
    return head_class if side is None else f"{head_class}_{side.value}"


def _unit(name: str, before: Iterable[Bone], now: Iterable[Bone]) -> Unit:
    first, second = tuple(before), tuple(now)
    labels = (frozenset(bone.label for bone in bones) for bones in (first, second))
    return Unit(name, first[0].head_class, first[0].side, *labels)
