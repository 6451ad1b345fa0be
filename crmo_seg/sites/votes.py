"""The bone of a lesion: its voxels vote, those in a bone for that, those beside bones for the nearest one.

A model often leaves a hole in the bone where a lesion changes the contrast, and a few voxels of another class in it, so
that neither what lies inside nor the one nearest voxel tells alone.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.anatomy import BONES_TABLE, HEAD_CLASS_OF_LABEL, Bone, bone_of_head_class, bone_of_label
from crmo_seg.lesions import LesionMap
from crmo_seg.volume import Float64Array, Geometry, Volume

MAXIMUM_DISTANCE_MM: Final = 10.0
"""A lesion this near to a bone, though not in it, belongs to that bone: masks of bones end at the cortex."""
OUTSIDE_WEIGHT: Final = 0.5
"""Of a voxel that touches a bone, over that of one inside; it falls to nearly nothing at the distance above."""
CLEAR_SHARE: Final = 0.6
"""Of the votes: where a lesion lies outside of every bone and none has so many, the bone is not sure."""

Box: TypeAlias = tuple[slice, ...]


def bones_of_lesions(lesion_map: LesionMap, bones: Volume) -> dict[int, Bone | None]:
    """The bone of each lesion by its id, see ``bone_of_lesion``.

    Args:
        lesion_map: lesions and their ids.
        bones: fine labels on the same grid.
    """
    labels, boxes = lesion_map.labels.array, ndimage.find_objects(lesion_map.labels.array)
    where = {lesion.lesion_id: boxes[lesion.lesion_id - 1] for lesion in lesion_map.lesions}
    return {one: bone_of_lesion(labels[box] == one, box, bones) for one, box in where.items()}


def bone_of_lesion(lesion: NDArray[np.bool_], box: Box, bones: Volume) -> Bone | None:
    """The bone with most votes; None where none is near or, of a lesion outside of all, none is clearly the nearest.

    Where only the side or the level is not clear, it is left out.

    Args:
        lesion: mask in the box.
        box: of the lesion.
        bones: fine labels.
    """
    inside = np.bincount(bones.array[box][lesion], minlength=256).astype(np.float64)
    inside[0] = 0.0
    votes = inside + _votes_beside(lesion, box, bones)
    if not votes.any():
        return None
    if inside.any():
        return bone_of_label(int(votes.argmax()))
    return _clear_one(votes)


def _votes_beside(lesion: NDArray[np.bool_], box: Box, bones: Volume) -> Float64Array:
    """Weights of the voxels of a lesion that lie outside of bones, shape (256,)."""
    wide = _widened(box, bones.geometry)
    bone_indices = np.argwhere(bones.array[wide])
    outside = np.argwhere(lesion & (bones.array[box] == 0))
    if not len(bone_indices) or not len(outside):
        return np.zeros(256)
    outside_mm = bones.geometry.to_world_mm(outside + [part.start for part in box])
    bone_mm = bones.geometry.to_world_mm(bone_indices + [part.start for part in wide])
    distances_mm, nearest = cKDTree(bone_mm).query(outside_mm, distance_upper_bound=MAXIMUM_DISTANCE_MM + 1e-3)
    near = np.isfinite(distances_mm)
    labels = bones.array[wide][tuple(bone_indices[nearest[near]].T)]
    weights = OUTSIDE_WEIGHT * (1 - distances_mm[near] / (MAXIMUM_DISTANCE_MM + 1))
    votes: Float64Array = np.bincount(labels, weights=weights, minlength=256).astype(np.float64)
    return votes


def _clear_one(votes: Float64Array) -> Bone | None:
    """The bone that has most of the votes, without a side or a level that has not; None where no class has."""
    of_class = np.bincount(HEAD_CLASS_OF_LABEL, weights=votes, minlength=256)
    head_class = int(of_class.argmax())
    if of_class[head_class] < CLEAR_SHARE * votes.sum():
        return None
    of_class_only = np.where(head_class == HEAD_CLASS_OF_LABEL, votes, 0.0)
    label = int(of_class_only.argmax())
    if of_class_only[label] >= CLEAR_SHARE * votes.sum():
        return bone_of_label(label)
    side_votes = {side: float(of_class_only[labels].sum()) for side, labels in _LABELS_OF_SIDE.items()}
    side = max(side_votes, key=lambda one: side_votes[one])
    return bone_of_head_class(head_class, side if side_votes[side] >= CLEAR_SHARE * votes.sum() else None)


_LABELS_OF_SIDE: Final = {
    side: [bone.label for bone in BONES_TABLE if bone.side is side] for side in {bone.side for bone in BONES_TABLE}
}


def _widened(box: Box, geometry: Geometry) -> Box:
    """A box with ``MAXIMUM_DISTANCE_MM`` more on every side, sheared grids included."""
    steps_per_mm = np.linalg.norm(np.linalg.inv(geometry.affine)[:3, :3], axis=1)
    margins = np.ceil(steps_per_mm * MAXIMUM_DISTANCE_MM).astype(int)
    return tuple(slice(max(0, part.start - m), part.stop + m) for part, m in zip(box, margins.tolist(), strict=True))
