import numpy as np

from crmo_seg.data.augment.base import RandSometimesd, Seeded, air_of
from crmo_seg.data.sample import AIR, IMAGE, Sample


class Marking(RandSometimesd):
    def act(self, sample: Sample) -> Sample:
        return sample | {"acted": True}


def test_seeding_gives_what_monai_would_draw() -> None:
    for seed in (0, 7, np.int64(2**31), 2**32 + 5):
        fast = Seeded()
        fast.set_random_state(seed=1)
        fast.set_random_state(seed=seed)
        assert fast.R.rand() == np.random.RandomState(int(seed) % 2**32).rand()


def test_each_transform_has_a_state_of_its_own() -> None:
    first, second = Seeded(), Seeded()
    first.set_random_state(seed=3)
    second.set_random_state(seed=3)
    assert first.R is not second.R
    assert first.R.rand() == second.R.rand()


def test_a_given_state_is_taken() -> None:
    state = np.random.RandomState(4)
    assert Seeded().set_random_state(state=state).R is state


def test_a_transform_acts_with_its_probability() -> None:
    transform = Marking(0.3)
    transform.set_random_state(seed=0)
    acted = ["acted" in transform({}) for _ in range(500)]
    assert 0.24 < np.mean(acted) < 0.36


def test_air_is_the_smallest_signal_where_it_is_not_known() -> None:
    image = np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2)
    assert air_of({IMAGE: image}).tolist() == [0, 8]
    assert air_of({IMAGE: image, AIR: np.array([-1, -2])}).tolist() == [-1, -2]
