"""How far along its long bone a lesion lies, from the mask of bones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from crmo_seg.anatomy import BONES_TABLE, Bone, Side, bone_named
from crmo_seg.lesions import LesionMap
from crmo_seg.report.body_map.places import LONG_BONES
from crmo_seg.volume import Array, Float64Array, Volume

_LEG: Final = ("femur", "tibia", "fibula")
_TRUNK: Final = ("cervical_vertebra", "thoracic_vertebra", "lumbar_vertebra", "sacrum", "sternum")
_FEWEST_VOXELS: Final = 20
_END_PERCENTILES: Final = (1.0, 99.0)


class _BonePoints:
    """Voxel centres of bones in mm, every second one in plane: enough for ends and axes."""

    def __init__(self, bones: Volume) -> None:
        bones = bones.canonical()
        self._indices = np.argwhere(bones.array[::2, :, ::2]) * (2, 1, 2)
        self._labels = bones.array[tuple(self._indices.T)]
        self._geometry = bones.geometry

    def of(self, bones: list[Bone]) -> Float64Array:
        inside = np.isin(self._labels, [bone.label for bone in bones])
        return self._geometry.to_world_mm(self._indices[inside])

    def cut(self, bone: Bone) -> Array:
        """Points of a bone in the lowest and the highest slice of the picture, where it may go on."""
        inside = self._labels == bone.label
        height = self._indices[inside, 2]
        at_edge = (height <= 1) | (height >= self._geometry.shape[2] - 2)
        return self._geometry.to_world_mm(self._indices[inside][at_edge])


def places_along(lesion_map: LesionMap, bones: Volume | None) -> Mapping[int, float]:
    """For lesions in long bones: 0 at the proximal end to 1 at the distal one, by lesion id.

    The proximal end (of the clavicle the medial one) is the one nearer to the trunk, so that the pose does not matter.
    Where the picture cuts a bone off, what is seen is taken for the half at the other end.

    Args:
        lesion_map: lesions with sites.
        bones: fine labels on their grid, or None.
    """
    sided = [lesion for lesion in lesion_map.lesions if lesion.site.bone in LONG_BONES and lesion.site.side]
    if bones is None or not sided:
        return {}
    points = _BonePoints(bones)
    found = {}
    for lesion in sided:
        bone = bone_named(f"{lesion.site.bone}_{lesion.site.side.value}") if lesion.site.side else None
        share = _share(np.array(lesion.centroid_ras_mm), bone, points) if bone else None
        if share is not None:
            found[lesion.lesion_id] = share
    return found


def _share(centroid_mm: Float64Array, bone: Bone, points: _BonePoints) -> float | None:
    inside = points.of([bone])
    if len(inside) < _FEWEST_VOXELS:
        return None
    middle, axis = _distal_axis(inside, bone, points)
    low, high = np.percentile((inside - middle) @ axis, _END_PERCENTILES)
    share = float(np.clip(((centroid_mm - middle) @ axis - low) / (high - low), 0.0, 1.0))
    cut = points.cut(bone)
    if len(cut):
        share = 0.5 * share if ((cut - middle) @ axis).mean() > 0 else 0.5 + 0.5 * share
    return round(share, 3)


def _distal_axis(inside: Float64Array, bone: Bone, points: _BonePoints) -> tuple[Float64Array, Float64Array]:
    """Middle and unit vector of a bone's length, pointing away from the trunk."""
    middle = inside.mean(axis=0)
    axis: Float64Array = np.linalg.eigh(np.cov((inside - middle).T))[1][:, -1]
    trunk = points.of(_trunk_end(bone))
    towards = trunk.mean(axis=0) - middle if len(trunk) else np.array([0.0, 0.0, 1.0])
    return middle, axis if axis @ towards < 0 else -axis


def _trunk_end(bone: Bone) -> list[Bone]:
    """The bones that the proximal end points to."""
    if bone.name in _LEG:
        return [other for other in BONES_TABLE if other.head_class == "pelvis"]
    if bone.name == "clavicle":
        return [other for other in BONES_TABLE if other.head_class in _TRUNK]
    return [other for other in BONES_TABLE if other.name in ("scapula", "clavicle") and _same(other.side, bone.side)]


def _same(side: Side | None, other: Side | None) -> bool:
    return side is None or side is other
