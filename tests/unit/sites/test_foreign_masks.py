"""Masks of TotalSegmentator become the bones of this package, on the right side and level."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.anatomy import BONES_TABLE, Side, bone_named, bone_of_label
from crmo_seg.sites.foreign_masks import CRMO_SEG, LARGEST_CLASS, TASKS, fine_from_foreign
from crmo_seg.volume import GeometryError, Volume

SHAPE = (60, 4, 40)
SPACING_MM = (5.0, 5.0, 10.0)
NAMES = {bone.name for bone in BONES_TABLE} | {bone.full_name for bone in BONES_TABLE}


def mask(**blocks: tuple[int, slice, slice]) -> Volume:
    """Blocks of (value, x, z); larger x is the patient's right, 60 voxels of 5 mm about the middle."""
    array = np.zeros(SHAPE, np.uint8)
    for value, x, z in blocks.values():
        array[x, :, z] = value
    return make_volume(array, SPACING_MM)


def names(fine: Volume) -> dict[str, int]:
    found = np.bincount(fine.array.ravel())
    return {bone_of_label(int(label)).full_name: int(found[label]) for label in np.flatnonzero(found) if label}


SPINE = mask(
    sacrum=(1, slice(28, 32), slice(10, 14)),
    l5=(2, slice(28, 32), slice(14, 16)),
    c1=(25, slice(28, 32), slice(38, 40)),
)
LEGS = mask(
    right=(2, slice(40, 44), slice(0, 8)), left=(2, slice(16, 20), slice(0, 8)), toes=(6, slice(16, 20), slice(9, 10))
)


def test_every_class_is_a_bone_within_the_task() -> None:
    for task, classes in TASKS.items():
        assert set(classes.values()) <= NAMES
        assert max(classes) <= LARGEST_CLASS[task]
        assert len(set(classes.values())) == len(classes)


def test_sides_and_levels_that_the_task_tells_are_kept() -> None:
    total = mask(
        left=(36, slice(40, 44), slice(0, 8)), hip=(39, slice(10, 14), slice(0, 8)), liver=(5, slice(0, 4), slice(0, 4))
    )
    fine = fine_from_foreign({"total_mr": total})  # the left femur on the right of the midline stays left
    assert names(fine) == {"femur_left": 128, "pelvis_right": 128}
    assert set(names(fine_from_foreign({"vertebrae_mr": SPINE}))) == {"sacrum", "vertebra_L5", "vertebra_C1"}


def test_sides_that_the_task_does_not_tell_come_from_the_midline_of_all() -> None:
    fine = fine_from_foreign({"vertebrae_mr": SPINE, "appendicular_bones_mr": LEGS})
    tibiae = {bone.full_name for bone in BONES_TABLE if bone.name == "tibia" and bone.side}
    assert tibiae | {"foot_phalanges_left"} <= set(names(fine))
    assert bone_of_label(int(fine.array[42, 0, 4])).side is Side.RIGHT


def test_without_a_midline_the_side_stays_open() -> None:
    feet = mask(toes=(6, slice(16, 20), slice(0, 1)), patella=(1, slice(16, 20), slice(5, 6)))
    assert set(names(fine_from_foreign({"appendicular_bones_mr": feet}))) == {"foot", "patella"}


def test_the_first_mask_counts_where_two_mark_a_voxel() -> None:
    ours = make_volume(np.full(SHAPE, bone_named("skull").label, np.uint8), SPACING_MM)
    assert set(names(fine_from_foreign({CRMO_SEG: ours, "vertebrae_mr": SPINE}))) == {"skull"}
    assert "sacrum" in names(fine_from_foreign({"vertebrae_mr": SPINE, CRMO_SEG: ours}))


def test_vertebrae_without_levels_are_refused_unless_the_levels_come_too() -> None:
    total = mask(vertebrae=(19, slice(28, 32), slice(14, 40)), femur=(36, slice(10, 14), slice(0, 8)))
    with pytest.raises(GeometryError, match=r"vertebrae come without their levels \(value 19 of total_mr\)"):
        fine_from_foreign({"total_mr": total})
    assert "vertebra_L5" in names(fine_from_foreign({"total_mr": total, "vertebrae_mr": SPINE}))


def test_values_and_grids_that_do_not_fit_are_refused() -> None:
    with pytest.raises(GeometryError, match="value 90 is above 50, the last class of total_mr"):
        fine_from_foreign({"total_mr": mask(of_ct=(90, slice(0, 4), slice(0, 4)))})
    with pytest.raises(GeometryError, match="lie on different grids"):
        fine_from_foreign({"vertebrae_mr": SPINE, CRMO_SEG: make_volume(np.zeros((3, 3, 3), np.uint8))})
    with pytest.raises(GeometryError, match="label 199 is not in the table of bones"):
        fine_from_foreign({CRMO_SEG: make_volume(np.full((3, 3, 3), 199, np.uint8))})
