"""Lesions as points, each with the bone that carries it to the other visit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.lesions import NEIGHBOURS_6, Lesion, LesionMap
from crmo_seg.longitudinal.affine import AffineMap
from crmo_seg.longitudinal.align import AlignedBone, Alignment
from crmo_seg.longitudinal.bone_units import in_view, thinned
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

LARGEST_CLOUD: Final = 600
"""Points of a lesion; more change no match."""
NEAR_BONE_MM: Final = 10.0
"""A lesion this near to a bone, though not in it, belongs to that bone, as in ``sites``."""


@dataclass(frozen=True, eq=False)
class Carried:
    """A lesion at its own visit, and where it would be at the other.

    Attributes:
        lesion: what was measured.
        own_mm: centres of its voxels at its own visit, (n, 3), at most ``LARGEST_CLOUD``.
        there_mm: the same points brought to the other visit.
        bone: the bone that carries it; None where the visits were registered beforehand.
        in_view: share of it that lies in the other visit's picture.
        error_mm: how far off its place at the other visit may be.
        reliable: whether its bone is marked and well aligned at both visits.
        surface_voxels: number of its voxels on its surface.
        voxel_ml: volume of a voxel at its own visit.
    """

    lesion: Lesion
    own_mm: Float64Array
    there_mm: Float64Array
    bone: AlignedBone | None
    in_view: float
    error_mm: float
    reliable: bool
    surface_voxels: int
    voxel_ml: float

    @property
    def radius_mm(self) -> float:
        """Of a ball of its volume."""
        return float(np.cbrt(3000 * self.lesion.volume_ml / (4 * np.pi)))


def labels_of_lesions(lesion_map: LesionMap, bones: Volume) -> frozenset[int]:
    """Fine labels of the bones that lesions lie in."""
    inside = np.unique(bones.array[lesion_map.labels.array > 0])
    return frozenset(int(label) for label in inside if label)


def carry_lesions(lesion_map: LesionMap, alignment: Alignment, base_error_mm: float, *, back: bool) -> list[Carried]:
    """Bring every lesion of one visit to the other.

    Args:
        lesion_map: of the first visit, or of the second with ``back``.
        alignment: of the visits.
        base_error_mm: of the place of a lesion in a perfectly aligned bone.
        back: from the second visit to the first.
    """
    here, there = alignment.bones_before, alignment.bones_now
    here, there = (there, here) if back else (here, there)
    finder = _BoneFinder(alignment, back=back)
    carried = []
    for lesion, indices, surface in _voxels(lesion_map):
        bone, sure = finder.bone_of(here.array[tuple(indices.T)], here.geometry.to_world_mm(indices))
        points = here.geometry.to_world_mm(thinned(indices, LARGEST_CLOUD))
        moved = _way(bone, alignment, back=back)(points)
        carried.append(
            Carried(
                lesion=lesion,
                own_mm=points,
                there_mm=moved,
                bone=bone,
                in_view=float(in_view(moved, there.geometry).mean()),
                error_mm=base_error_mm + _bone_error_mm(bone) + _slice_error_mm(here.geometry, there.geometry),
                reliable=sure and (bone is None or bone.reliable),
                surface_voxels=surface,
                voxel_ml=here.geometry.voxel_volume_ml,
            )
        )
    return carried


class _BoneFinder:
    """The aligned bone of a lesion: that of most of its voxels, else the nearest one."""

    def __init__(self, alignment: Alignment, *, back: bool) -> None:
        self._bones: Sequence[AlignedBone] = list(alignment.bones.values())
        clouds = [bone.now if back else bone.before for bone in self._bones]
        self._labels = [cloud.labels for cloud in clouds]
        self._owner = np.repeat(np.arange(len(clouds)), [len(cloud.surface_mm) for cloud in clouds])
        self._tree = cKDTree(np.concatenate([np.empty((0, 3)), *(cloud.surface_mm for cloud in clouds)]))

    def bone_of(self, labels: Array, points_mm: Float64Array) -> tuple[AlignedBone | None, bool]:
        """The bone that carries a lesion, and whether that is its own; else it lies in a bone of one visit only."""
        if not self._bones:
            return None, True
        counts = np.bincount(labels, minlength=1)
        counts[0] = 0
        if counts.any():
            own = int(counts.argmax())
            for bone, known in zip(self._bones, self._labels, strict=True):
                if own in known:
                    return bone, True
        distance_mm, nearest = self._tree.query(points_mm)
        owners = np.bincount(self._owner[nearest], weights=1 / (1 + distance_mm))
        return self._bones[int(owners.argmax())], not counts.any() and float(distance_mm.min()) <= NEAR_BONE_MM


def _voxels(lesion_map: LesionMap) -> Iterator[tuple[Lesion, Array, int]]:
    """Each lesion, the indices of its voxels (n, 3), and how many of them are on its surface."""
    boxes = ndimage.find_objects(lesion_map.labels.array)
    for lesion in lesion_map.lesions:
        box = boxes[lesion.lesion_id - 1]
        mask = np.pad(lesion_map.labels.array[box] == lesion.lesion_id, 1)
        surface = int((mask & ~ndimage.binary_erosion(mask, NEIGHBOURS_6)).sum())
        yield lesion, np.argwhere(mask) - 1 + [part.start for part in box], surface


def _way(bone: AlignedBone | None, alignment: Alignment, *, back: bool) -> AffineMap:
    moved = bone.registration.map if bone is not None else alignment.body
    return moved.inverse if back else moved


def _bone_error_mm(bone: AlignedBone | None) -> float:
    return bone.registration.residual_mm if bone is not None else 0.0


def _slice_error_mm(*grids: Geometry) -> float:
    """Half the distance of slices: a voxel may lie anywhere within its slice."""
    return max(max(grid.spacing_mm) for grid in grids) / 2
