"""Values of label files -> classes of heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.anatomy import HEAD_CLASSES, bone_named
from crmo_seg.data.labels import as_classes, wrong_values
from crmo_seg.errors import InputError
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD, Head

KNEE = Head("knee", ("femur", "tibia"))


def volume(*values: int):  # noqa: ANN201
    return make_volume(np.array(values, np.uint8).reshape(-1, 1, 1))


def test_fine_bones_become_head_classes() -> None:
    left, right = bone_named("femur_left").label, bone_named("femur_right").label
    classes = as_classes(volume(0, left, right), BONES_HEAD, Path("bones.nii.gz"))
    femur = HEAD_CLASSES.index("femur") + 1
    assert classes.array.ravel().tolist() == [0, femur, femur]


def test_other_heads_keep_their_values() -> None:
    assert as_classes(volume(0, 2, 1), KNEE, Path("knee.nii.gz")).array.ravel().tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("head", "values", "message"),
    [
        (KNEE, (0, 3), r"a\.nii: holds the value 3; label_knee takes 0 to 2 \(femur, tibia\)"),
        (EDEMA_HEAD, (0, 1, 2), r"holds the value 2; label_edema takes 0 to 1 \(edema\)"),
        (BONES_HEAD, (0, 199), r"holds the value 199; label_bones takes a label of the table of bones"),
    ],
)
def test_a_value_of_no_class_is_refused(head: Head, values: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_classes(volume(*values), head, Path("a.nii"))


def test_wrong_values_are_all_named() -> None:
    assert wrong_values([9, 0, 1, 5], KNEE) == (5, 9)
