"""The site and the signal of every lesion."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.anatomy import BONES_TABLE, Bone, Side, Site, bone_named, bone_of_label
from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.sites.long_bones import LONG_BONES, LongBone, measure_long_bone
from crmo_seg.sites.segments import PlaceInBone, place_in_bone
from crmo_seg.sites.signal import lesion_signal, muscle_signal, soft_tissue_signal
from crmo_seg.volume import Array, Float64Array, Geometry, GeometryError, Volume

MAXIMUM_DISTANCE_MM: Final = 10.0
"""A lesion this near to a bone, though not in it, belongs to that bone: masks of bones end at the cortex."""

Box: TypeAlias = tuple[slice, ...]


def assign_sites(lesion_map: LesionMap, bones: Volume, image: Volume | None = None) -> LesionMap:
    """Give each lesion the bone that it shares most voxels with, else the nearest one within 10 mm, else none.

    In a long bone its segment and its growth plate are told too, with an image its signal over that of muscle.

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
    muscle = None if image is None or not lesion_map.lesions else muscle_signal(image, bones, lesion_map.labels)
    lesions = []
    for lesion in lesion_map.lesions:
        box = boxes[lesion.lesion_id - 1]
        inside = lesion_map.labels.array[box] == lesion.lesion_id
        placed = replace(lesion, site=skeleton.site_of(inside, box))
        lesions.append(placed if image is None else _with_signal(placed, image, bones, (inside, box), muscle))
    return replace(lesion_map, lesions=tuple(lesions))


def _with_signal(
    lesion: Lesion, image: Volume, bones: Volume, where: tuple[NDArray[np.bool_], Box], muscle: float | None
) -> Lesion:
    if muscle is None:
        return lesion
    inside, box = where
    beside = soft_tissue_signal(image, bones, inside, box)
    return replace(
        lesion,
        signal_ratio=lesion_signal(image, inside, box) / muscle,
        soft_tissue_ratio=None if beside is None else beside / muscle,
    )


class _Skeleton:
    """The bones of one mask; long bones are measured when the first lesion in them is placed."""

    def __init__(self, bones: Volume) -> None:
        self.bones = bones
        self.boxes: list[Box | None] = ndimage.find_objects(bones.array, max_label=255)
        self.measured: dict[int, LongBone | None] = {}

    def site_of(self, lesion: NDArray[np.bool_], box: Box) -> Site:
        """Site of a lesion, a mask in a box."""
        inside = self.bones.array[box][lesion]
        label = _largest_overlap(inside) or _nearest_bone(lesion, box, self.bones)
        if not label:
            return Site()
        bone = bone_of_label(label)
        place = self._place(lesion, box, bone)
        return Site(
            bone=bone.name,
            side=bone.side,
            segment=place.segment,
            juxtaphyseal=place.juxtaphyseal,
            physis_distance_mm=place.physis_distance_mm,
            snomed_code=bone.snomed_code,
            crosses_physis=place.crosses_physis,
            bone_share=self._share(bone, int(np.count_nonzero(inside == label))),
        )

    def _place(self, lesion: NDArray[np.bool_], box: Box, bone: Bone) -> PlaceInBone:
        if bone.name not in LONG_BONES:
            return PlaceInBone()
        if bone.label not in self.measured:
            indices = self._indices(bone)
            towards = self._towards_trunk(bone)
            self.measured[bone.label] = measure_long_bone(bone.name, indices, self.bones.geometry, towards)
        measured = self.measured[bone.label]
        points = self.bones.geometry.to_world_mm(np.argwhere(lesion) + [part.start for part in box])
        return PlaceInBone() if measured is None else place_in_bone(points, measured)

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

    def _share(self, bone: Bone, voxels: int) -> float | None:
        """Part of the bone; None for groups of bones and for bones that the image cuts."""
        box = self.boxes[bone.label - 1]
        is_cut = box is None or any(
            part.start == 0 or part.stop == size for part, size in zip(box, self.bones.array.shape, strict=True)
        )
        if is_cut or box is None or bone.label not in _WHOLE_BONES:
            return None
        return voxels / int(np.count_nonzero(self.bones.array[box] == bone.label))


_WHOLE_BONES: Final = frozenset(bone.label for bone in BONES_TABLE if bone.complete or bone.name == "pelvis")


def _largest_overlap(values: Array) -> int:
    voxels = np.bincount(values, minlength=2)
    voxels[0] = 0
    return int(voxels.argmax())


def _nearest_bone(lesion: NDArray[np.bool_], box: Box, bones: Volume) -> int:
    """Label of the bone voxel with the least distance to a lesion, both at voxel centres; 0 where none is near."""
    wide = _widened(box, bones.geometry)
    bone_indices = np.argwhere(bones.array[wide])
    if not len(bone_indices):
        return 0
    lesion_mm = bones.geometry.to_world_mm(np.argwhere(lesion) + [part.start for part in box])
    bone_mm = bones.geometry.to_world_mm(bone_indices + [part.start for part in wide])
    distances_mm, _ = cKDTree(lesion_mm).query(bone_mm, distance_upper_bound=MAXIMUM_DISTANCE_MM + 1e-3)
    nearest = int(distances_mm.argmin())
    return int(bones.array[wide][tuple(bone_indices[nearest])]) if np.isfinite(distances_mm[nearest]) else 0


def _widened(box: Box, geometry: Geometry) -> Box:
    """A box with ``MAXIMUM_DISTANCE_MM`` more on every side, sheared grids included."""
    steps_per_mm = np.linalg.norm(np.linalg.inv(geometry.affine)[:3, :3], axis=1)
    margins = np.ceil(steps_per_mm * MAXIMUM_DISTANCE_MM).astype(int)
    return tuple(slice(max(0, part.start - m), part.stop + m) for part, m in zip(box, margins.tolist(), strict=True))
