"""Reading ahead and writing behind: order, overlap, how many items are alive, and what an error leaves."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from crmo_seg.jobs.overlap import read_ahead, written_behind

PATIENCE_S = 20.0


class Item:
    """Something that can be counted while it is alive."""

    alive: ClassVar[weakref.WeakSet[Item]] = weakref.WeakSet()

    def __init__(self, number: int) -> None:
        self.number = number
        self.alive.add(self)


def chain(
    count: int,
    read: Callable[[int], Item] = Item,
    compute: Callable[[Item], Item] = lambda item: item,
    write: Callable[[Item], int] = lambda item: item.number,
) -> Iterator[int]:
    return written_behind(write, map(compute, read_ahead(read, range(count))))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
def test_the_order_stays(count: int) -> None:
    assert list(chain(count)) == list(range(count))


def test_there_are_never_more_than_three_items() -> None:
    most: list[int] = []

    def count_alive(item: Item) -> Item:
        gc.collect()
        most.append(len(Item.alive))
        return item

    def read(number: int) -> Item:
        return count_alive(Item(number))

    def write(item: Item) -> int:
        return count_alive(item).number

    gc.freeze()  # what was there before need not be looked through each time
    assert list(chain(20, read, count_alive, write)) == list(range(20))
    gc.unfreeze()
    assert max(most) <= 3
    gc.collect()
    assert len(Item.alive) == 0


def test_the_three_steps_run_at_the_same_time() -> None:
    """While item 1 is computed, item 2 is read and item 0 is written: each waits for the other two to have begun."""
    together = threading.Barrier(3, timeout=PATIENCE_S)

    def read(number: int) -> Item:
        if number == 2:
            together.wait()
        return Item(number)

    def compute(item: Item) -> Item:
        if item.number == 1:
            together.wait()
        return item

    def write(item: Item) -> int:
        if item.number == 0:
            together.wait()
        return item.number

    assert list(chain(3, read, compute, write)) == [0, 1, 2]


def test_nothing_but_the_next_item_is_read() -> None:
    seen: list[int] = []
    items = read_ahead(lambda number: seen.append(number) or number, range(10))
    assert seen == []
    assert next(items) == 0
    assert next(items) == 1
    assert set(seen) <= {0, 1, 2}


def fail(_: Item) -> Item:
    raise ZeroDivisionError


@pytest.mark.parametrize("step", ["read", "compute", "write"])
def test_an_error_of_any_step_is_raised(step: str) -> None:
    with pytest.raises(ZeroDivisionError):
        list(chain(3, **{step: fail}))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_writing_that_has_begun_is_waited_for(error: type[BaseException]) -> None:
    begun, written = threading.Event(), threading.Event()

    def compute(item: Item) -> Item:
        if item.number == 1:
            assert begun.wait(PATIENCE_S)
            raise error
        return item

    def write(item: Item) -> int:
        begun.set()
        threading.Event().wait(0.3)
        written.set()
        return item.number

    with pytest.raises(error):
        list(chain(3, compute=compute, write=write))
    assert written.is_set()


def test_a_reader_in_work_is_not_waited_for() -> None:
    release = threading.Event()

    def read(number: int) -> Item:
        if number == 1:
            assert release.wait(PATIENCE_S)
        return Item(number)

    def compute(_: Item) -> Item:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(chain(3, read, compute))
    assert not release.is_set()
    release.set()
