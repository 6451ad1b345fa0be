import pytest

from crmo_seg.data.dataset import EpochSampler
from crmo_seg.errors import InputError
from crmo_seg.training.ranks import RankSampler, dealt


@pytest.mark.parametrize("epoch", [0, 3])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_the_ranks_have_together_the_batches_of_one_process(ranks: int, epoch: int) -> None:
    samplers = [RankSampler(EpochSampler(20), 6, number, ranks) for number in range(ranks)]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    shares = [list(sampler) for sampler in samplers]
    share = 6 // ranks
    for step in range(3):
        joint = [number for one in shares for number in one[step * share : (step + 1) * share]]
        assert joint == list(range(epoch * 20 + step * 6, epoch * 20 + step * 6 + 6))
    assert [len(sampler) for sampler in samplers] == [len(one) for one in shares]


def test_a_batch_that_cannot_be_divided_is_refused() -> None:
    with pytest.raises(InputError, match=r"batch_size: 3 cannot be dealt to 2 processes; give a multiple of 2"):
        RankSampler(EpochSampler(10), 3, 0, 2)


def test_a_batch_larger_than_an_epoch_is_refused() -> None:
    with pytest.raises(InputError, match=r"batch_size: 3 patches are more than an epoch has; give at most 2, or a la"):
        RankSampler(EpochSampler(2), 3, 0, 1)


@pytest.mark.parametrize(("count", "ranks"), [(5, 2), (1, 3), (6, 3), (2, 5)])
def test_every_rank_gets_as_many_cases_and_none_is_left_out(count: int, ranks: int) -> None:
    parts = [dealt(range(count), number, ranks) for number in range(ranks)]
    assert len({len(part) for part in parts}) == 1
    assert {case for part in parts for case in part} == set(range(count))
