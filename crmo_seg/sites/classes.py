"""Head classes: what a network tells of a bone, without side and level; and their voxels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.anatomy import HEAD_CLASS_OF_LABEL, HEAD_CLASSES, NO_LABEL, Side, bone_of_head_class
from crmo_seg.volume import Float64Array, GeometryError, Volume

LABELS = 256


@dataclass(frozen=True, eq=False)
class Part:
    """Some voxels of one class, mostly a connected component.

    Attributes:
        name: the head class.
        indices: voxels, shape (n, 3).
        points_mm: their centres, RAS+ mm, shape (n, 3).
        on_surface: which of them have a face in common with another class, shape (n,).
    """

    name: str
    indices: NDArray[np.int64]
    points_mm: Float64Array
    on_surface: NDArray[np.bool_]

    def subset(self, chosen: NDArray[np.bool_]) -> Part:
        """Those voxels only."""
        return Part(self.name, self.indices[chosen], self.points_mm[chosen], self.on_surface[chosen])


def head_classes_of(bones: Volume) -> Volume:
    """The unsided classes (uint8) of fine labels: what a ``bones`` head learns, and is measured by.

    Raises:
        GeometryError: where a value is no label of the table.
    """
    present = np.flatnonzero(np.bincount(bones.array.ravel(), minlength=1))
    unknown = [int(label) for label in present if label >= LABELS or HEAD_CLASS_OF_LABEL[label] == NO_LABEL]
    if unknown:
        raise GeometryError(f"label {unknown[0]} is not in the table of bones")
    return bones.with_array(HEAD_CLASS_OF_LABEL[bones.array])


def check_classes(head_classes: Volume) -> None:
    """Raises GeometryError where a value is no class."""
    if int(head_classes.array.max()) > len(HEAD_CLASSES):
        raise GeometryError(f"bone class {head_classes.array.max()} is above {len(HEAD_CLASSES)}, the last one")


def class_value(name: str) -> int:
    """The value of a class in the volume.

    >>> class_value("skull")
    1
    """
    return HEAD_CLASSES.index(name) + 1


@dataclass(frozen=True, eq=False)
class BoneVoxels:
    """All voxels of bone in a volume: found once, asked for often.

    Attributes:
        indices: shape (n, 3).
        points_mm: RAS+ mm, shape (n, 3).
        values: their classes, shape (n,).
    """

    indices: NDArray[np.int64]
    points_mm: Float64Array
    values: NDArray[np.uint8]

    def are(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Which voxels are of one of these classes, shape (n,)."""
        is_wanted = np.zeros(LABELS, dtype=np.bool_)
        is_wanted[[class_value(name) for name in names]] = True
        return is_wanted[self.values]


def bone_voxels(head_classes: Volume) -> BoneVoxels:
    """Every voxel that is bone."""
    found = np.flatnonzero(head_classes.array)  # faster than a search along three axes
    indices = np.stack(np.unravel_index(found, head_classes.array.shape), axis=1)
    return BoneVoxels(indices, head_classes.geometry.to_world_mm(indices), head_classes.array.ravel()[found])


def parts_of_classes(head_classes: Volume, names: Iterable[str]) -> list[Part]:
    """Components of each class, their voxels joined by faces."""
    boxes = ndimage.find_objects(head_classes.array, max_label=len(HEAD_CLASSES))
    return [part for name in names for part in _parts(head_classes, name, boxes[class_value(name) - 1])]


def _parts(head_classes: Volume, name: str, box: tuple[slice, ...] | None) -> list[Part]:
    if box is None:
        return []
    inside = head_classes.array[box] == class_value(name)
    components, count = ndimage.label(inside)
    found = np.argwhere(inside)
    numbers = components[tuple(found.T)]
    order = np.argsort(numbers, kind="stable")
    found = found[order]
    surface = _surface(inside)[tuple(found.T)]
    indices = found + [part.start for part in box]
    points = head_classes.geometry.to_world_mm(indices)
    ends = np.cumsum(np.bincount(numbers, minlength=count + 1)[1:])[:-1]
    pieces = zip(*(np.split(array, ends) for array in (indices, points, surface)), strict=True)
    return [Part(name, *piece) for piece in pieces]


def _surface(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Voxels of a mask with a face towards the outside or the border of the array."""
    inner = mask.copy()
    for axis in range(mask.ndim):
        along, shrunk = np.moveaxis(mask, axis, 0), np.moveaxis(inner, axis, 0)
        shrunk[1:] &= along[:-1]
        shrunk[:-1] &= along[1:]
        shrunk[[0, -1]] = False
    return mask & ~inner


def fine_label_of_class(side: Side | None) -> NDArray[np.uint8]:
    """Fine label of each head class on one side, its level open; 0 for no bone."""
    bones = (bone_of_head_class(index, side) for index in range(1, len(HEAD_CLASSES) + 1))
    return np.array([0, *(bone.label for bone in bones)], dtype=np.uint8)
