"""Several processes training one model: what they add up, exchange and share out. In one process all of it is free.

Lightning's DDP averages gradients over the processes (ranks). So that a step of several ranks is the step of one
process with the joint batch, losses are computed from sums over all ranks, see ``sum_over_ranks``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from torch import Tensor
from torch import distributed as dist
from torch.utils.data import Sampler

from crmo_seg.data.dataset import EpochSampler
from crmo_seg.errors import InputError

Item = TypeVar("Item")


def world_size() -> int:
    """Number of processes that train together.

    >>> world_size(), rank()
    (1, 0)
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if world_size() > 1 else 0


def sum_over_ranks(value: Tensor) -> Tensor:
    """The sum over all ranks; its gradient is such that DDP's mean over ranks is the gradient of the joint batch.

    For a loss f(sum of s_r) the joint gradient is f' times the sum of ds_r. Rank r can only give f' ds_r, and DDP
    divides the sum of these by the number of ranks: so the gradient of ``value`` is multiplied by that number.
    Every rank must call this equally often.

    >>> import torch
    >>> sum_over_ranks(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    ranks = world_size()
    if ranks == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total + ranks * (value - value.detach())


def gathered(items: Sequence[Item]) -> list[Item]:
    """The items of all ranks, by rank; every rank gets them all."""
    ranks = world_size()
    if ranks == 1:
        return list(items)
    everyones: list[list[Item]] = [[] for _ in range(ranks)]
    dist.all_gather_object(everyones, list(items))
    return [item for one in everyones for item in one]


def shared_out(items: Sequence[Item]) -> list[Item]:
    """This rank's part; as many for every rank, the first items twice where they do not divide evenly.

    >>> shared_out(["a", "b", "c"])
    ['a', 'b', 'c']
    """
    return dealt(items, rank(), world_size())


def dealt(items: Sequence[Item], number: int, ranks: int) -> list[Item]:
    """The part of rank ``number`` of ``ranks``.

    >>> dealt("abc", 0, 2), dealt("abc", 1, 2)
    (['a', 'c'], ['b', 'a'])
    """
    rounds = -(-len(items) // ranks)
    return [items[(turn * ranks + number) % len(items)] for turn in range(rounds)]


class RankSampler(Sampler[int]):
    """Deals the numbers of each joint batch to the ranks, so that they are together the batch of one process.

    Args:
        numbers: of the epoch's patches.
        batch_size: patches a step, over all ranks.
        number: of this rank.
        ranks: how many there are.

    Raises:
        InputError: where the batch cannot be divided evenly, or is larger than an epoch.

    >>> [list(RankSampler(EpochSampler(5), 4, number, 2)) for number in (0, 1)]
    [[0, 1], [2, 3]]
    """

    def __init__(self, numbers: EpochSampler, batch_size: int, number: int, ranks: int) -> None:
        if batch_size % ranks:
            remedy = f"give a multiple of {ranks}; it counts the patches of all processes together"
            raise InputError("data.sampling.batch_size", f"{batch_size} cannot be dealt to {ranks} processes", remedy)
        if batch_size > len(numbers):
            remedy = f"give at most {len(numbers)}, or a larger data.sampling.patches_per_epoch"
            raise InputError("data.sampling.batch_size", f"{batch_size} patches are more than an epoch has", remedy)
        self.numbers = numbers
        self.batch_size = batch_size
        self.start = number * (batch_size // ranks)
        self.share = batch_size // ranks

    def set_epoch(self, epoch: int) -> None:
        """Count on from this epoch; Lightning calls it."""
        self.numbers.set_epoch(epoch)

    def __iter__(self) -> Iterator[int]:
        numbers = list(self.numbers)
        for first in range(0, len(numbers) - self.batch_size + 1, self.batch_size):
            yield from numbers[first + self.start : first + self.start + self.share]

    def __len__(self) -> int:
        return len(self.numbers) // self.batch_size * self.share
