import math

import numpy as np
import pytest

from crmo_seg.plan import Head
from crmo_seg.training.metrics import PooledDice

TWO = Head("parts", ("first", "second"))


def test_voxels_are_pooled_over_cases() -> None:
    pooled = PooledDice(TWO)
    pooled.update(pred=np.array([1, 1, 2, 0]), ref=np.array([1, 0, 2, 2]))
    pooled.update(pred=np.array([1, 0]), ref=np.array([1, 0]))
    assert pooled.dice_by_class().tolist() == pytest.approx([2 * 2 / (3 + 2), 2 * 1 / (1 + 2)])


def test_a_class_that_nobody_has_is_undefined_and_left_out_of_the_mean() -> None:
    pooled = PooledDice(TWO)
    pooled.update(pred=np.array([1, 1]), ref=np.array([1, 1]))
    assert math.isnan(pooled.dice_by_class()[1])
    assert pooled.mean() == 1


def test_without_foreground_anywhere_the_mean_is_undefined() -> None:
    pooled = PooledDice(TWO)
    pooled.update(pred=np.zeros(3, int), ref=np.zeros(3, int))
    assert math.isnan(pooled.mean())


def test_reset_forgets() -> None:
    pooled = PooledDice(TWO)
    pooled.update(pred=np.array([1]), ref=np.array([2]))
    pooled.reset()
    assert math.isnan(pooled.mean())
