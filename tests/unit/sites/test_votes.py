"""Which bone a lesion belongs to, where the mask of bones has holes and mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.anatomy import Bone, bone_named
from crmo_seg.sites.votes import bone_of_lesion
from crmo_seg.volume import Volume

Block = tuple[slice, slice, slice]


def found(array: np.ndarray, lesion: Block) -> Bone | None:
    bones = make_volume(array, (2.0, 2.0, 2.0))
    return bone_of_lesion(np.ones(array[lesion].shape, dtype=bool), lesion, bones)


def make_bone(name: str, hole: Block) -> np.ndarray:
    array = np.zeros((40, 20, 60), dtype=np.uint8)
    array[8:24, 4:16, 5:55] = bone_named(name).label
    array[hole] = 0
    return array


HOLE = (slice(11, 21), slice(6, 14), slice(20, 32))


def test_a_lesion_in_a_hole_belongs_to_the_bone_around_it() -> None:
    assert found(make_bone("femur_left", HOLE), HOLE) == bone_named("femur_left")


def test_some_voxels_of_another_class_in_the_hole_do_not_tell() -> None:
    array = make_bone("femur_left", HOLE)
    array[15:17, 9:11, 25:27] = bone_named("tibia_left").label
    assert found(array, HOLE) == bone_named("femur_left")


def test_most_voxels_inside_tell() -> None:
    array = make_bone("femur_left", (slice(0), slice(0), slice(0)))
    array[:, :, 30:] = np.where(array[:, :, 30:], bone_named("tibia_left").label, 0)
    assert found(array, (slice(10, 20), slice(6, 14), slice(20, 36))) == bone_named("femur_left")
    assert found(array, (slice(10, 20), slice(6, 14), slice(26, 40))) == bone_named("tibia_left")


@pytest.mark.parametrize(
    ("lower", "upper", "name"),
    [
        ("femur_left", "tibia_left", None),
        ("femur_left", "femur_right", "femur"),
        ("vertebra_T5", "vertebra_T6", "thoracic_vertebra"),
        ("rib_5_left", "rib_6_left", "rib_left"),
    ],
)
def test_halfway_between_two_bones_only_what_they_share_is_told(lower: str, upper: str, name: str | None) -> None:
    array = np.zeros((10, 10, 30), dtype=np.uint8)
    array[:, :, :12], array[:, :, 16:] = bone_named(lower).label, bone_named(upper).label
    bone = found(array, (slice(3, 7), slice(3, 7), slice(12, 16)))
    assert (bone.full_name if bone else None) == name


def test_of_two_near_bones_the_nearer_one_is_told() -> None:
    array = np.zeros((10, 10, 30), dtype=np.uint8)
    array[:, :, :12], array[:, :, 19:] = bone_named("femur_left").label, bone_named("tibia_left").label
    assert found(array, (slice(3, 7), slice(3, 7), slice(12, 15))) == bone_named("femur_left")


def test_without_any_bone_near_none_is_told() -> None:
    array = make_bone("femur_left", (slice(0), slice(0), slice(0)))
    assert found(array, (slice(30, 34), slice(6, 14), slice(20, 30))) is None  # 14 mm off
    assert found(np.zeros_like(array), HOLE) is None


def test_a_lesion_of_any_form_in_its_box() -> None:
    array = make_bone("femur_left", (slice(0), slice(0), slice(0)))
    array[24:, :, :] = bone_named("tibia_left").label
    lesion = np.zeros((20, 8, 10), dtype=bool)
    lesion[:4] = True  # of a box that lies mostly in the tibia
    box = (slice(18, 38), slice(6, 14), slice(20, 30))
    bones: Volume = make_volume(array, (2.0, 2.0, 2.0))
    assert bone_of_lesion(lesion, box, bones) == bone_named("femur_left")
