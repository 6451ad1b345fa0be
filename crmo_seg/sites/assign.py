"""The site and the signal of every lesion."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.anatomy import BONES_TABLE, Bone, Site
from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.sites.across_plates import pairs_across_plates
from crmo_seg.sites.muscle import Muscle, find_muscle
from crmo_seg.sites.segments import PlaceInBone, place_in_bone
from crmo_seg.sites.signal import lesion_signal, soft_tissue_signal
from crmo_seg.sites.skeleton import Skeleton
from crmo_seg.sites.votes import MAXIMUM_DISTANCE_MM, Box, bones_of_lesions
from crmo_seg.volume import GeometryError, Volume

__all__ = ["MAXIMUM_DISTANCE_MM", "assign_sites"]

LEAST_INSIDE: Final = 0.5
"""With less of a lesion inside of the mask of its bone, that has a hole, and the share of the bone is not known."""

_WHOLE_BONES: Final = frozenset(bone.label for bone in BONES_TABLE if bone.complete or bone.name == "pelvis")


def assign_sites(lesion_map: LesionMap, bones: Volume, image: Volume | None = None) -> LesionMap:
    """Give each lesion the bone that most of its voxels lie in or, within 10 mm, beside; none where that is not sure.

    In a long bone its segment and its growth plate are told too, with an image its signal over that of muscle near it.
    Two lesions that face each other across a growth plate both cross it.

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
    skeleton, bone_of = Skeleton(bones), bones_of_lesions(lesion_map, bones)
    facing = frozenset[int]().union(*pairs_across_plates(lesion_map.labels, bone_of, skeleton))
    boxes = ndimage.find_objects(lesion_map.labels.array)
    muscle = None if image is None or not lesion_map.lesions else find_muscle(image, bones, lesion_map.labels)
    lesions = []
    for lesion in lesion_map.lesions:
        box = boxes[lesion.lesion_id - 1]
        inside = lesion_map.labels.array[box] == lesion.lesion_id
        site = _site(inside, box, bone_of[lesion.lesion_id], skeleton)
        site = replace(site, crosses_physis=True) if lesion.lesion_id in facing else site
        placed = replace(lesion, site=site)
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


def _site(lesion: NDArray[np.bool_], box: Box, bone: Bone | None, skeleton: Skeleton) -> Site:
    """Site of a lesion, a mask in a box, that lies in a bone."""
    if bone is None:
        return Site()
    measured = skeleton.long_bone(bone)
    place = PlaceInBone()
    if measured is not None:
        indices = np.argwhere(lesion) + [part.start for part in box]
        place = place_in_bone(skeleton.bones.geometry.to_world_mm(indices), measured)
    return Site(
        bone=bone.name,
        side=bone.side,
        segment=place.segment,
        juxtaphyseal=place.juxtaphyseal,
        physis_distance_mm=place.physis_distance_mm,
        snomed_code=bone.snomed_code,
        crosses_physis=place.crosses_physis,
        bone_share=_share(bone, lesion, box, skeleton),
    )


def _share(bone: Bone, lesion: NDArray[np.bool_], lesion_box: Box, skeleton: Skeleton) -> float | None:
    """Part of the bone; None for groups of bones, bones that the image cuts, and lesions in a hole of the mask."""
    bones, box = skeleton.bones.array, skeleton.boxes[bone.label - 1]
    is_cut = box is None or any(
        part.start == 0 or part.stop == size for part, size in zip(box, bones.shape, strict=True)
    )
    is_inside = bones[lesion_box][lesion] == bone.label
    if is_cut or box is None or bone.label not in _WHOLE_BONES or is_inside.mean() < LEAST_INSIDE:
        return None
    return int(is_inside.sum()) / int(np.count_nonzero(bones[box] == bone.label))
