"""The bones of one mask, and their long bones, measured when they are first asked for."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.anatomy import Bone, Side, bone_named
from crmo_seg.sites.long_bones import LONG_BONES, LongBone, measure_long_bone
from crmo_seg.sites.votes import Box
from crmo_seg.volume import Float64Array, Volume

LEAST_OF_OTHER_LENGTH: Final = 0.85
"""Legs and arms of one child differ by a few per cent; a shorter bone lacks an end in the mask (an assumption)."""
LEAST_PIECE: Final = 0.01
"""Smaller pieces, over the whole bone, do not count for its length; an epiphysis is larger."""

_OTHER_SIDE: Final = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}


class Skeleton:
    """The bones of one mask, fine labels."""

    def __init__(self, bones: Volume) -> None:
        self.bones = bones
        self.boxes: list[Box | None] = ndimage.find_objects(bones.array, max_label=255)
        self._measured: dict[int, LongBone | None] = {}

    def long_bone(self, bone: Bone) -> LongBone | None:
        """None for other bones, and where the mask does not show it well enough to tell its growth plates."""
        measured = self._measure(bone)
        return None if measured is None or self._differs_from_other_side(bone, measured) else measured

    def _measure(self, bone: Bone) -> LongBone | None:
        if bone.name not in LONG_BONES:
            return None
        if bone.label not in self._measured:
            indices = self._main_pieces(bone)
            towards = self._towards_trunk(bone)
            self._measured[bone.label] = measure_long_bone(bone.name, indices, self.bones.geometry, towards)
        return self._measured[bone.label]

    def _differs_from_other_side(self, bone: Bone, measured: LongBone) -> bool:
        """Whether the same bone of the other side is of quite another length, so that one is not well marked."""
        if bone.side is None or measured.length_mm is None:
            return False
        other = self._measure(bone_named(f"{bone.name}_{_OTHER_SIDE[bone.side].value}"))
        if other is None or other.length_mm is None:
            return False
        short, long = sorted((measured.length_mm, other.length_mm))
        return short < LEAST_OF_OTHER_LENGTH * long

    def _main_pieces(self, bone: Bone) -> NDArray[np.int64]:
        """Voxels of a bone without loose specks, which would lengthen it; shape (n, 3)."""
        indices = self._indices(bone)
        box = self.boxes[bone.label - 1]
        if box is None:
            return indices
        pieces, _ = ndimage.label(self.bones.array[box] == bone.label, np.ones((3, 3, 3)))
        of_voxel = pieces[tuple((indices - [part.start for part in box]).T)]
        voxels = np.bincount(of_voxel)
        main: NDArray[np.int64] = indices[voxels[of_voxel] >= LEAST_PIECE * len(indices)]
        return main

    def _indices(self, bone: Bone) -> NDArray[np.int64]:
        """Voxels of a bone, shape (n, 3)."""
        box = self.boxes[bone.label - 1]
        if box is None:
            return np.empty((0, 3), dtype=np.int64)
        indices: NDArray[np.int64] = np.argwhere(self.bones.array[box] == bone.label) + [part.start for part in box]
        return indices

    def _towards_trunk(self, bone: Bone) -> Float64Array | None:
        """From a forearm bone to its elbow, from a clavicle to the midline; None where that is upward."""
        if bone.name == "clavicle" and bone.side is not None:
            return np.array([-1.0 if bone.side is Side.RIGHT else 1.0, 0.0, 0.0])
        if bone.name in ("radius", "ulna") and bone.side is not None:
            humerus = self._points_mm(bone_named(f"humerus_{bone.side.value}"))
            here = self._points_mm(bone)
            if len(humerus) and len(here):
                distances, _ = cKDTree(here).query(humerus)
                towards: Float64Array = humerus[int(distances.argmin())] - here.mean(axis=0)
                return towards
        return None

    def _points_mm(self, bone: Bone) -> Float64Array:
        return self.bones.geometry.to_world_mm(self._indices(bone))
