"""A row for every lesion: found, missed, merged and split, and the bone it lies in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.evaluation.lesion_table import LesionTable, lesion_table, with_confidence
from crmo_seg.evaluation.lesionwise import match_lesions
from crmo_seg.volume import GeometryError, Volume

Box = tuple[int, int]
SPACING_MM = (2.0, 5.0, 10.0)  # 0.1 ml a voxel


def rods(*boxes: Box) -> Volume:
    array = np.zeros((40, 5, 5), dtype=bool)
    for start, stop in boxes:
        array[start:stop, 2, 2] = True
    return make_volume(array, SPACING_MM)


def compared(pred: Volume, ref: Volume, bones: Volume | None = None) -> LesionTable:
    return lesion_table(match_lesions(pred=pred, ref=ref), bones=bones)


def test_a_merged_lesion_by_hand() -> None:
    table = compared(rods((0, 10), (30, 31)), rods((0, 5), (6, 10), (20, 23)))
    first, second, missed = table.ref
    assert (first.meets, second.meets, missed.meets) == ((1,), (1,), ())
    assert (first.partner, first.iou) == (1, 0.5)
    assert (second.partner, missed.is_met) == (None, False)
    assert math.isnan(second.iou)
    merged, false = table.pred
    assert (merged.meets, merged.partner, false.is_met) == ((1, 2), 1, False)
    np.testing.assert_array_equal(table.scored.meets, [[True, False], [True, False], [False, False]])
    assert np.isnan(table.scored.confidence).all()


def test_a_split_lesion_by_hand() -> None:
    table = compared(rods((0, 4), (5, 10)), rods((0, 10)))
    assert table.ref[0].meets == (1, 2)
    assert [one.partner for one in table.pred] == [1, None]


def test_confidence_is_the_mean_probability_inside() -> None:
    pred = rods((0, 2))
    array = np.full(pred.array.shape, 0.25, dtype=np.float32)
    array[1, 2, 2] = 0.75
    matched = match_lesions(pred=pred, ref=rods((0, 2)), probability=pred.with_array(array))
    assert lesion_table(matched).scored.confidence.tolist() == [0.5]
    assert with_confidence(lesion_table(matched), [0.125]).scored.confidence.tolist() == [0.125]


def test_bones_and_groups() -> None:
    ref = rods((0, 4), (10, 13), (35, 37))
    bones = np.zeros(ref.array.shape, dtype=np.uint8)
    bones[0:6] = bone_named("calcaneus_left").label
    bones[9:14] = bone_named("vertebra_T5").label
    table = compared(rods((3, 5)), ref, ref.with_array(bones))
    assert [one.group for one in table.ref] == ["foot", "spine", "unknown"]
    assert (table.pred[0].lesion.site.bone, table.pred[0].lesion.site.side) == ("calcaneus", Side.LEFT)
    assert [one.group for one in compared(rods((3, 5)), ref).ref] == ["unknown"] * 3


def test_bones_on_another_grid_are_refused() -> None:
    bones = make_volume(np.zeros((3, 3, 3), dtype=np.uint8))
    with pytest.raises(GeometryError, match="different grids"):
        compared(rods((0, 3)), rods((0, 3)), bones)
