"""True bones with the errors of a model."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.phantom.bone_errors import with_errors
from crmo_seg.volume import Volume

FEMUR, TIBIA = HEAD_CLASSES.index("femur") + 1, HEAD_CLASSES.index("tibia") + 1


def make_legs() -> Volume:
    array = np.zeros((60, 30, 120), dtype=np.uint8)
    for x in (8, 36):
        array[x : x + 16, 8:22, 62:116] = FEMUR
        array[x : x + 16, 8:22, 4:58] = TIBIA
    return make_volume(array, (2.0, 3.0, 2.0))


def share_right(found: Volume, true: Volume) -> float:
    """Dice of all classes taken together."""
    same = np.count_nonzero((found.array == true.array) & (true.array > 0))
    return 2 * same / (np.count_nonzero(found.array) + np.count_nonzero(true.array))


def test_the_same_chance_gives_the_same_errors() -> None:
    legs = make_legs()
    first, again, other = (with_errors(legs, 1.0, np.random.default_rng(seed)).array for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_stronger_errors_leave_less_right() -> None:
    legs = make_legs()
    dices = [share_right(with_errors(legs, strength, np.random.default_rng(0)), legs) for strength in (0, 0.5, 1, 2)]
    assert dices[0] == 1.0
    assert dices == sorted(dices, reverse=True)
    assert 0.6 < dices[2] < 0.9


def test_nothing_is_changed_in_place_and_nothing_made_of_nothing() -> None:
    legs = make_legs()
    before = legs.array.copy()
    with_errors(legs, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(legs.array, before)
    empty = legs.with_array(np.zeros_like(before))
    assert not with_errors(empty, 1.0, np.random.default_rng(0)).array.any()


@pytest.mark.parametrize("seed", range(3))
def test_some_lesions_lie_in_holes(seed: int) -> None:
    legs = make_legs()
    lesions = np.zeros(legs.array.shape, dtype=np.int32)
    for number, z in enumerate(range(8, 56, 8), 1):
        lesions[12:16, 12:16, z : z + 4] = number
    marked = with_errors(legs, 0.01 / 0.6, np.random.default_rng(seed), legs.with_array(lesions)).array
    assert marked[lesions > 0].any()
    holes = with_errors(legs, 2.0, np.random.default_rng(seed), legs.with_array(lesions)).array
    assert not holes[lesions > 0].any()  # at this strength each lesion has its hole
