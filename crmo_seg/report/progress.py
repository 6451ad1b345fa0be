"""Progress bars on a terminal; silent where there is none, or where the user wants quiet."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class ProgressBars:
    """A bar for each piece of long work, on standard error.

    >>> with ProgressBars(quiet=True) as bars:
    ...     bars.bar("case-1")(1, 4)
    """

    def __init__(self, *, quiet: bool = False) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, disable=quiet or not console.is_terminal)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def bar(self, title: str) -> Callable[[int, int], None]:
        """A callback of (done, in all) that moves a new bar."""
        task: TaskID = self._progress.add_task(title, total=None)

        def move(done: int, total: int) -> None:
            self._progress.update(task, completed=done, total=total)

        return move
