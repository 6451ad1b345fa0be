from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from lightning.pytorch.callbacks import Timer

from crmo_seg.errors import InputError
from crmo_seg.training.schedules import constant, poly, training_share, warmup_cosine


class Clock(Timer):
    """A timer of 100 seconds that shows what it is told."""

    def __init__(self) -> None:
        super().__init__({"seconds": 100})
        self.now = 0.0

    def time_elapsed(self, stage: str = "train") -> float:
        return self.now


def trainer_of(steps: float, *callbacks: Timer) -> Any:  # noqa: ANN401
    strategy = SimpleNamespace(broadcast=lambda value: value)
    return SimpleNamespace(estimated_stepping_batches=steps, callbacks=list(callbacks), strategy=strategy)


def test_the_learning_rate_rises_then_falls() -> None:
    factors = [warmup_cosine(progress, warmup=0.1) for progress in np.linspace(0, 1, 21)]
    assert np.argmax(factors) == 2
    assert factors[0] > 0
    assert factors[-1] == pytest.approx(0)


def test_without_warmup_it_begins_at_the_top() -> None:
    assert warmup_cosine(0.0, warmup=0.0) == 1.0


def test_poly_falls_all_the_time_and_ends_at_zero() -> None:
    factors = [poly(progress, exponent=0.9) for progress in np.linspace(0, 1.1, 12)]
    assert all(early > late for early, late in pairwise(factors[:11]))
    assert factors[-2:] == [0.0, 0.0]
    assert constant(0.3) == 1.0


def test_without_a_time_limit_only_steps_count() -> None:
    share = training_share(trainer_of(200))
    assert [share(step) for step in (0, 50, 200, 300)] == [0.0, 0.25, 1.0, 1.0]


def test_with_a_time_limit_the_further_one_counts() -> None:
    clock = Clock()
    share = training_share(trainer_of(200, clock))
    clock.now = 10.0
    assert share(50) == 0.25
    clock.now = 60.0
    assert share(50) == pytest.approx(0.6)
    clock.now = 130.0
    assert share(50) == 1.0


def test_without_a_number_of_epochs_the_clock_counts() -> None:
    clock = Clock()
    share = training_share(trainer_of(float("inf"), clock))
    clock.now = 40.0
    assert share(1_000_000) == pytest.approx(0.4)


def test_a_training_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match=r"max_epochs: is -1: training would have no end; set trainer.max_time"):
        training_share(trainer_of(float("inf")))
