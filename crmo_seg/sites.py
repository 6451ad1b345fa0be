"""Bones on the whole body: which side a bone lies on, and which bone a lesion lies in.

A network predicts unsided classes, because a patch cannot tell left from right. The body can: everything on one
side of its midline is of that side. The midline is taken as a straight line x(z) in world coordinates, which
allows for a patient who lies tilted or off centre. Levels of vertebrae and numbers of ribs stay open here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from crmo_seg.anatomy import (
    HEAD_CLASS_OF_LABEL,
    HEAD_CLASSES,
    NO_LABEL,
    NOWHERE,
    Side,
    Site,
    bone_of_head_class,
    bone_of_label,
)
from crmo_seg.lesions import LesionMap
from crmo_seg.volume import Array, Float64Array, Geometry, GeometryError, Volume

MIDLINE_CLASSES: Final = (
    "skull",
    "cervical_vertebra",
    "thoracic_vertebra",
    "lumbar_vertebra",
    "sacrum",
    "sternum",
)
PAIRED_LEG_CLASSES: Final = ("femur", "tibia")
"""Where both legs are in the picture, the middle of the gap between them is on the midline too."""

MINIMUM_MIDLINE_ML: Final = 2.0
"""With less bone than this on the midline, sides are not told: a child's vertebra has 5 ml and more."""

MAXIMUM_DISTANCE_MM: Final = 10.0
"""A lesion this near to a bone, though not in it, belongs to that bone: masks of bones end at the cortex."""

_SLAB_MM = 20.0
_MINIMUM_GAP_MM = 20.0
_MINIMUM_LENGTH_MM = 200.0
_LARGEST_TILT = 0.2
_SMALLEST_PART = 0.2  # of a slab's voxels on either side of a gap: fewer are specks
_LABELS = 256


@dataclass(frozen=True)
class Midline:
    """The straight line x = ``x_mm`` + ``tilt`` * z that parts the body, in RAS+ mm; larger x is right.

    >>> Midline(x_mm=3.0, tilt=0.01).is_right(np.array([[5.0, 0, 0], [5.0, 0, 300]])).tolist()
    [True, False]
    """

    x_mm: float
    tilt: float

    def is_right(self, points_mm: Array) -> NDArray[np.bool_]:
        """Whether RAS+ mm points, shape (..., 3), lie on the patient's right."""
        # A micrometre keeps points on the line on one side, whatever the rounding of the affine.
        right: NDArray[np.bool_] = points_mm[..., 0] - self.tilt * points_mm[..., 2] > self.x_mm + 1e-3
        return right


def find_midline(head_classes: Volume) -> Midline | None:
    """The body's midline from the bones that lie on it; None with less than ``MINIMUM_MIDLINE_ML`` of them.

    Each slab of 20 mm along the body gives one x: the median of its midline bones, and the middle of the gap
    between its two femora or tibiae. The line through them is that of Theil and Sen (doi:10.2307/2285891), which
    a minority of wrong slabs, such as a curve of the spine, does not move.

    Args:
        head_classes: values of the ``bones`` head, ``HEAD_CLASSES`` index + 1, 0 is no bone.
    """
    points = _points_of_classes(head_classes, MIDLINE_CLASSES)
    if len(points) * head_classes.geometry.voxel_volume_ml < MINIMUM_MIDLINE_ML:
        return None
    found = [(z, float(np.median(x))) for z, x in _slabs(points)]
    for name in PAIRED_LEG_CLASSES:
        found += _gap_middles(_points_of_classes(head_classes, (name,)))
    return _robust_line(np.array(found))


def fine_bones(head_classes: Volume) -> Volume:
    """Fine labels of ``anatomy`` (uint8) from the unsided classes that a network predicts, sides by the midline.

    Args:
        head_classes: values of the ``bones`` head, ``HEAD_CLASSES`` index + 1, 0 is no bone.

    Raises:
        GeometryError: where a value is no class.
    """
    if int(head_classes.array.max()) > len(HEAD_CLASSES):
        raise GeometryError(f"bone class {head_classes.array.max()} is above {len(HEAD_CLASSES)}, the last one")
    midline = find_midline(head_classes)
    if midline is None:
        return head_classes.with_array(_fine_labels(None)[head_classes.array])
    indices = np.argwhere(head_classes.array)
    is_right = midline.is_right(head_classes.geometry.to_world_mm(indices))
    at = tuple(indices.T)
    values = head_classes.array[at]
    fine = np.zeros(head_classes.array.shape, dtype=np.uint8)
    fine[at] = np.where(is_right, _fine_labels(Side.RIGHT)[values], _fine_labels(Side.LEFT)[values])
    return head_classes.with_array(fine)


def head_classes_of(bones: Volume) -> Volume:
    """The unsided classes (uint8) of fine labels: what a ``bones`` head learns, and is measured by.

    Raises:
        GeometryError: where a value is no label of the table.
    """
    present = np.flatnonzero(np.bincount(bones.array.ravel(), minlength=1))
    unknown = [int(label) for label in present if label >= _LABELS or HEAD_CLASS_OF_LABEL[label] == NO_LABEL]
    if unknown:
        raise GeometryError(f"label {unknown[0]} is not in the table of bones")
    return bones.with_array(HEAD_CLASS_OF_LABEL[bones.array])


def assign_sites(lesion_map: LesionMap, bones: Volume) -> LesionMap:
    """Give each lesion the bone that it shares most voxels with, else the nearest one within 10 mm, else none.

    Args:
        lesion_map: lesions and their ids.
        bones: fine labels on the same grid.

    Raises:
        GeometryError: where the grids differ.
    """
    if not bones.geometry.same_grid(lesion_map.labels.geometry):
        raise GeometryError(f"bones and lesions are on different grids: {bones} and {lesion_map.labels}")
    sites = _sites(lesion_map.labels, bones)
    lesions = tuple(replace(lesion, site=sites.get(lesion.lesion_id, NOWHERE)) for lesion in lesion_map.lesions)
    return replace(lesion_map, lesions=lesions)


def _sites(labels: Volume, bones: Volume) -> dict[int, Site]:
    found = {}
    for lesion_id, box in enumerate(ndimage.find_objects(labels.array), 1):
        if box is None:
            continue
        lesion = labels.array[box] == lesion_id
        label = _largest_overlap(bones.array[box][lesion]) or _nearest_bone(lesion, box, bones)
        if label:
            found[lesion_id] = _site_of_label(label)
    return found


def _largest_overlap(values: Array) -> int:
    voxels = np.bincount(values, minlength=2)
    voxels[0] = 0
    return int(voxels.argmax())


def _nearest_bone(lesion: NDArray[np.bool_], box: tuple[slice, ...], bones: Volume) -> int:
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


def _widened(box: tuple[slice, ...], geometry: Geometry) -> tuple[slice, ...]:
    """A box with ``MAXIMUM_DISTANCE_MM`` more on every side, sheared grids included."""
    steps_per_mm = np.linalg.norm(np.linalg.inv(geometry.affine)[:3, :3], axis=1)
    margins = np.ceil(steps_per_mm * MAXIMUM_DISTANCE_MM).astype(int)
    return tuple(slice(max(0, part.start - m), part.stop + m) for part, m in zip(box, margins.tolist(), strict=True))


def _site_of_label(label: int) -> Site:
    bone = bone_of_label(label)
    return Site(bone=bone.name, side=bone.side, snomed_code=bone.snomed_code)


def _fine_labels(side: Side | None) -> NDArray[np.uint8]:
    """Fine label of each head class on one side, 0 for no bone."""
    bones = (bone_of_head_class(index, side) for index in range(1, len(HEAD_CLASSES) + 1))
    return np.array([0, *(bone.label for bone in bones)], dtype=np.uint8)


def _points_of_classes(head_classes: Volume, names: Iterable[str]) -> Float64Array:
    """RAS+ mm of all voxels of some classes, shape (voxels, 3)."""
    is_wanted = np.zeros(_LABELS, dtype=np.bool_)
    is_wanted[[HEAD_CLASSES.index(name) + 1 for name in names]] = True
    return head_classes.geometry.to_world_mm(np.argwhere(is_wanted[head_classes.array]))


def _slabs(points_mm: Float64Array) -> Iterator[tuple[float, Float64Array]]:
    """Mean z and sorted x of the points in each slab along the body."""
    # A micrometre keeps points on the border of two slabs in one, whatever the rounding of the affine.
    slab = np.floor((points_mm[:, 2] + 1e-3) / _SLAB_MM).astype(np.int64)
    for number in np.unique(slab):
        inside = points_mm[slab == number]
        yield float(inside[:, 2].mean()), np.sort(inside[:, 0])


def _gap_middles(points_mm: Float64Array) -> list[tuple[float, float]]:
    """(z, x) of the middle between the two bones of a pair, for each slab that holds both."""
    middles = []
    for z, x in _slabs(points_mm):
        gaps = np.diff(x)
        widest = int(gaps.argmax()) if len(gaps) else 0
        smaller_part = min(widest + 1, len(x) - widest - 1) / len(x)
        if smaller_part >= _SMALLEST_PART and gaps[widest] >= _MINIMUM_GAP_MM:
            middles.append((z, float(x[widest] + x[widest + 1]) / 2.0))
    return middles


def _robust_line(points: Float64Array) -> Midline:
    """Line of Theil and Sen through (z, x) points; upright where they do not reach far enough to tell a tilt."""
    z, x = points.T
    first, second = np.triu_indices(len(z), k=1)
    rise, run = x[second] - x[first], z[second] - z[first]
    apart = np.abs(run) >= _SLAB_MM
    tilt = float(np.median(rise[apart] / run[apart])) if np.ptp(z) >= _MINIMUM_LENGTH_MM else 0.0
    tilt = float(np.clip(tilt, -_LARGEST_TILT, _LARGEST_TILT))
    return Midline(float(np.median(x - tilt * z)), tilt)
