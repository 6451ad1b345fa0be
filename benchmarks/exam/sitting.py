"""Every study of an exam is answered once: what is there is skipped, one that fails does not lose the rest."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crmo_seg.files import is_disk_full, user_error
from crmo_seg.jobs.exam import Answer, Question
from exam.kept import Kept

Shard = tuple[int, int]
"""(i, n): every n-th task, from the i-th; i from 0."""

WHOLE: Shard = (0, 1)


@dataclass(frozen=True)
class Task:
    """A study to be answered.

    Attributes:
        case_id: unique in the exam.
        ask: makes or reads the study.
    """

    case_id: str
    ask: Callable[[], Question]


def sit(tasks: Sequence[Task], answer: Callable[[Question], Answer], kept: Kept, shard: Shard = WHOLE) -> list[str]:
    """Answer what is not answered yet, and say on standard error how far it is.

    Returns:
        The studies that failed; they are tried again the next time.

    Raises:
        InputError: where the disk is full, so that nothing else could be kept either.
    """
    index, count = shard
    mine = tasks[index::count]
    failed = []
    for number, task in enumerate(mine, 1):
        if kept.has(task.case_id):
            continue
        try:
            kept.keep(task.case_id, answer(task.ask()))
            _say(f"{number}/{len(mine)} {task.case_id}")
        except Exception as error:
            if is_disk_full(error):
                raise
            failed.append(task.case_id)
            _say(f"{number}/{len(mine)} {task.case_id} FAILED: {user_error(error) or traceback.format_exc()}")
    return failed


def report(tasks: Sequence[Task], kept: Kept, failed: Sequence[str]) -> str:
    """How many of the studies are answered, and which failed just now.

    >>> from pathlib import Path
    >>> report([], Kept(Path("nowhere")), [])
    '0 of 0 studies'
    """
    there = sum(kept.has(task.case_id) for task in tasks)
    return f"{there} of {len(tasks)} studies" + (f"; failed: {', '.join(failed)}" if failed else "")


def shard_of(text: str) -> Shard:
    """``i/n`` of the command line.

    Raises:
        ArgumentTypeError: where it is none.

    >>> shard_of("1/2")
    (1, 2)
    """
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is no i/n with i from 0 to n - 1, for example 0/2")
    return int(index), int(count)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
