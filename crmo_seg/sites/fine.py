"""Fine labels from unsided classes: sides, levels of vertebrae, numbers of ribs, where the body tells them.

What cannot be told keeps an incomplete label, such as ``femur`` or ``thoracic_vertebra``. Parts of pelvis, hand and
foot stay open: the classes do not have them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.sites.classes import bone_voxels, check_classes, fine_label_of_class, parts_of_classes
from crmo_seg.sites.islands import without_islands
from crmo_seg.sites.levels import count_vertebrae, level_labels
from crmo_seg.sites.ribs import rib_number
from crmo_seg.sites.sides import SIGNS, sides_of_bones
from crmo_seg.volume import Volume

SMALLEST_BLUR_MM: Final = 1.2
"""Of the profile along the spine; coarser voxels need more."""


def fine_bones(head_classes: Volume, laterality: Side | None = None) -> Volume:
    """Fine labels of ``anatomy`` (uint8) from the unsided classes that a network predicts, its islands taken out.

    Args:
        head_classes: values of the ``bones`` head, ``HEAD_CLASSES`` index + 1, 0 is no bone.
        laterality: the side that is shown, where the image itself does not tell it.

    Raises:
        GeometryError: where a value is no class.
    """
    check_classes(head_classes)
    head_classes = without_islands(head_classes)
    sides = sides_of_bones(head_classes, laterality)
    labels = _sided(head_classes, sides)
    _count_levels(labels, head_classes, sides)
    return head_classes.with_array(labels)


def _sided(head_classes: Volume, sides: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Fine labels without levels."""
    labels = fine_label_of_class(None)[head_classes.array]
    for side, sign in SIGNS.items():
        chosen = sides == sign
        labels[chosen] = fine_label_of_class(side)[head_classes.array[chosen]]
    return labels


def _count_levels(labels: NDArray[np.uint8], head_classes: Volume, sides: NDArray[np.int8]) -> None:
    """Write what is counted over the labels."""
    voxels, geometry = bone_voxels(head_classes), head_classes.geometry
    blur_mm = max(SMALLEST_BLUR_MM, 0.8 * geometry.spacing_mm[geometry.world_axes.index(2)])
    counted = count_vertebrae(voxels, geometry.voxel_volume_ml, blur_mm)
    if counted is None:
        return
    known, levels = level_labels(counted, voxels)
    labels[tuple(voxels.indices[known].T)] = levels[known]
    for part in parts_of_classes(head_classes, ("rib",)):
        number = rib_number(part, counted)
        at = tuple(part.indices.T)
        for side, sign in SIGNS.items() if number else ():
            here = sides[at] == sign
            labels[tuple(part.indices[here].T)] = bone_named(f"rib_{number}_{side.value}").label
