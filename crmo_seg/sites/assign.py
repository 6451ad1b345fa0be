"""The site and the signal of every lesion."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.anatomy import BONES_TABLE, Bone, Side, Site, bone_named
from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.sites.long_bones import LONG_BONES, LongBone, measure_long_bone
from crmo_seg.sites.muscle import Muscle, find_muscle
from crmo_seg.sites.segments import PlaceInBone, place_in_bone
from crmo_seg.sites.signal import lesion_signal, soft_tissue_signal
from crmo_seg.sites.votes import MAXIMUM_DISTANCE_MM, Box, bone_of_lesion
from crmo_seg.volume import Float64Array, GeometryError, Volume

__all__ = ["MAXIMUM_DISTANCE_MM", "assign_sites"]

LEAST_OF_OTHER_LENGTH: Final = 0.85
"""Legs and arms of one child differ by a few per cent; a shorter bone lacks an end in the mask (an assumption)."""
LEAST_PIECE: Final = 0.01
"""Smaller pieces, over the whole bone, do not count for its length; an epiphysis is larger."""
LEAST_INSIDE: Final = 0.5
"""With less of a lesion inside of the mask of its bone, that has a hole, and the share of the bone is not known."""

_OTHER_SIDE: Final = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}


def assign_sites(lesion_map: LesionMap, bones: Volume, image: Volume | None = None) -> LesionMap:
    """Give each lesion the bone that most of its voxels lie in or, within 10 mm, beside; none where that is not sure.

    In a long bone its segment and its growth plate are told too, with an image its signal over that of muscle near it.

    Args:
        lesion_map: lesions and their ids.
        bones: fine labels on the same grid.
        image: signal on the same grid.

    Raises:
        GeometryError: where the grids differ.
    """
    for volume in (bones, image):
        if volume is not None and not volume.geometry.same_grid(lesion_map.labels.geometry):
            raise GeometryError(f"bones and lesions are on different grids: {volume} and {lesion_map.labels}")
    skeleton = _Skeleton(bones)
    boxes = ndimage.find_objects(lesion_map.labels.array)
    muscle = None if image is None or not lesion_map.lesions else find_muscle(image, bones, lesion_map.labels)
    lesions = []
    for lesion in lesion_map.lesions:
        box = boxes[lesion.lesion_id - 1]
        inside = lesion_map.labels.array[box] == lesion.lesion_id
        placed = replace(lesion, site=skeleton.site_of(inside, box))
        lesions.append(placed if image is None else _with_signal(placed, image, bones, (inside, box), muscle))
    return replace(lesion_map, lesions=tuple(lesions))


def _with_signal(
    lesion: Lesion, image: Volume, bones: Volume, where: tuple[NDArray[np.bool_], Box], muscle: Muscle | None
) -> Lesion:
    if muscle is None:
        return lesion
    inside, box = where
    reference = muscle.near(np.array(lesion.centroid_ras_mm))
    beside = soft_tissue_signal(image, bones, inside, box)
    return replace(
        lesion,
        signal_ratio=lesion_signal(image, inside, box) / reference,
        soft_tissue_ratio=None if beside is None else beside / reference,
    )


class _Skeleton:
    """The bones of one mask; long bones are measured when the first lesion in them is placed."""

    def __init__(self, bones: Volume) -> None:
        self.bones = bones
        self.boxes: list[Box | None] = ndimage.find_objects(bones.array, max_label=255)
        self.measured: dict[int, LongBone | None] = {}

    def site_of(self, lesion: NDArray[np.bool_], box: Box) -> Site:
        """Site of a lesion, a mask in a box."""
        bone = bone_of_lesion(lesion, box, self.bones)
        if bone is None:
            return Site()
        place = self._place(lesion, box, bone)
        return Site(
            bone=bone.name,
            side=bone.side,
            segment=place.segment,
            juxtaphyseal=place.juxtaphyseal,
            physis_distance_mm=place.physis_distance_mm,
            snomed_code=bone.snomed_code,
            crosses_physis=place.crosses_physis,
            bone_share=self._share(bone, self.bones.array[box][lesion] == bone.label),
        )

    def _place(self, lesion: NDArray[np.bool_], box: Box, bone: Bone) -> PlaceInBone:
        measured = self._measure(bone)
        if measured is None or self._differs_from_other_side(bone, measured):
            return PlaceInBone()
        points = self.bones.geometry.to_world_mm(np.argwhere(lesion) + [part.start for part in box])
        return place_in_bone(points, measured)

    def _measure(self, bone: Bone) -> LongBone | None:
        if bone.name not in LONG_BONES:
            return None
        if bone.label not in self.measured:
            indices = self._main_pieces(bone)
            towards = self._towards_trunk(bone)
            self.measured[bone.label] = measure_long_bone(bone.name, indices, self.bones.geometry, towards)
        return self.measured[bone.label]

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

    def _share(self, bone: Bone, is_inside: NDArray[np.bool_]) -> float | None:
        """Part of the bone; None for groups of bones, bones that the image cuts, and lesions in a hole of the mask."""
        box = self.boxes[bone.label - 1]
        is_cut = box is None or any(
            part.start == 0 or part.stop == size for part, size in zip(box, self.bones.array.shape, strict=True)
        )
        if is_cut or box is None or bone.label not in _WHOLE_BONES or is_inside.mean() < LEAST_INSIDE:
            return None
        return int(is_inside.sum()) / int(np.count_nonzero(self.bones.array[box] == bone.label))


_WHOLE_BONES: Final = frozenset(bone.label for bone in BONES_TABLE if bone.complete or bone.name == "pelvis")
