"""Lesions that face each other across a growth plate: one process, which the dark or unmarked plate cuts in two.

The plate itself shows no edema, so that edema on both of its sides often makes two components. That it goes on beyond
the plate is what a reader wants to know, and over several visits it is one lesion, whichever side is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.anatomy import Bone
from crmo_seg.lesions import LesionMap
from crmo_seg.sites.long_bones import Plate
from crmo_seg.sites.segments import CROSSING_MM, CROSSING_SHARE, JUXTAPHYSEAL_MM, PLATE_HALF_MM
from crmo_seg.sites.skeleton import Skeleton
from crmo_seg.sites.votes import Box, bones_of_lesions
from crmo_seg.volume import Float64Array, Volume

LARGEST_GAP_MM: Final = 2 * (PLATE_HALF_MM + JUXTAPHYSEAL_MM)
"""Between voxels that touch the plate from either side, as far as its place is known."""


def across_plates(lesion_map: LesionMap, bones: Volume) -> tuple[frozenset[int], ...]:
    """Pairs of lesion ids that lie in one bone on either side of one growth plate, close to it and beside each other.

    Args:
        lesion_map: lesions and their ids.
        bones: fine labels on the same grid.
    """
    return pairs_across_plates(lesion_map.labels, bones_of_lesions(lesion_map, bones), Skeleton(bones))


def pairs_across_plates(
    labels: Volume, bone_of: Mapping[int, Bone | None], skeleton: Skeleton
) -> tuple[frozenset[int], ...]:
    """As ``across_plates``, where the bone of each lesion is known already."""
    of_bone: dict[Bone, list[int]] = {}
    for lesion_id, bone in bone_of.items():
        if bone is not None:
            of_bone.setdefault(bone, []).append(lesion_id)
    boxes, beside_mm = ndimage.find_objects(labels.array), max(labels.geometry.spacing_mm)
    pairs: list[frozenset[int]] = []
    for bone, ids in of_bone.items():
        measured = skeleton.long_bone(bone) if len(ids) > 1 else None
        if measured is not None:
            points = {one: _points_mm(labels, one, boxes[one - 1]) for one in ids}
            pairs += _facing(points, measured.plates, beside_mm)
    return tuple(pairs)


def _facing(
    points_mm: Mapping[int, Float64Array], plates: Iterable[Plate], beside_mm: float
) -> Iterator[frozenset[int]]:
    """Pairs of lesions of one bone."""
    for first, second in combinations(points_mm, 2):
        if any(face_each_other(points_mm[first], points_mm[second], plate, beside_mm) for plate in plates):
            yield frozenset((first, second))


def _points_mm(labels: Volume, lesion_id: int, box: Box) -> Float64Array:
    indices = np.argwhere(labels.array[box] == lesion_id) + [part.start for part in box]
    return labels.geometry.to_world_mm(indices)


def face_each_other(first_mm: Float64Array, second_mm: Float64Array, plate: Plate, beside_mm: float) -> bool:
    """Whether two lesions lie on either side of a plate, as far as its place is known, near it and beside each other.

    Args:
        first_mm: voxels of a lesion, RAS+ mm, shape (n, 3).
        second_mm: of the other one, (m, 3).
        plate: between them or not.
        beside_mm: so far apart, along the plate, they still are beside each other.
    """
    beyond, before = sorted((first_mm, second_mm), key=lambda points: -float(np.median(plate.heights_mm(points))))
    low = float(np.quantile(plate.heights_mm(beyond), CROSSING_SHARE))
    high = float(np.quantile(plate.heights_mm(before), 1 - CROSSING_SHARE))
    if high > CROSSING_MM or low < -CROSSING_MM or low - high > LARGEST_GAP_MM:
        return False
    ends = [points[np.abs(plate.heights_mm(points)) <= LARGEST_GAP_MM] for points in (beyond, before)]
    if not all(map(len, ends)):  # few voxels, in thick slices: a quantile between two of them lies near the plate
        return False
    across = [points - np.outer(plate.heights_mm(points), plate.normal) for points in ends]
    distances, _ = cKDTree(across[0]).query(across[1])
    return bool(distances.min() <= beside_mm)
