"""The table of bones: consistent in itself, and its codes against those that pydicom holds."""

from __future__ import annotations

import pytest
from pydicom.sr._concepts_dict import concepts

from crmo_seg.anatomy import (
    BONES_TABLE,
    FIRST_INCOMPLETE_LABEL,
    HEAD_CLASSES,
    SIDE_CODES,
    Bone,
    Side,
    Site,
    bone_named,
    bone_of_head_class,
    bone_of_label,
    head_class_index,
)

WORDS = {
    "calcaneus": "calcane", "metacarpals": "metacarpus", "metatarsals": "metatarsus", "pubis": "pelvi",
    "hand_phalanges": "finger", "foot_phalanges": "toe",
}  # fmt: skip


def meanings(code: str) -> list[str]:
    return [entry[code][0].lower() for entry in concepts["SCT"].values() if code in entry]


def test_labels_fit_uint8_and_are_unique() -> None:
    labels = [bone.label for bone in BONES_TABLE]
    assert len(set(labels)) == len(labels)
    assert min(labels) == 1
    assert max(labels) <= 255


def test_names_are_unique_and_lead_back() -> None:
    for bone in BONES_TABLE:
        assert bone_named(bone.full_name) is bone
        assert bone_of_label(bone.label) is bone


def test_incomplete_labels_stand_apart() -> None:
    assert all(bone.complete == (bone.label < FIRST_INCOMPLETE_LABEL) for bone in BONES_TABLE)


@pytest.mark.parametrize(
    ("label", "full_name"),
    [
        (1, "skull"),
        (3, "vertebra_C1"),
        (14, "vertebra_T5"),
        (26, "vertebra_L5"),
        (31, "rib_1_left"),
        (77, "femur_left"),
    ],
)
def test_numbers_of_the_file_format_do_not_move(label: int, full_name: str) -> None:
    assert bone_of_label(label).full_name == full_name


def test_every_paired_bone_has_both_sides() -> None:
    sided = {side: {bone.name for bone in BONES_TABLE if bone.side is side} for side in Side}
    assert sided[Side.LEFT] == sided[Side.RIGHT]
    assert len(sided[Side.LEFT]) == 12 + 20 + 4  # ribs, other bones, bones without their part


def test_there_are_at_most_24_head_classes_and_every_bone_has_one() -> None:
    assert len(HEAD_CLASSES) <= 24
    assert {bone.head_class for bone in BONES_TABLE} == set(HEAD_CLASSES)


@pytest.mark.parametrize("index", range(1, len(HEAD_CLASSES) + 1))
@pytest.mark.parametrize("side", [None, *Side])
def test_a_head_class_comes_back_from_its_bone(index: int, side: Side | None) -> None:
    bone = bone_of_head_class(index, side)
    assert head_class_index(bone) == index
    assert bone.side in (side, None)
    assert bone.name == HEAD_CLASSES[index - 1]


def test_paired_classes_get_a_side_and_midline_classes_do_not() -> None:
    assert bone_of_head_class(HEAD_CLASSES.index("foot") + 1, Side.RIGHT).full_name == "foot_right"
    assert bone_of_head_class(HEAD_CLASSES.index("sacrum") + 1, Side.RIGHT).full_name == "sacrum"


@pytest.mark.parametrize("bone", BONES_TABLE, ids=lambda bone: bone.full_name)
def test_codes_mean_the_bone(bone: Bone) -> None:
    known = meanings(bone.snomed_code)
    word = bone.name.split("_")[-1] if "vertebra" in bone.name else bone.name.rsplit("_", 1)[0].split("_")[0]
    word = {"C1": "atlas", "C2": "axis"}.get(word, WORDS.get(bone.name, word)).lower()
    assert any(word in meaning for meaning in known), (word, known)


def test_side_codes() -> None:
    assert {side.value: meanings(code)[0] for side, code in SIDE_CODES.items()} == {"left": "left", "right": "right"}


def test_an_empty_site_knows_nothing() -> None:
    assert set(vars(Site()).values()) == {None}


def test_an_unknown_label_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        bone_of_label(199)
