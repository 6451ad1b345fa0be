"""Masks of bones that other programs made -> fine labels of this package.

TotalSegmentator (arXiv:2405.19492 for MR, https://github.com/wasserth/TotalSegmentator) numbers the classes
of each of its tasks by itself; the numbers below are those of its table ``class_map``, version 2, as multilabel files
(option ``--ml``) hold them. It was trained on adults: look at the masks of a child before trusting the sites.
``appendicular_bones_mr`` needs a licence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.anatomy import BONES_TABLE, Bone, Side
from crmo_seg.sites.classes import head_classes_of
from crmo_seg.sites.sides import SIGNS, sides_of_bones
from crmo_seg.volume import GeometryError, Volume

CRMO_SEG: Final = "crmo_seg"
"""Fine labels of this package, as in every ``bones.nii.gz``."""

VERTEBRAE_WITHOUT_LEVEL: Final = 19
"""In the task ``total_mr``: all vertebrae in one class, of which no bone here is made."""

_VERTEBRAE_UPWARDS: Final = (
    *(f"vertebra_L{level}" for level in range(5, 0, -1)),
    *(f"vertebra_T{level}" for level in range(12, 0, -1)),
    *(f"vertebra_C{level}" for level in range(7, 0, -1)),
)

TASKS: Final[Mapping[str, Mapping[int, str]]] = MappingProxyType(
    {
        "total_mr": MappingProxyType(
            {
                18: "sacrum",
                30: "humerus_left",
                31: "humerus_right",
                32: "scapula_left",
                33: "scapula_right",
                34: "clavicle_left",
                35: "clavicle_right",
                36: "femur_left",
                37: "femur_right",
                38: "pelvis_left",
                39: "pelvis_right",
            }
        ),
        "vertebrae_mr": MappingProxyType(dict(enumerate(("sacrum", *_VERTEBRAE_UPWARDS), 1))),
        "appendicular_bones_mr": MappingProxyType(
            {
                1: "patella",
                2: "tibia",
                3: "fibula",
                4: "tarsus",
                5: "metatarsals",
                6: "foot_phalanges",
                7: "ulna",
                8: "radius",
            }
        ),
    }
)
"""Task of TotalSegmentator -> value -> bone, by its full name, or without the side where the task has none."""

LARGEST_CLASS: Final[Mapping[str, int]] = MappingProxyType(
    {"total_mr": 50, "vertebrae_mr": 25, "appendicular_bones_mr": 8}
)
"""The last number of each task; values of organs and muscles are no bones, and passed over."""

_TASKS_WITHOUT_SIDES: Final = frozenset({"appendicular_bones_mr"})
_LABELS = 256


def fine_from_foreign(masks: Mapping[str, Volume]) -> Volume:
    """One mask of fine labels (uint8) from masks of one study; where several mark a voxel, the first counts.

    Sides that a task does not tell are told by all bones together, as for predicted ones.

    Args:
        masks: name of a task, or ``crmo_seg`` -> its mask, all on one grid.

    Raises:
        GeometryError: where the grids differ, a value is none of the task, or vertebrae come without their levels.

    >>> from crmo_seg.anatomy import bone_of_label
    >>> from crmo_seg.volume import Geometry
    >>> mask = np.zeros((2, 2, 2), np.uint8)
    >>> mask[0, 0, 0] = 36
    >>> fine = fine_from_foreign({"total_mr": Volume(mask, Geometry(np.eye(4), mask.shape))})
    >>> bone_of_label(int(fine.array[0, 0, 0])).full_name
    'femur_left'
    """
    first = next(iter(masks.values()))
    if any(not mask.geometry.same_grid(first.geometry) for mask in masks.values()):
        raise GeometryError("the masks of bones lie on different grids")
    _check_levels(masks)
    fine = _merged(masks, None, first)
    if not _TASKS_WITHOUT_SIDES & set(masks):
        return fine
    sides = sides_of_bones(head_classes_of(fine))
    for side, sign in SIGNS.items():
        sided = _merged(masks, side, first)
        fine = first.with_array(np.where(sides == sign, sided.array, fine.array))
    return fine


def _check_levels(masks: Mapping[str, Volume]) -> None:
    total = masks.get("total_mr")
    if total is None or "vertebrae_mr" in masks or CRMO_SEG in masks:
        return
    if (total.array == VERTEBRAE_WITHOUT_LEVEL).any():
        raise GeometryError(f"vertebrae come without their levels (value {VERTEBRAE_WITHOUT_LEVEL} of total_mr)")


def _merged(masks: Mapping[str, Volume], side: Side | None, first: Volume) -> Volume:
    """Fine labels of all masks, with this side for the bones of which a task does not tell it."""
    array = np.zeros(first.array.shape, dtype=np.uint8)
    for name, mask in masks.items():
        _check_values(name, mask)
        array = np.where(array == 0, _labels_of(name, side)[mask.array], array)
    return first.with_array(array)


def _check_values(name: str, mask: Volume) -> None:
    if name == CRMO_SEG:
        head_classes_of(mask)
        return
    largest = int(mask.array.max(initial=0))
    if largest > LARGEST_CLASS[name]:
        raise GeometryError(f"value {largest} is above {LARGEST_CLASS[name]}, the last class of {name}")


def _labels_of(name: str, side: Side | None) -> NDArray[np.uint8]:
    """Value -> fine label where an unsided bone is known to be of a side; shape (256,)."""
    if name == CRMO_SEG:
        return np.arange(_LABELS, dtype=np.uint8)
    table = np.zeros(_LABELS, dtype=np.uint8)
    for value, bone in TASKS[name].items():
        table[value] = _bone(bone, side).label
    return table


def _bone(name: str, side: Side | None) -> Bone:
    """The bone of a full name; of one without its side the sided one, or what is known of it without a side."""
    rules: tuple[Callable[[Bone], bool], ...] = (
        lambda bone: bone.full_name == name and bone.complete,
        lambda bone: bone.name == name and bone.side is side,
        lambda bone: bone.full_name == name,
    )
    found = next((bone for rule in rules for bone in BONES_TABLE if rule(bone)), None)
    if found is not None:
        return found
    kind = next(bone for bone in BONES_TABLE if bone.name == name)
    return next(bone for bone in BONES_TABLE if bone.full_name == kind.head_class)
