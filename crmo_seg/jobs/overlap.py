"""Reading and writing beside the computing: threads of one process, with a bounded number of items in memory.

Chain ``written_behind(write, map(compute, read_ahead(read, items)))``: while one item is computed in the calling
thread, the next one is read and the one before is written, so there are never more than three. The calling thread
never writes: a signal that it gets cannot cut a file in half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from threading import Thread
from typing import Final, TypeVar

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

_POLL_S: Final = 0.2  # on Windows a wait without end does not see Ctrl-C


def read_ahead(read: Callable[[_Given], _Made], items: Iterable[_Given]) -> Iterator[_Made]:
    """What ``read`` makes of each item, in order; the next one is read while the caller works on this one.

    A reader that is not waited for any more does not keep the program from ending.

    >>> list(read_ahead(abs, [-3, 2, -1]))
    [3, 2, 1]
    """
    remaining = iter(items)
    following = _next_started(read, remaining)
    while following is not None:
        made = _result(following)
        following = _next_started(read, remaining)
        yield made


def written_behind(write: Callable[[_Given], _Made], items: Iterable[_Given]) -> Iterator[_Made]:
    """What ``write`` returns for each item, in order; each is written while the next one is being made.

    Whatever happens, a writing that has begun is waited for.

    >>> list(written_behind(abs, [-3, 2, -1]))
    [3, 2, 1]
    """
    pending: Future[_Made] | None = None
    try:
        for item in items:
            if pending is not None:
                yield _result(pending)
            pending = _started(write, item, daemon=False)
        if pending is not None:
            yield _result(pending)
    finally:
        if pending is not None:
            _wait_for(pending)


def _next_started(function: Callable[[_Given], _Made], items: Iterator[_Given]) -> Future[_Made] | None:
    for item in items:
        return _started(function, item, daemon=True)
    return None


def _started(function: Callable[[_Given], _Made], item: _Given, *, daemon: bool) -> Future[_Made]:
    """A thread of its own; what it makes, or raises, is the future's."""
    future: Future[_Made] = Future()

    def run(item: _Given) -> None:
        try:
            future.set_result(function(item))
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, args=(item,), daemon=daemon).start()
    return future


def _result(future: Future[_Made]) -> _Made:
    _wait_for(future)
    return future.result()


def _wait_for(future: Future[_Made]) -> None:
    while not future.done():
        wait((future,), timeout=_POLL_S)
